"""Write docs/leaderboard.md: every baseline and the prior kernel on the real screens, each by held-out targets.

Run with `python -m docs.leaderboard FOLDER [--resume STORE]`, FOLDER being the one with the real data sets.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import polars as pl

from perturbome.ingest import add_experiment, add_prior
from perturbome.ingest.simulation.experiment import simulate
from perturbome.models.bench.bench import Benchmark, bench, stored
from perturbome.models.bench.document import Block, Grid, Heading, Items, Text, markdown
from perturbome.models.bench.report import legend, report_blocks
from perturbome.models.bench.table import JUDGED, SHOWN, against_each
from perturbome.platform import Store

KERNEL = "prior kernel"
KNOWN = "simulated, known"


READING = (
    "Not on these real screens: it is not surely better on average. Most held-out targets of such small screens are "
    "tied to nothing that was measured: prior knowledge enters only where it explains more than chance would, which "
    "some twenty training conditions rarely show, and then the kernel is the perturbed mean. Where targets share a "
    "pathway, as the interferon genes of Papalexi do, a sparse regression on gene sets finds it and the kernel does "
    "not. On the simulated screens below it does: behind its gate it is ahead of every baseline, by how genes go "
    "along in control cells (not so on every simulated screen) and further where half of the true network is known: "
    "such knowledge tells what an unseen gene does to its own targets. Across contexts, centred Pearson gives 'no "
    "change' much, as the mean that is taken out comes from another context; there it can pass even the replicate and"
    " says little. RMSE is that of the mean profile, in which the noise of the prediction's control cells counts "
    "against every model that starts from them: 'no change' most, the perturbed mean not at all. Gates are learned on"
    " changes, where that noise counts against the perturbed mean; so a closed gate may stand on 'no change' where "
    "RMSE favours the mean. Predictors that know only targets they have seen (B7, B8, and B4 where it was seen "
    "nowhere else) fall back and say so. Interferon in an unseen cell type is what the latent additive network (B7) "
    "predicts best by far."
)


@dataclass(frozen=True)
class Asked:
    """A data set of the leaderboard: where it lies, how it is split, what is special."""

    name: str
    title: str
    path: str  # below the folder of data sets; a folder is a DREAM4 network
    split: str
    organism: str = "human"
    seeds: int = 2
    options: dict[str, Any] = field(default_factory=dict)  # of the ingest
    min_cells: int = 10
    shuffle: bool = False
    compared: bool = True  # whether the kernel's comparison with the baselines counts it


SETS = (
    Asked("papalexi", "Papalexi 2021, 25 knock-outs in THP-1", "perturb_papalexi_thp1/papalexi_thp1_eccite_299g.h5ad",
          "leave-one-out"),
    Asked("norman", "Norman 2019 and McFaline-Figueroa 2023, activations and interference in three lines",
          "perturb_norman19_mcfaline23/norman19_singles_mcfaline23.h5ad", "leave-one-out"),
    Asked("dixit", "Dixit 2016, 8 knock-outs in mouse dendritic cells", "perturb_dixit_bmdc/dixit_bmdc_24tf.h5ad",
          "leave-one-out", "mouse"),
    Asked("dream4_1", "DREAM4 network 1, 100 knock-outs (simulated)", "grn_dream4/network_1", "5-fold", "simulated",
          min_cells=1),
    Asked("dream4_2", "DREAM4 network 2, 100 knock-outs (simulated)", "grn_dream4/network_2", "5-fold", "simulated",
          min_cells=1),
    Asked("datlinger", "Datlinger 2021, 20 knock-outs in Jurkat cells, with and without stimulation",
          "perturb_datlinger_tcr/datlinger21_tcr_7500x2000.h5ad", "5-fold",
          options={"cell_type_column": "perturbation_2"}),
    Asked("simulated", "Simulated, 60 knock-outs whose effects are known", "", "5-fold", compared=False),
    Asked("known", "The same, with half of the true network known, beside as many edges that are false", "", "5-fold",
          KNOWN, compared=False),
    Asked("papalexi", "Papalexi 2021 with labels drawn at random: nothing can be right",
          "perturb_papalexi_thp1/papalexi_thp1_eccite_299g.h5ad", "5-fold", shuffle=True, compared=False),
    Asked("kang", "Kang 2018, interferon-beta in seven blood cell types", "perturb_kang_ifnb/kang18_ifnb.h5ad",
          "unseen-context"),
    Asked("norman", "Norman 2019 and McFaline-Figueroa 2023, each line unseen in turn",
          "perturb_norman19_mcfaline23/norman19_singles_mcfaline23.h5ad", "unseen-context"),
    Asked("datlinger", "Datlinger 2021, Jurkat cells with stimulation from those without, and the reverse",
          "perturb_datlinger_tcr/datlinger21_tcr_7500x2000.h5ad", "unseen-context",
          options={"cell_type_column": "perturbation_2"}),
)  # fmt: skip
PRIORS = {
    "human": {"STRING": "prior_networks/human_STRING-network.csv", "TRRUST": "prior_trrust/trrust_rawdata.human.tsv",
              "GO-BP": "prior_genesets/c5.bp.v7.01.symbols.gmt.xz",
              "Reactome": "prior_genesets/Human_Reactome_November_17_2020_symbol.gmt"},
    "mouse": {"STRING mouse": "prior_networks/mouse_STRING-network.csv",
              "TRRUST mouse": "prior_trrust/trrust_rawdata.mouse.tsv"},
}  # fmt: skip


def dream4(folder: Path, to: Path) -> Path:
    """The knock-outs of a DREAM4 network as an experiment: one sample each; controls are the wild type and the samples
    in which the time series begin, before anything was done to them."""
    tables = {path.name: path for path in folder.rglob("*.tsv")}
    kept = {part: next(p for name, p in sorted(tables.items()) if part in name) for part in
            ("wildtype", "knockouts", "timeseries")}  # fmt: skip
    rows: list[list[float]] = []
    names: list[str] = []
    for part, path in kept.items():
        with path.open() as file:
            lines = [line for line in csv.reader(file, delimiter="\t") if line]
        if part == "timeseries":
            lines = [lines[0][1:], *(line[1:] for line in lines[1:] if float(line[0]) == 0)]
        genes = lines[0]
        rows += [[float(v) for v in line] for line in lines[1:]]
        names += genes if part == "knockouts" else ["control"] * (len(lines) - 1)
    obs = pd.DataFrame({"perturbation": pd.Categorical(names)}, index=[f"sample{i}" for i in range(len(names))])
    data = anndata.AnnData(np.asarray(rows, dtype=np.float32), obs=obs, var=pd.DataFrame(index=genes))
    data.write_h5ad(to)
    return to


def half_known(network: Path, to: Path, seed: int = 0) -> Path:
    """A prior network: half of the edges of a true one, drawn at random, and as many that are false."""
    true = pl.read_csv(network).select("source", "target", "sign")
    kept = true.sample(fraction=0.5, seed=seed)
    ends = [
        true[end].sample(4 * kept.height, with_replacement=True, seed=seed + k) for k, end in enumerate(true.columns)
    ]
    false = pl.DataFrame(ends).unique(["source", "target"], maintain_order=True)
    false = false.filter(pl.col("source") != pl.col("target")).join(true, on=["source", "target"], how="anti")
    pl.concat([kept, false.head(kept.height)]).write_csv(to)
    return to


def take_in(store: Store, data: Path, asked: Asked, scratch: Path) -> None:
    """The experiment into the store, unless it is there."""
    datasets = store.datasets()
    if datasets.height and asked.name in datasets["dataset"].to_list():
        return
    path = data / asked.path
    if not asked.path:
        path, network, *_ = simulate(6000, 300, n_regulators=60, n_knockouts=60, n_times=1, n_types=1, seed=1).write(
            scratch / asked.name
        )
        if asked.organism == KNOWN:
            add_prior(store, half_known(network, scratch / "half.csv"), name="half known", organism=KNOWN)
    elif path.is_dir():
        path = dream4(path, scratch / f"{asked.name}.h5ad")
    add_experiment(store, path, dataset=asked.name, organism=asked.organism, **asked.options)


def add_priors(store: Store, data: Path) -> None:
    """What is known of genes beforehand, unless it is there."""
    known = set(store.lake.scan("priors").select("prior").collect()["prior"])
    known |= set(store.lake.scan("gene_sets").select("collection").collect()["collection"])
    for organism, files in PRIORS.items():
        for name, path in files.items():
            if name not in known:
                add_prior(store, data / path, name=name, organism=organism)


def run_all(store: Store, data: Path, scratch: Path) -> list[tuple[Asked, Benchmark]]:
    """Every benchmark, a line for every finished cell."""
    found = []
    for asked in SETS:
        take_in(store, data, asked, scratch)
        add_priors(store, data)
        print(f"== {asked.title}", flush=True)
        before = finished(store, asked)
        if before is not None:
            found.append((asked, stored(store, before)))
            continue
        found.append(
            (asked, bench(store, asked.name, split=asked.split, seeds=asked.seeds, min_cells=asked.min_cells,
                          shuffle=asked.shuffle,
                          told=lambda cell, o: print(f"{cell.name}: {o.seconds:.1f} s {o.failed or ''}", flush=True)))
        )  # fmt: skip
    return found


def finished(store: Store, asked: Asked) -> str | None:
    """The newest run of that very benchmark in the store."""
    for run in reversed(store.lake.runs("benchmark")):
        told = run.configuration
        mine = (asked.name, asked.split, asked.seeds, asked.shuffle, asked.min_cells)
        if mine == tuple(told[k] for k in ("dataset", "split", "seeds", "shuffle", "min_cells")):
            return run.id
    return None


def kernel_against_baselines(found: list[tuple[Asked, Benchmark]]) -> pl.DataFrame:
    """The prior kernel against every baseline on every set: differences with their intervals."""
    rows = []
    for asked, one in found:
        if not asked.compared:
            continue
        each = against_each(one, KERNEL)
        rows.append(each.select(pl.lit(f"{asked.name}, {asked.split}").alias("data set"), pl.all()))
    return pl.concat(rows)


def blocks(found: list[tuple[Asked, Benchmark]]) -> list[Block]:
    """The whole page."""
    each = kernel_against_baselines(found)
    counts = (
        each.filter(pl.col("verdict").is_not_null())
        .group_by("metric", "verdict", maintain_order=True)
        .agg(pl.len().alias("comparisons"))
        .sort("metric", "verdict")
    )
    parts: list[Block] = [
        Heading("Leaderboard of effect prediction", 1),
        Text(
            "Written by `python -m docs.leaderboard FOLDER` from real runs. Every model sees the training conditions "
            "and one half of the control cells; truth is measured against the other half. Conditions are held out by "
            "target (or by context, where it says so), never by cell. One setting was chosen with an eye on one of "
            "these sets: that a gate opens above two standard errors and not above one, on Papalexi."
        ),
        Items(legend(SHOWN)),
        Heading("Does the prior kernel beat the baselines?"),
        Text(summary(each)),
        Grid(counts),
        Text(READING),
    ]
    for asked, one in found:
        parts += [Heading(asked.title), *report_blocks(one, 3, drawn=False)[1:]]
    shown = each.select("data set", "metric", "rival", "difference", "lower", "upper", "verdict", "groups")
    said = (
        "'better' and 'worse': the 95 % interval of a paired bootstrap over targets (over contexts, where there is one "
        "perturbation) excludes zero; 'even': it holds zero; empty: fewer than six targets or contexts."
    )
    parts += [Heading("The prior kernel against each baseline"), Grid(shown), Text(said)]
    return parts


def summary(each: pl.DataFrame) -> str:
    """One paragraph that says for each judged metric against how many baselines the kernel is surely better or not."""
    lines = []
    for metric in JUDGED:
        rows = each.filter(metric=metric)
        n = {v: rows.filter(pl.col("verdict") == v).height for v in ("better", "even", "worse")}
        lines.append(
            f"{metric}: of {rows.height} comparisons with a baseline the kernel is surely better in {n['better']}, "
            f"surely worse in {n['worse']}, not told apart in {n['even']}; in {rows.height - sum(n.values())} one of "
            "the two is not defined, or there are too few targets."
        )
    return " ".join(lines)


def main(data: Path, place: Path | None = None) -> None:
    """Run everything and write the page; a store that is named is kept, so that the next call goes on."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        with Store(place or scratch / "store") as store:
            page = markdown(blocks(run_all(store, data, scratch)))
    (Path(__file__).parent / "leaderboard.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[3]) if "--resume" in sys.argv[2:3] else None)
