"""The page on bad input: every kind is made and tried, and the page shows the answer it got."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from perturbome.ingest import add_experiment, add_prior, infer_regulation, simulate
from perturbome.models import knockout
from perturbome.platform import PerturbomeError, Store

Case = tuple[str, Callable[[Store, Path], object]]


def small(rows: int = 20, columns: int = 6) -> anndata.AnnData:
    """A well-formed experiment of counts to be spoilt."""
    counts = np.random.default_rng(0).poisson(2.0, (rows, columns)).astype(np.float32)
    obs = pd.DataFrame({"perturbation": ["control", "JAK2"] * (rows // 2)}, index=[f"c{i}" for i in range(rows)])
    genes = ["STAT1", "JAK2", "IRF1", "MYC", "GATA1", "TP53"][:columns]
    return anndata.AnnData(counts, obs=obs, var=pd.DataFrame(index=genes))


def spoilt(spoil: Callable[[anndata.AnnData], object], **told: object) -> Callable[[Store, Path], object]:
    """Ingest a small experiment after spoiling it."""

    def attempt(store: Store, folder: Path) -> object:
        data = small()
        spoil(data)
        data.write_h5ad(folder / "experiment.h5ad")
        return add_experiment(store, folder / "experiment.h5ad", **told)  # type: ignore[arg-type]

    return attempt


def text(name: str, content: bytes, add: Callable[..., object] = add_experiment, **told: object):
    """Ingest a file of this content."""

    def attempt(store: Store, folder: Path) -> object:
        (folder / name).write_bytes(content)
        return add(store, folder / name, **told)

    return attempt


def truncated(store: Store, folder: Path) -> object:
    """A file of which the end is missing."""
    path = folder / "experiment.h5ad"
    small(200).write_h5ad(path)
    os.truncate(path, path.stat().st_size // 2)
    return add_experiment(store, path)


def set_value(value: float) -> Callable[[anndata.AnnData], object]:
    """Put a value into cell 3, gene 1."""
    return lambda data: data.X.__setitem__((3, 1), value)


def rename(data: anndata.AnnData, genes: list[str]) -> None:
    """Other gene names."""
    data.var_names = genes


def string_of_another_organism(store: Store, folder: Path) -> object:
    """Links of yeast with the names of human proteins."""
    (folder / "4932.protein.links.txt").write_text("protein1 protein2 combined_score\n4932.A 4932.B 900\n")
    (folder / "9606.protein.info.txt").write_text(
        "#string_protein_id\tpreferred_name\tprotein_size\tannotation\n9606.X\tSTAT1\t1\tx\n"
    )
    return add_prior(store, folder / "4932.protein.links.txt", info=folder / "9606.protein.info.txt")


def gene_not_in_the_store(store: Store, folder: Path) -> object:
    """A misspelt gene."""
    simulate(n_cells=120, n_genes=20, n_knockouts=2, seed=1).write(folder / "tour.h5ad")
    add_experiment(store, folder / "tour.h5ad", dataset="tour", organism="human")
    infer_regulation(store, "tour", time_bins=1, by_cell_type=False, n_bootstraps=0)
    return knockout(store, ["TF0l"], dataset="tour")


CASES: tuple[Case, ...] = (
    ("No such file", lambda store, folder: add_experiment(store, folder / "absent.h5ad")),
    ("An empty file", text("experiment.h5ad", b"")),
    ("Not HDF5, whatever its name says", text("experiment.h5ad", b"gene,cell\n1,2\n")),
    ("A truncated file", truncated),
    ("A format nobody reads", text("experiment.docx", b"x")),
    ("A misspelt column", spoilt(lambda d: None, perturbation_column="perturbaton")),
    ("No control cells", spoilt(lambda d: d.obs.__setitem__("perturbation", ["JAK2", "MYC"] * 10))),
    ("Negative counts", spoilt(set_value(-1.0))),
    ("Fractional counts", spoilt(set_value(0.5))),
    ("NaN", spoilt(set_value(np.nan))),
    ("Infinity", spoilt(set_value(np.inf))),
    ("Duplicated cell names", spoilt(lambda d: setattr(d, "obs_names", ["c0"] * 20))),
    ("A prior that is a web page", text("trrust.tsv", b"<!DOCTYPE html><html>404</html>", add_prior)),
    ("An empty prior", text("trrust.tsv", b"", add_prior, organism="human")),
    ("A prior without the columns of its kind", text("dorothea.csv", b"a,b\n1,2\n", add_prior, kind="dorothea")),
    ("A kind of prior that nobody reads", text("x.csv", b"a,b\nA,B\n", add_prior, kind="strnig", organism="human")),
    ("STRING links of another organism", string_of_another_organism),
    ("A gene the store does not hold", gene_not_in_the_store),
    ("A data set the store does not hold", lambda store, folder: infer_regulation(store, "papalexy")),
    ("A query that writes", lambda store, folder: store.query("MATCH (g:Gene) SET g.symbol = 'x'")),
    ("A query that is not Cypher", lambda store, folder: store.query("MATCH (g:Gene RETURN g")),
    ("A query with too many rows", lambda store, folder: store.query("UNWIND range(1, 50) AS i RETURN i", row_limit=9)),
)


def answer(case: Case) -> str:
    """What a user is told; AssertionError where nothing is said or something is left behind."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Store(folder / "store") as store:
            try:
                case[1](store, folder)
            except PerturbomeError as error:
                said = str(error)
            else:
                raise AssertionError(f"{case[0]}: nothing was said")
            left = [run.name for run in store.runs() if "tour" not in run.datasets]
            assert not left, f"{case[0]}: {left} were left behind"
        return said.replace(f"{folder}{os.sep}", "")


def page() -> str:
    """The Markdown page."""
    lines = [
        "# What bad input gets",
        "",
        "Each of these was made and tried; the answer is what the program really says. Nothing of a failed run stays",
        "visible. *This page is written from the code; a test compares.*",
    ]
    for case in CASES:
        lines += ["", f"**{case[0]}**", "", *(f"> {line}" for line in answer(case).splitlines())]
    return "\n".join(lines) + "\n"
