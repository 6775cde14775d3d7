"""Prior knowledge read from the store as the arrays that predictors take; refused where it has seen what is tested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import sparse

from perturbome.models.data.condition import Condition
from perturbome.models.data.contract import PerturbationData
from perturbome.models.predictors.features import Features, GeneGraph, GeneMatrix
from perturbome.models.predictors.loadings import control_loadings
from perturbome.platform.errors import ModelError, UnknownName

if TYPE_CHECKING:
    from perturbome.platform.store import Store

LEAST_SCORE = 0.4
"""STRING's own bound of medium confidence."""
LOADINGS = 50


def features_from_store(
    store: Store, data: PerturbationData, *, regulation_runs: tuple[str, ...] = (), least_score: float = LEAST_SCORE,
    loadings: int = LOADINGS,
) -> Features:  # fmt: skip
    """All that the store knows of the genes of the data set's organism, by symbol.

    Undirected priors become networks (scores of `least_score` or more), directed ones regulation (sign * score, +
    where the sign is unknown), collections gene sets; regulation runs, their weights summed over cell types and times;
    and, where the data hold single cells, the loadings of genes over the prediction's control cells (0: none).
    Raises UnknownName for a data set or regulation run that the store does not hold; ModelError for regulation
    inferred from cells of conditions that the data's split holds out.
    """
    symbols = _symbols(store, data.dataset)
    networks, regulation = _priors(store, symbols, least_score)
    for run in regulation_runs:
        regulation[f"inferred {run}"] = _inferred(store, data, run, symbols)
    said = tuple(s for run in regulation_runs for s in _leaks(store, data, run))
    embeddings = {}
    if loadings and data.cells.matrix is not None:
        embeddings["control loadings"] = control_loadings(data, loadings)
    return Features(embeddings, _gene_sets(store, symbols), networks, regulation, said)


def _symbols(store: Store, dataset: str) -> pl.DataFrame:
    """Columns gene and symbol of the organism of a data set."""
    datasets = store.datasets()
    row = datasets.filter(pl.col("dataset") == dataset)
    if row.is_empty():
        raise UnknownName("data set", dataset, "the store", datasets["dataset"].to_list())
    return store.genes(row["organism"][0]).select("gene", "symbol").unique("gene")


def _priors(
    store: Store, symbols: pl.DataFrame, least_score: float
) -> tuple[dict[str, GeneGraph], dict[str, GeneGraph]]:
    """Networks and regulation by the name of the prior; of edges given twice the surest counts. Those of another
    organism, without an edge between genes of this one, are none."""
    edges = store.lake.scan("priors").select("prior", "source", "target", "directed", "sign", "score").collect()
    sign = pl.when(pl.col("directed") & (pl.col("sign") < 0)).then(-1.0).otherwise(1.0)
    edges = edges.with_columns(weight=pl.col("score").cast(pl.Float64) * sign)
    networks, regulation = {}, {}
    for (prior, directed), rows in sorted(edges.partition_by("prior", "directed", as_dict=True).items()):
        if directed:
            regulation[f"{prior}"] = _graph(rows, symbols)
        elif not (sure := rows.filter(pl.col("score") >= least_score)).is_empty():
            networks[f"{prior}"] = _graph(sure, symbols)
    known = [{name: graph for name, graph in part.items() if graph.genes} for part in (networks, regulation)]
    return known[0], known[1]


def _gene_sets(store: Store, symbols: pl.DataFrame) -> dict[str, GeneMatrix]:
    rows = store.lake.scan("gene_sets").select("collection", "gene_set", "gene").unique().collect()
    named = rows.join(symbols, on="gene").sort("collection", "symbol", "gene_set")
    found = {}
    for (collection,), members in sorted(named.partition_by("collection", as_dict=True).items()):
        genes, at = np.unique(members["symbol"].to_numpy(), return_inverse=True)
        sets, of = np.unique(members["gene_set"].to_numpy(), return_inverse=True)
        values = sparse.csr_matrix((np.ones(len(at)), (at, of)), shape=(len(genes), len(sets)))
        values.data[:] = 1.0
        found[str(collection)] = GeneMatrix(tuple(map(str, genes)), values)
    return found


def _inferred(store: Store, data: PerturbationData, run: str, symbols: pl.DataFrame) -> GeneGraph:
    rows = store.lake.scan("regulation", [run]).select("source", "target", "weight").collect()
    if rows.is_empty():
        known = store.lake.scan("regulation").select(pl.col("run").unique().sort()).collect()["run"].to_list()
        raise UnknownName("regulation run", run, "the store", known, "See: perturbome runs list")
    saw = seen_by(store.lake.run(run).configuration, data)
    if saw:
        raise ModelError(
            f"The regulation of run {run} was inferred from cells of {len(saw)} conditions that the split holds out, "
            f"as {saw[0]}. Infer it without them (perturbome infer regulation --leave-out GENE, or --cells control)."
        )
    summed = rows.group_by("source", "target").agg(pl.col("weight").cast(pl.Float64).sum())
    return _graph(summed, symbols)


def _leaks(store: Store, data: PerturbationData, run: str) -> list[str]:
    """Sentences on what a regulation run of the same data set saw that a strict judge would have kept from it."""
    configuration = store.lake.run(run).configuration
    if configuration.get("dataset", data.dataset) != data.dataset:
        return []
    said = [
        f"The regulation of run {run} was inferred from all control cells of '{data.dataset}', those that the truth "
        "is measured against among them: what it predicts shares a little of the truth's noise."
    ]
    if configuration.get("cells") != "control":
        said.append(
            f"The regulation of run {run} saw cells of the training conditions: errors on training conditions that "
            "are left out in turn are smaller than those on the test side, and a gate learned from them opens too far."
        )
    return said


def seen_by(configuration: Mapping[str, object], data: PerturbationData) -> list[str]:
    """Names of conditions of the split's test and left-out sides whose cells a regulation run may have used."""
    if configuration.get("cells") == "control" or configuration.get("dataset", data.dataset) != data.dataset:
        return []
    if data.split is None:
        raise ModelError("Without a split it cannot be told what regulation may not have seen. Give the data a split.")
    unseen = configuration.get("leave_out")
    left_out = set(unseen) if isinstance(unseen, (list, tuple, set, frozenset)) else set()
    held = (*data.split.test, *data.split.left_out)
    return [name for name in held if Condition.parse(name).perturbation.id not in left_out]


def _graph(rows: pl.DataFrame, symbols: pl.DataFrame) -> GeneGraph:
    """Edges source, target, weight between gene ids as a graph of symbols; loops and unknown genes are left out."""
    edges = (
        rows.join(symbols.rename({"gene": "source", "symbol": "a"}), on="source")
        .join(symbols.rename({"gene": "target", "symbol": "b"}), on="target")
        .filter(pl.col("a") != pl.col("b"))
        .group_by("a", "b")
        .agg(pl.col("weight").sort_by(pl.col("weight").abs(), pl.col("weight")).last())
        .sort("a", "b")
    )
    ends = np.concatenate([edges["a"].to_numpy(), edges["b"].to_numpy()]).astype(str)
    genes, at = np.unique(ends, return_inverse=True)
    n = edges.height
    weights = sparse.csr_matrix((edges["weight"].to_numpy(), (at[:n], at[n:])), shape=(len(genes), len(genes)))
    return GeneGraph(tuple(map(str, genes)), weights)
