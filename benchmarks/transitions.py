"""Cell graphs: agreement with published maps and known orders, and a million cells in a process that is watched.

Accuracy needs the real data sets beside the checkout (or PERTURBOME_TEST_DATA); without them that part is left out.
With `--resume`, parts that results/transitions.json holds are not run again; PERTURBOME_BENCH_FOLDER keeps the store.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time as clock
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._machine import RESULTS, row, save
from benchmarks._measure import ROOT, answer, part
from scipy import sparse

DATA = Path(os.environ.get("PERTURBOME_TEST_DATA", ROOT.parent / "shared" / "data"))
MILLION, N_GENES, N_NEIGHBORS, N_POINTS = 1_000_000, 1_000, 30, 10
GOAL_MB = 16 * 1024.0
RIVALS = 100_000  # cells among which the index is compared with NN-descent
STEPS = ((10.0, 10.5, "tmap_10_105"), (10.5, 11.0, "tmap_105_11"))


# -- agreement with published transport maps --------------------------------------------------------------


def of_rows(table: np.ndarray) -> np.ndarray:
    """Rows divided by their sums."""
    return table / np.maximum(table.sum(1, keepdims=True), 1e-300)


def row_overlap(ours: np.ndarray, published: np.ndarray, mass: np.ndarray) -> float:
    """Mass that both send to the same cell: sum_j min(p_ij, q_ij), averaged over the rows by their published mass."""
    return float(np.average(np.minimum(of_rows(ours), of_rows(published)).sum(1), weights=mass))


def fates(table: np.ndarray, early: np.ndarray, late: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """Share of each early type's mass that goes to each late type."""
    rows = of_rows(table)
    return np.array(
        [
            [np.average(rows[early == a][:, late == b].sum(1), weights=mass[early == a]) for b in np.unique(late)]
            for a in np.unique(early)
        ]
    )


def agreement(ours: np.ndarray, published: np.ndarray, early: np.ndarray, late: np.ndarray) -> dict[str, float]:
    """Overlap of rows, and correlation of the tables of fates."""
    mass = published.sum(1)
    tables = [fates(t, early, late, mass).ravel() for t in (ours, published)]
    return {"overlap": row_overlap(ours, published, mass), "fates": float(np.corrcoef(*tables)[0, 1])}


def reprogramming(name: str, **options: Any) -> dict[str, dict[str, float]]:
    """Agreement with the file's maps, mean of both steps, of transport (with `options`) and of nearest neighbours."""
    import anndata

    from perturbome.ingest.transitions.components import principal_components
    from perturbome.ingest.transitions.knn import directed_neighbours
    from perturbome.ingest.transitions.method import Options
    from perturbome.ingest.transitions.transport import step

    data = anndata.read_h5ad(DATA / "temporal_reprogramming" / name)
    day, kind = data.obs["day"].to_numpy(float), data.obs["cell_type"].to_numpy(str)
    n_components = options.pop("n_components", 30)
    found: dict[str, list[dict[str, float]]] = {"transport": [], "knn": []}
    for before, after, key in STEPS:
        early, late = np.flatnonzero(day == before), np.flatnonzero(day == after)
        scores = principal_components(data.X[np.concatenate([early, late])].tocsr(), n_components)
        asked = Options(**{"n_neighbors": N_NEIGHBORS, **options})
        made = step(scores[: early.size], scores[early.size :], np.ones(early.size), asked)
        time = np.repeat([before, after], [early.size, late.size])
        near, _ = directed_neighbours(scores, time, steps="points", n_neighbors=15)
        plain = sparse.csr_matrix((near.weight, (near.source, near.target - early.size)), shape=made.rows.shape)
        for method, table in (("transport", made.rows), ("knn", plain)):
            found[method].append(agreement(table.toarray(), data.uns[key].astype(float), kind[early], kind[late]))
    return {m: {k: float(np.mean([s[k] for s in steps])) for k in steps[0]} for m, steps in found.items()}


def as_stated() -> dict[str, Any]:
    """The settings that moscot's file states for its maps."""
    return {"epsilon": 0.5, "source_penalty": 1.0, "target_penalty": 10.0, "n_components": 50, "n_neighbors": 100}


# -- direction ----------------------------------------------------------------------------------------------


def forward_share(source: np.ndarray, target: np.ndarray, time: np.ndarray, inside: np.ndarray) -> float:
    """Share of the edges within `inside` [n] that point to a later `time` [n]."""
    both = inside[source] & inside[target] & (time[source] != time[target])
    return float((time[target] > time[source])[both].mean())


