"""Write docs/papalexi.md: the main job on a real CRISPR screen, with the output it really gave.

Run with `python -m docs.papalexi FOLDER`, FOLDER being the one with the real data sets.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from perturbome.ingest import add_experiment, add_prior, infer_regulation
from perturbome.models import knockout, measure_effects, rank_targets
from perturbome.platform import Store

DATASET = "papalexi"
SMALLEST_P = 1.18e-38  # the least float32: what is smaller is stored as this
ASKED = ("STAT1", "IFNGR1", "JAK2")
EXPERIMENT = "perturb_papalexi_thp1/papalexi_thp1_eccite_299g.h5ad"
PRIORS = {
    "human-tfs": "prior_networks/human-tfs.csv",
    "TRRUST": "prior_trrust/trrust_rawdata.human.tsv",
    "STRING": "prior_networks/human_STRING-network.csv",
}


@dataclass(frozen=True)
class Section:
    """A heading, a line of explanation and the table it gave."""

    title: str
    text: str
    table: pl.DataFrame


def sections(store: Store, data: Path) -> Iterator[Section]:
    """Do the main job on the screen and yield every answer."""
    added = add_experiment(store, data / EXPERIMENT, dataset=DATASET)
    yield Section(
        "The experiment", " ".join(added.said), store.datasets().select("dataset", "n_cells", "n_genes", "raw_state")
    )
    priors = [add_prior(store, data / path, name=name, organism="human") for name, path in PRIORS.items()]
    yield Section(
        "Prior knowledge",
        "A list of transcription factors, TRRUST with signs, and STRING.",
        pl.DataFrame({"prior": [p.name for p in priors], "genes": [p.n_genes for p in priors],
                      "edges": [p.n_edges for p in priors], "unmapped": [p.n_unmapped for p in priors]}),
    )  # fmt: skip
    network = infer_regulation(store, DATASET)
    measure_effects(store, DATASET)
    for query, title in (("regulators_of", "Who regulates STAT1"), ("targets_of", "Whom STAT1 regulates")):
        answer = store.ask(query, gene="STAT1", run=network.run, limit=10)
        shown = pl.DataFrame(answer.select(["symbol", "weight", "sign", "p", "stability"]).to_pylist())
        yield Section(title, f"`perturbome query {query} -p gene=STAT1`", shown)
    yield _knockouts(store)
    yield _causes(store, network.run)


def _knockouts(store: Store) -> Section:
    """Each knock-out predicted from a network that never saw its cells, against what the experiment measured."""
    rows = []
    for gene in ASKED:
        blind = infer_regulation(store, DATASET, leave_out=[gene])
        result = knockout(store, [gene], dataset=DATASET, run=blind.run)
        found = result.scores["pearson_delta"]
        rows.append(
            {
                "knock-out": gene,
                "propagation": found["propagation"],
                "gated propagation": found["gated propagation"],
                "baseline": found["baseline"],
                "replicate": found["replicate"],
                "coverage of the 90 % interval, all genes": result.scores.get("coverage"),
                "its 20 largest changes": result.scores.get("coverage_top"),
                "genes measured to change": result.scores.get("coverage_changed"),
            }
        )
    text = (
        "Pearson correlation over genes of predicted and measured change (Pearson-delta), truth and prediction against "
        "disjoint halves of the control cells. Every network was inferred without the cells of the knock-out it "
        "predicts; the baseline is the mean of the other measured knock-outs; the replicate is what a second "
        "experiment of the same size would reach, from the two halves of the perturbed cells (Spearman-Brown). "
        "The perturbed gene itself is left out of the correlation."
    )
    return Section("Knock-outs, predicted and measured", text, pl.DataFrame(rows))


def _causes(store: Store, run: str) -> Section:
    """The rank of the true target for every target that the panel measures."""
    measured = set(store.expression_genes(DATASET)["gene"])
    singles = store.lake.scan("perturbations").filter(pl.col("dataset") == DATASET).collect()
    symbols = dict(store.genes().select("gene", "symbol").iter_rows())
    rows = []
    for gene, cells in singles.select(pl.col("targets").list.first(), "n_cells").sort("targets").iter_rows():
        if gene not in measured:
            continue
        name, row = symbols[gene], {"target": symbols[gene], "cells": cells}
        for model in ("inversion", "difference", "regulon"):
            ranking = rank_targets(store, "control", name, dataset=DATASET, model=model, run=run)
            found = ranking.table.filter(pl.col("gene") == gene)
            row[model] = found["rank"][0] if found.height else None
            row["genes ranked"] = ranking.table.height
        rows.append(row)
    better = sum(row["inversion"] < row["difference"] for row in rows)
    worse = sum(row["inversion"] > row["difference"] for row in rows)
    text = (
        f"Inversion places the true target higher than the gene's own change (difference) in {better} of {len(rows)} "
        f"knock-outs and lower in {worse}: where the mRNA of a cut gene falls, the simplest statistic is the one to "
        "beat. For each knock-out, the change from control to its cells is handed over without saying what was knocked "
        "out; the number is the rank of the true target among all genes of the panel."
    )
    return Section("What caused this change?", text, pl.DataFrame(rows))


def page(found: list[Section]) -> str:
    """The Markdown page."""
    lines = [
        "# On real data: a CRISPR screen in THP-1 cells",
        "",
        "Papalexi et al. 2021 (GEO GSE153056): 20,729 cells, a panel of 299 genes, 25 knock-outs. What follows is the",
        "output of `python -m docs.papalexi FOLDER`, unedited; the same run is a test.",
    ]
    for section in found:
        lines += ["", f"## {section.title}", "", section.text, "", _markdown(section.table)]
    return "\n".join(lines) + "\n"


def _markdown(table: pl.DataFrame) -> str:
    rows = [table.columns, ["---"] * table.width, *([_text(v) for v in row] for row in table.iter_rows())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return "< 1.2e-38" if 0 < value < SMALLEST_P else f"{value:.3g}"
    return str(value)


def main(data: Path) -> None:
    """Run it in a temporary store and write the page beside this file."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "store") as store:
        text = page(list(sections(store, data)))
    Path(__file__).with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
