"""The regulatory network of a context, and a gene's partners in the priors, read from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from perturbome.models.conditions import ALL
from perturbome.models.network import Array, Network, from_edges, standard_error
from perturbome.models.spread import Strata
from perturbome.platform.errors import NothingFound, UnknownName

if TYPE_CHECKING:
    from perturbome.platform.store import Store


@dataclass(frozen=True)
class StoredNetwork:
    """A network with the run it comes from and, where it matters, a sentence about how it was chosen."""

    network: Network
    run: str
    cells: str | None = None  # "control" where the run learned from control cells alone
    by_cell_type: bool = False  # whether the run took cell types apart
    by_time: bool = False
    said: tuple[str, ...] = ()
    unseen: frozenset[str] = frozenset()  # perturbations whose cells the run left out

    def unit(self, strata: Strata) -> Array:
        """SD of every gene in the cells that the run learned from, within the groups it took apart [n_genes]."""
        return strata.sd(by_cell_type=self.by_cell_type, by_time=self.by_time, control_only=self.cells == "control")

    def not_blind(self, perturbation: str) -> str | None:
        """What must be said beside a comparison with this measured perturbation, unless its cells were not seen."""
        if self.cells == "control" or perturbation in self.unseen:
            return None
        return (
            f"The network (run {self.run}) was inferred from these cells as well, so this comparison is not blind; for "
            "a blind one: perturbome infer regulation --leave-out GENE, or --cells control"
        )


def newest_regulation(store: Store, dataset: str) -> str:
    """The newest run with regulation of a data set; NothingFound says how to infer it."""
    runs = store.lake.scan("regulation").filter(pl.col("dataset") == dataset).select(pl.col("run").max()).collect()
    if runs.item() is None:
        raise NothingFound(
            f"No regulation has been inferred for data set '{dataset}'. Run: perturbome infer regulation {dataset}"
        )
    return str(runs.item())


def read_network(
    store: Store, dataset: str, genes: Sequence[str], context: str | None = None, run: str | None = None
) -> StoredNetwork:
    """Network of a context: the mean over the cell types and times that the run inferred separately.

    weight = mean, error = sqrt(sum of squared errors) / groups, stability = mean; an edge that a group lacks counts
    as 0 there. A context that the run does not separate gets the network of all cells, and says so.
    """
    run = run or newest_regulation(store, dataset)
    rows = store.lake.scan("regulation", [run]).filter(pl.col("dataset") == dataset).collect()
    if rows.is_empty():
        of_dataset = store.lake.scan("regulation").filter(pl.col("dataset") == dataset)
        known = of_dataset.select(pl.col("run").unique().sort()).collect()["run"].to_list()
        raise UnknownName("regulation run", run, f"data set '{dataset}'", known, "See: perturbome runs list")
    kinds = set(rows["cell_type"].fill_null(ALL).unique())
    said: tuple[str, ...] = ()
    wanted = context or ALL
    if wanted in kinds:
        rows = rows.filter(pl.col("cell_type").fill_null(ALL) == wanted)
    elif wanted != ALL:
        said = (
            f"Run {run} inferred no regulation for '{wanted}' alone; the mean over {len(kinds)} cell types stands in.",
        )
    groups = rows.select("cell_type", "time").unique().height
    edges = (
        rows.with_columns(
            error=pl.Series(standard_error(*(rows[c].cast(pl.Float64).to_numpy() for c in ("weight", "p")))),
        )
        .group_by("source", "target")
        .agg(
            (pl.col("weight").cast(pl.Float64).sum() / groups),
            ((pl.col("error") ** 2).sum().sqrt() / groups),
            (pl.col("stability").cast(pl.Float64).fill_null(1.0).sum() / groups).clip(0, 1),
        )
        .sort("source", "target")
    )
    network = from_edges(
        genes, edges["source"].to_list(), edges["target"].to_list(),
        *(edges[c].to_numpy() for c in ("weight", "error", "stability")),
    )  # fmt: skip
    configuration = store.lake.run(run).configuration
    by_time = rows["time"].is_not_null().any()
    unseen = frozenset(configuration.get("leave_out") or ())
    return StoredNetwork(network, run, configuration.get("cells"), kinds != {ALL}, by_time, said, unseen)


def prior_partners(store: Store, genes: Sequence[str]) -> dict[str, pl.DataFrame]:
    """For each gene id, what the priors put downstream of it, or beside it where they name no direction.

    Columns gene, score (highest over the priors) and sign (that of the sum of signs; +1 where none is known).
    """
    priors, wanted = store.lake.scan("priors"), list(genes)
    ahead = priors.filter(pl.col("source").is_in(wanted))
    beside = priors.filter(pl.col("target").is_in(wanted) & ~pl.col("directed"))
    partners = (
        pl.concat(
            [
                ahead.select(pl.col("source").alias("of"), pl.col("target").alias("gene"), "score", "sign"),
                beside.select(pl.col("target").alias("of"), pl.col("source").alias("gene"), "score", "sign"),
            ]
        )
        .filter(pl.col("gene") != pl.col("of"))
        .group_by("of", "gene")
        .agg(pl.col("score").max(), pl.col("sign").cast(pl.Int32).sum().sign().replace(0, 1))
        .sort("of", "gene")
        .collect()
    )
    return {gene: partners.filter(pl.col("of") == gene).drop("of") for gene in wanted}


def partner_push(partners: pl.DataFrame, genes: Sequence[str], network: Network, spread: Array) -> Array:
    """Change [n_genes] that the loss of a gene imposes on its prior partners that regulate, in log1p units.

    A gene without edges of its own (not measured, or no regulator) can act only through others. Each partner loses,
    or gains, sign * score SDs, the whole push scaled to a Euclidean length of one SD whatever the number of partners.
    """
    push = np.zeros(len(genes))
    index = {gene: i for i, gene in enumerate(genes)}
    regulators = set(network.regulators.tolist())
    for gene, score, sign in partners.iter_rows():
        at = index.get(gene, -1)
        if at in regulators:
            push[at] = -sign * score
    length = np.sqrt(np.sum(push**2))
    return push / length * spread if length > 0 else push
