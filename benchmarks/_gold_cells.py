"""Measured gold standards: time courses of differentiation (SCODE), mouse dendritic cells, and Sachs's proteins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks._gold import Gold, make_cells, scored_pairs, signed_matrix

# The protein each reagent acts on; cells with the general stimuli alone (CD3/CD28, ICAM-2) are controls.
REAGENTS = {"aktinhib": "akt", "g0076": "pkc", "psitect": "pip2", "u0126": "mek", "ly": "akt", "pma": "pkc",
            "b2camp": "pka"}  # fmt: skip


def scode(folder: Path) -> Iterator[Gold]:
    """The three time courses of Matsumoto et al. (2017), 100 factors each, at the real hours (days in data2).

    Reference: edges among the factors from the authors' files, signs unknown; pairs scored are from factors that
    regulate in the reference to genes in it. Of data1, whose authors held 100 of 456 cells back to choose the number
    of their model's dimensions, the 356 training cells are read, as their networks were.
    """
    courses = (
        ("mES to PrE", "data1_mES_PrE_Hayashi", "exp_train.txt", "time_train.txt", 0),
        ("MEF to neuron", "data2", "data.txt", "time.txt", 2),
        ("hESC to DE", "data3", "data.txt", "time.txt", 0),
    )
    for name, place, expression, times, column in courses:
        path = folder / place
        X = np.loadtxt(path / expression).T
        time = np.array([float(line.split()[column]) for line in (path / times).read_text().splitlines()])
        genes = [gene.upper() for gene in (path / "tf.txt").read_text().split()]
        edges = [
            (line.split()[0], line.split()[1], 1)
            for line in (path / "reference_TFTF_network.txt").read_text().splitlines()
        ]
        cells = make_cells(X, genes, time=time)
        sources, nodes = {s for s, _, _ in edges}, {gene for s, t, _ in edges for gene in (s, t)}
        universe = scored_pairs(cells, sources, nodes)
        yield Gold("SCODE", name, cells, signed_matrix(cells, edges), universe, False)


def dendritic(folder: Path) -> Iterator[Gold]:
    """Dendritic cells of the mouse 1, 2, 4 and 6 hours after LPS (Shalek et al. 2014), as BEELINE prepared them.

    383 cells, 821 genes; the regulators are the transcription factors of the three lists together. One truth each
    from STRING, ChIP-seq of the cell type ("Specific") and of any ("Non-Specific"), signs unknown; pairs scored are
    from the factors that regulate in that truth to the genes in it, self-loops out.
    """
    expression = pl.read_csv(folder / "BL--ExpressionData.csv")
    genes = expression.to_series(0).to_list()
    names = expression.columns[1:]
    truths = ("STRING", "Specific", "Non-Specific")
    factors = set().union(*(pl.read_csv(folder / t / "TF.csv")["TF"].to_list() for t in truths))
    time = np.array([float(name.split("_")[1].removesuffix("h")) for name in names])
    X = expression.drop(expression.columns[0]).to_numpy().T
    cells = make_cells(X, genes, regulators=[gene for gene in genes if gene in factors], time=time)
    for truth in truths:
        by_index = dict(pl.read_csv(folder / truth / "Target.csv").select("index", "Gene").iter_rows())
        labels = pl.read_csv(folder / truth / "Label.csv").select("TF", "Target")
        edges = [(by_index[s], by_index[t], 1) for s, t in labels.iter_rows()]
        sources, nodes = {s for s, _, _ in edges}, {gene for s, t, _ in edges for gene in (s, t)}
        universe = scored_pairs(cells, sources, nodes)
        yield Gold("dendritic cells", truth, cells, signed_matrix(cells, edges), universe, False)


def sachs(folder: Path) -> Iterator[Gold]:
    """Eleven proteins of T cells (Sachs et al. 2005), log(x + 10), nine conditions; 20 edges of 110, unsigned.

    Most reagents change what a protein does and not how much of it is measured.
    """
    rows = pl.read_csv(folder / "sachs.2005.logxplus10.jittered.eperimental.continuous.txt", separator="\t")
    proteins = [name for name in rows.columns if name not in {"cd3_cd28", "icam2", *REAGENTS}]
    given = {name: rows[name].to_numpy() > 0.5 for name in REAGENTS}
    aimed = sorted(set(REAGENTS.values()))
    perturbed = np.stack([np.any([given[r] for r, p in REAGENTS.items() if p == a], axis=0) for a in aimed], 1)
    cells = make_cells(
        rows.select(proteins).to_numpy().astype(np.float64), proteins, aimed=aimed, perturbed=perturbed,
        control=~np.any(perturbed, axis=1),
    )  # fmt: skip
    lines = (folder / "sachs.2005.ground.truth.graph.txt").read_text().splitlines()
    ends = [line.split(". ")[1].split(" --> ") for line in lines if "-->" in line]
    edges = [(source.strip(), target.strip(), 1) for source, target in ends]
    universe = scored_pairs(cells, set(proteins), set(proteins))
    yield Gold("Sachs", "proteins", cells, signed_matrix(cells, edges), universe, False)