def paul15(folder: Path) -> dict[str, Any]:
    """Haematopoiesis ordered by our own pseudotime from the progenitors, against the pseudotime of its two lineages."""
    import anndata

    from perturbome.ingest import add_experiment, infer_transitions
    from perturbome.platform import Store

    file = DATA / "temporal_paul15" / "paul15_240g.h5ad"
    obs = anndata.read_h5ad(file).obs
    found: dict[str, Any] = {}
    with Store(folder / "paul15") as store:
        add_experiment(store, file, dataset="paul15", organism="mouse")
        cells = store.expression("paul15").cells
        obs = obs.loc[cells["name"].to_list()]
        for name, asked in (("root type", {"root_type": "Multipotent progenitors"}), ("no root", {"time": "dpt"})):
            run = infer_transitions(store, "paul15", **asked)  # type: ignore[arg-type]
            rows = store.lake.scan("transitions", [run.run]).collect()
            place = {key: i for i, key in enumerate(cells["cell"].to_list())}
            source, target = (np.array([place[c] for c in rows[end].to_list()]) for end in ("source", "target"))
            n = len(obs)
            chain = sparse.csr_matrix((rows["weight"].to_numpy(), (source, target)), shape=(n, n))
            ten = chain
            for _ in range(9):
                ten = ten @ chain
            far = ten.tocoo()
            lineages = []
            for curve in ("1", "2"):
                time, inside = obs[f"pseudotime_curve{curve}"].to_numpy(), obs[f"weight_curve{curve}"].to_numpy() > 0
                apart = np.abs(time[source] - time[target]) > 0.05
                both = inside[far.row] & inside[far.col]
                lineages.append(
                    {
                        "edges_forward": forward_share(source, target, time, inside),
                        "edges_forward_beyond_5_percent": forward_share(source[apart], target[apart], time, inside),
                        "mass_forward_after_10_steps": float(
                            np.average((time[far.col] > time[far.row])[both], weights=far.data[both])
                        ),
                    }
                )
            found[name] = {"n_edges": rows.height, "lineages": lineages, "said": run.said}
    return found


def simulated() -> dict[str, float]:
    """Share of each method's mass that points forward in the simulator's true time, given its time points only."""
    from perturbome.ingest.simulation.experiment import simulate
    from perturbome.ingest.transitions.method import Cells, Options
    from perturbome.ingest.transitions.registry import METHODS

    toy = simulate(n_cells=1200, n_genes=100, n_knockouts=0, seed=5)
    counts = toy.counts.astype(float)
    X = sparse.csr_matrix(counts.multiply(1e4 / counts.sum(1)))
    X.data = np.log1p(X.data)
    true, time = toy.cells["pseudotime"].to_numpy(), toy.cells["time"].to_numpy()
    found = {}
    for name in ("transport", "knn", "diffusion"):
        cells = Cells(X, toy.cells["name"].to_numpy(), time, np.full((1200, 3), np.nan), points=True)
        edges = METHODS[name](cells, Options(METHODS[name].n_neighbors)).edges
        found[name] = float(edges.weight[true[edges.target] > true[edges.source]].sum() / edges.weight.sum())
    return found


# -- a million cells ------------------------------------------------------------------------------------------


