"""Simulated gold standards: the DREAM4 networks of 100 genes, and BEELINE's Boolean models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks._gold import Gold, make_cells, scored_pairs, signed_matrix
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.regulation.methods.successors import lineage_successors

Floats = NDArray[np.float64]
REPLICATES = 3


def dream4(folder: Path) -> Iterator[Gold]:
    """DREAM4 (Marbach et al. 2010), networks of 100 genes: up to four tracks each; signs unknown, all pairs scored.

    * multifactorial: 100 steady states, each with every gene a little perturbed (see `same_network`);
    * knock-outs: wild type, every knock-out and knock-down, and the time series' first samples, which are wild type;
    * time series: 10 series of 21 samples, a sample succeeded by the next of its series;
    * all data: everything together.
    """
    for number in (1, 2):
        path = folder / f"network_{number}"
        stem = f"insilico_size100_{number}"
        genes, wild = _table(path / f"{stem}_wildtype.tsv")
        _, knocked_out = _table(path / f"{stem}_knockouts.tsv")
        _, knocked_down = _table(path / f"{stem}_knockdowns.tsv")
        _, multifactorial = _table(path / f"{stem}_multifactorial.tsv")
        header, rows = _table(path / f"{stem}_timeseries.tsv")
        assert header[1:] == genes
        time, series = rows[:, 0], rows[:, 1:]
        follows = next_in_series(time)
        first = time == 0
        parts = {
            "multifactorial": [(multifactorial, "other")],
            "knock-outs": [(wild, "control"), (knocked_out, "each"), (knocked_down, "each"),
                           (series[first], "control")],
            "time series": [(series, "series")],
            "all data": [(multifactorial, "other"), (wild, "control"), (knocked_out, "each"),
                         (knocked_down, "each"), (series, "series")],
        }  # fmt: skip
        if not same_network(multifactorial, wild):
            print(f"The multifactorial profiles of {path.name} are of another network: left out.")
            del parts["multifactorial"], parts["all data"][0]
        edges = [
            (row[0], row[1], 1)
            for row in pl.read_csv(
                path / f"DREAM4_GoldStandard_InSilico_Size100_{number}.tsv", separator="\t", has_header=False
            ).iter_rows()
            if row[2]
        ]
        for track, blocks in parts.items():
            sizes = [len(block) for block, _ in blocks]
            n = sum(sizes)
            clock, control = np.full(n, np.nan), np.zeros(n, bool)
            perturbed = np.zeros((n, len(genes)), bool)
            successor = None
            start = 0
            for (_, kind), size in zip(blocks, sizes, strict=True):
                rows_here = slice(start, start + size)
                if kind == "control":
                    control[rows_here] = True
                elif kind == "each":
                    perturbed[rows_here] = np.eye(size, dtype=bool)
                elif kind == "series":
                    clock[rows_here], control[rows_here] = time, first
                    successor = sparse.block_diag([sparse.csr_matrix((start, start)), follows], format="csr")
                start += size
            known = perturbed.any()
            cells = make_cells(
                np.vstack([block for block, _ in blocks]), genes, time=clock, control=control, successor=successor,
                aimed=genes if known else None, perturbed=perturbed if known else None,
            )  # fmt: skip
            truth = signed_matrix(cells, edges)
            yield Gold(f"DREAM4-100 {number}", track, cells, truth, scored_pairs(cells, set(genes), set(genes)), False)


def beeline(folder: Path) -> Iterator[Gold]:
    """BEELINE's curated Boolean models (Pratapa et al. 2020): GSD and VSC, 2,000 cells, three replicates, signed.

    All ordered pairs of the model's genes are scored, self-loops out. Cells have a pseudotime per lineage; a cell's
    `time` is its mean over its lineages, and its successors are those of each of its lineages in equal parts.
    """
    for model in ("GSD", "VSC"):
        for replicate in range(REPLICATES):
            path = folder / f"{model}_2000_{replicate}"
            expression = pl.read_csv(path / "ExpressionData.csv")
            genes = expression.to_series(0).to_list()
            X = expression.drop(expression.columns[0]).to_numpy().T
            # The header has no name for the column of cells.
            ordered = [line.split(",") for line in (path / "PseudoTime.csv").read_text().splitlines()[1:]]
            assert [line[0] for line in ordered] == expression.columns[1:]
            lineages = np.array([[float("nan" if t == "NA" else t) for t in line[1:]] for line in ordered])
            cells = make_cells(X, genes, time=np.nanmean(lineages, axis=1), successor=lineage_successors(X, lineages))
            listed = pl.read_csv(path / "refNetwork.csv")
            edges = [(s, t, 1 if sign == "+" else -1) for s, t, sign in listed.iter_rows()]
            nodes = {gene for s, t, _ in edges for gene in (s, t)}
            yield Gold(
                model, f"replicate {replicate + 1}", cells, signed_matrix(cells, edges),
                scored_pairs(cells, nodes, nodes), True,
            )  # fmt: skip


def same_network(profiles: Floats, wild: Floats) -> bool:
    """Whether slightly perturbed profiles [n, G] can come from the network whose wild type [1, G] is given.

    Their mean is then close to it. The challenge's multifactorial part has five networks of its own, and its files
    are often kept beside those of the other part under like names (measured: r 0.09 and 0.16; the mean of the
    knock-outs 0.98 and 0.97).
    """
    return bool(np.corrcoef(profiles.mean(0), wild[0])[0, 1] > 0.5)


def next_in_series(time: Floats) -> sparse.csr_matrix:
    """Each sample to the one after it, if later: [n, n]; a series begins wherever time falls back."""
    n = time.size
    here = np.flatnonzero(np.diff(time) > 0)
    return sparse.csr_matrix((np.ones(here.size), (here, here + 1)), (n, n))


def _table(path: Path) -> tuple[list[str], Floats]:
    """Names of the columns and the numbers of a tab-separated file, blank lines passed over."""
    header, *lines = [line for line in path.read_text().splitlines() if line.strip()]
    return [name.strip('"') for name in header.split("\t")], np.array([line.split("\t") for line in lines], float)