def write_branch(path: Path, n_cells: int, n_genes: int = N_GENES, seed: int = 0) -> None:
    """An .h5ad of counts of cells along four branches, 60 genes each, with time points and a pseudotime."""
    import anndata
    import h5py
    import pandas as pd

    rng = np.random.default_rng(seed)
    each, portion = 60, 10_000
    position, side = rng.random(n_cells), rng.integers(0, 4, n_cells)
    centre, width = rng.random((4, n_genes)), 0.05 + 0.2 * rng.random(n_genes)
    centre[:, : n_genes // 2] = centre[0, : n_genes // 2]  # half of the genes are the same in all branches
    obs = pd.DataFrame(
        {"pseudotime": position, "time": np.floor(position * N_POINTS), "cell_type": pd.Categorical(side.astype(str))},
        index=[f"cell{i}" for i in range(n_cells)],
    )
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        anndata.io.write_elem(file, "obs", obs)
        anndata.io.write_elem(file, "var", pd.DataFrame(index=[f"G{i}" for i in range(n_genes)]))
        x = file.create_group("X")
        x.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": (n_cells, n_genes)})
        x.create_dataset("indptr", data=np.arange(n_cells + 1, dtype=np.int64) * each)
        indices = x.create_dataset("indices", (n_cells * each,), np.int32, chunks=(1 << 18,))
        data = x.create_dataset("data", (n_cells * each,), np.float32, chunks=(1 << 18,))
        for start in range(0, n_cells, portion):
            here = slice(start, min(start + portion, n_cells))
            liking = -(((position[here, None] - centre[side[here]]) / width) ** 2).astype(np.float32)
            liking += rng.gumbel(size=liking.shape).astype(np.float32)
            genes = np.sort(np.argpartition(-liking, each, axis=1)[:, :each], axis=1)
            span = slice(here.start * each, here.stop * each)
            indices[span] = genes.ravel()
            data[span] = rng.geometric(0.3, genes.size)


def take_in(folder: Path) -> None:
    """The generated file into a store."""
    from perturbome.ingest import add_experiment
    from perturbome.platform import Store

    with Store(folder / "store") as store:
        add_experiment(store, folder / "branch.h5ad", dataset="branch", organism="human")
    answer()


def whole(folder: Path, method: str) -> None:
    """From store to graph: expression read, neighbours found, edges in the lake and in the graph."""
    import polars as pl

    from perturbome.ingest import infer_transitions
    from perturbome.platform import Store

    stages: dict[str, float] = {}

    def report(what: str, done: int, total: int | None) -> None:
        stages[what] = clock.perf_counter()

    with Store(folder / "store") as store:
        begin = clock.perf_counter()
        time = "time" if method == "transport" else "pseudotime"
        run = infer_transitions(store, "branch", method=method, time=time, n_neighbors=N_NEIGHBORS, report=report)
        rows = store.lake.scan("transitions", [run.run]).select("source_time", "target_time")
        forward = rows.select((pl.col("target_time") > pl.col("source_time")).all()).collect(engine="streaming").item()
        kept = store.lake.run(run.run)
    answer(n_edges=run.n_edges, n_sources=run.n_sources, forward=forward, said=run.said,
           configuration=kept.configuration, ends={k: v - begin for k, v in stages.items()})  # fmt: skip


def rivals(lib: str, n: int) -> None:
    """Neighbours of the same generated cells by our index and by NN-descent, compiled beforehand; processor seconds."""
    from perturbome.ingest.transitions.approximate import nearest_by_index, spread
    from perturbome.ingest.transitions.nearest import nearest_in_ranges, share_found

    scores = cloud(n)
    k = N_NEIGHBORS + 1
    compiled = 0.0
    if lib == "pynndescent":
        import pynndescent

        begin = clock.process_time()
        pynndescent.NNDescent(scores[:3000], n_neighbors=k, random_state=0, low_memory=True).neighbor_graph  # noqa: B018
        compiled = clock.process_time() - begin
        begin = clock.process_time()
        index = pynndescent.NNDescent(scores, n_neighbors=k, random_state=0, low_memory=True).neighbor_graph[0]
    else:
        begin = clock.process_time()
        index = nearest_by_index(scores, scores, k).index
    spent = clock.process_time() - begin
    asked = spread(scores, 500)
    true, _ = nearest_in_ranges(scores, scores[asked], np.zeros(500, np.intp), np.full(500, n, np.intp), k)
    answer(spent=spent, compiled=compiled, recall=share_found(index[asked], true))


def cloud(n: int, d: int = 30, seed: int = 0) -> np.ndarray:
    """Scores [n, d] of cells along eight curves, with noise as components have it."""
    rng = np.random.default_rng(seed)
    t, curve = rng.random(n), rng.integers(0, 8, n)
    basis = np.stack([t, t**2, np.sin(3 * t), np.cos(5 * t), t**3, np.sin(9 * t)], 1)
    scores = np.einsum("nk,nkd->nd", basis, rng.normal(size=(8, 6, d))[curve])
    return (scores + rng.normal(size=(n, d)) * 0.5 * np.linspace(1, 0.4, d)).astype(np.float32)


def accuracy(folder: Path) -> None:
    """Everything that is compared with something published or simulated."""
    found: dict[str, Any] = {"simulated": simulated()}
    if DATA.is_dir():
        found["wot"] = reprogramming("wot_reprogramming_d10-11.h5ad")
        found["moscot as stated"] = reprogramming("moscot_temporal_tests.h5ad", **as_stated())
        found["moscot by default"] = reprogramming("moscot_temporal_tests.h5ad")
        found["paul15"] = paul15(folder)
    answer(**found)


def rows_of(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Lines of the README's table."""
    rows = []
    exact = results["accuracy"]
    if "wot" in exact:
        asked = {
            "the settings its file states": "moscot as stated",
            "default settings": "wot",
            "default settings, sharper by ten than the map's": "moscot by default",
        }
        for name, key in asked.items():
            ours, rival = exact[key]["transport"], exact[key]["knn"]
            rows.append(
                row(
                    f"Published transport maps, agreement at {name}",
                    f"overlap {ours['overlap']:.2f}, fates r = {ours['fates']:.2f}", "more than the rival",
                    ours["overlap"] > rival["overlap"] and ours["fates"] > rival["fates"],
                    f"overlap {rival['overlap']:.2f}, fates r = {rival['fates']:.2f}, nearest neighbours",
                )
            )  # fmt: skip
        shares = [lineage["edges_forward"] for lineage in exact["paul15"]["root type"]["lineages"]]
        after = [lineage["mass_forward_after_10_steps"] for lineage in exact["paul15"]["root type"]["lineages"]]
        rows.append(
            row(
                "Haematopoiesis, own pseudotime against that of its two lineages",
                f"{min(shares):.0%} of edges, {min(after):.0%} of mass ten steps on, lead forward (the worse lineage)",
                "more than half", min(shares) > 0.5,
            )
        )  # fmt: skip
    forward = min(exact["simulated"].values())
    rows.append(row("Simulated branch, transitions forward in true time", f"{forward:.1%} (the worst method)", "95 %",
                    forward >= 0.95))  # fmt: skip
    index, descent = results["index"], results["pynndescent"]
    rows.append(
        row(
            f"{N_NEIGHBORS} neighbours of {RIVALS:,} cells, processor time",
            f"{index['spent']:.0f} s, recall {index['recall']:.3f}", "", None,
            f"{descent['spent']:.0f} s (and {descent['compiled']:.0f} s to compile), recall {descent['recall']:.3f}, "
            "NN-descent", f"{descent['spent'] / index['spent']:.2f}",
        )
    )  # fmt: skip
    for method, big in results["million"].items():
        rows.append(
            row(
                f"{results['cells']:,} cells x {N_NEIGHBORS} neighbours by {method}, store to graph, peak memory",
                f"{big['peak_mb']:,.0f} MB, {big['seconds'] / 60:.0f} min, {big['n_edges']:,} edges",
                f"{GOAL_MB:,.0f} MB", big["peak_mb"] < GOAL_MB,
            )
        )  # fmt: skip
    return rows


def main(folder: Path, resume: bool) -> None:
    """Measure every part, keeping each when it is done; with `resume`, those that are kept are not run again."""
    n = int(os.environ.get("PERTURBOME_BENCH_CELLS", MILLION))
    path = RESULTS / "transitions.json"
    kept: dict[str, Any] = json.loads(path.read_text()) if resume and path.exists() else {}
    results: dict[str, Any] = {"cells": n, "neighbors": N_NEIGHBORS, **kept, "million": kept.get("million", {})}

    def keep(name: str, *asked: Any) -> dict[str, Any]:
        found: dict[str, Any] = results.get(name) or part("transitions", *asked)
        path.write_text(json.dumps({**results, name: found}, default=float))
        return found

    results["accuracy"] = keep("accuracy", "accuracy", folder)
    results["index"] = keep("index", "rivals", "index", RIVALS)
    results["pynndescent"] = keep("pynndescent", "rivals", "pynndescent", RIVALS)
    if not (folder / "branch.h5ad").exists():
        write_branch(folder / "branch.h5ad", n)
    results["ingest"] = keep("ingest", "take_in", folder)
    for method in ("diffusion", "transport", "knn"):
        if method not in results["million"]:
            results["million"][method] = part("transitions", "whole", folder, method)
            path.write_text(json.dumps(results, default=float))
        print(method, results["million"][method]["seconds"], results["million"][method]["peak_mb"], flush=True)
    made = ("rows", "date", "machine")
    save("transitions", {k: v for k, v in results.items() if k not in made} | {"rows": rows_of(results)})


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] != "--resume":
        asked, rest = sys.argv[1], sys.argv[2:]
        if asked == "rivals":
            rivals(rest[0], int(rest[1]))
        elif asked == "whole":
            whole(Path(rest[0]), rest[1])
        else:
            {"accuracy": accuracy, "take_in": take_in}[asked](Path(rest[0]))
    else:
        with tempfile.TemporaryDirectory() as name:
            main(Path(os.environ.get("PERTURBOME_BENCH_FOLDER", name)), "--resume" in sys.argv[1:])
