"""The store as the pages read it: opened once a process, answers kept until a run is added or removed."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import polars as pl
import streamlit as st

from perturbome.app.server import READ_ONLY
from perturbome.platform.lake import Run
from perturbome.platform.perturbation import Perturbation
from perturbome.platform.store import Store, open_store

ALL = "all"
"""The context of all cells together."""


@st.cache_resource(show_spinner=False)
def _opened(path: str | None, graph: str | None, read_only: bool) -> Store:
    return open_store(path, graph=graph, read_only=read_only)


def the_store() -> Store:
    """The store named by the environment; one handle for all readers of this process."""
    names = os.environ.get("PERTURBOME_STORE"), os.environ.get("PERTURBOME_GRAPH")
    return _opened(*names, bool(os.environ.get(READ_ONLY)))


def version(store: Store) -> str:
    """What every kept answer is filed under: the store's address and its complete runs."""
    runs = "\n".join(run.id for run in store.runs())
    return hashlib.sha256(f"{store.path}\n{store.graph_address}\n{runs}".encode()).hexdigest()


@st.cache_data(show_spinner=False, max_entries=200)
def _asked(_store: Store, version: str, name: str, parameters: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(_store.ask(name, **parameters)))


def ask(store: Store, name: str, **parameters: Any) -> pl.DataFrame:
    """Answer of a query of the catalogue."""
    return _asked(store, version(store), name, parameters)


@st.cache_data(show_spinner=False, max_entries=8)
def _genes(_store: Store, version: str) -> pl.DataFrame:
    return _store.genes()


def genes(store: Store) -> pl.DataFrame:
    """Every gene the store knows."""
    return _genes(store, version(store))


@st.cache_data(show_spinner=False, max_entries=8)
def _datasets(_store: Store, version: str) -> pl.DataFrame:
    return _store.datasets()


def datasets(store: Store) -> pl.DataFrame:
    """Every data set, the oldest first."""
    return _datasets(store, version(store))


def time_unit(store: Store, dataset: str) -> str:
    """', hour' where the data set names the unit of its times; nothing otherwise."""
    units = datasets(store).filter(pl.col("dataset") == dataset)["time_unit"].drop_nulls()
    return f", {units[0]}" if len(units) and units[0] != "not stated" else ""


def ingest_runs(store: Store, dataset: str) -> list[str]:
    """The run that brought the data set in."""
    return datasets(store).filter(pl.col("dataset") == dataset)["run"].to_list()


def transcription_factors(store: Store) -> set[str]:
    """Symbols of the genes that a list of regulators names."""
    return set(genes(store).filter(pl.col("regulator").fill_null(False))["symbol"])


@st.cache_data(show_spinner=False, max_entries=8)
def _groups(_store: Store, version: str) -> pl.DataFrame:
    return (
        _store.lake.scan("cells")
        .group_by("dataset", "cell_type", "perturbation", "control", "time")
        .len("cells")
        .sort("dataset", "cell_type", "perturbation", "time")
        .collect()
    )


def groups(store: Store) -> pl.DataFrame:
    """Cells counted by dataset, cell_type, perturbation, control and time."""
    return _groups(store, version(store))


def contexts(store: Store, dataset: str) -> list[str]:
    """'all', then the data set's cell types where it has several."""
    kinds = groups(store).filter(pl.col("dataset") == dataset)["cell_type"].drop_nulls().unique().sort().to_list()
    kinds = [kind for kind in kinds if kind != ALL]
    return [ALL, *kinds] if kinds else [ALL]


def perturbation_targets(store: Store, dataset: str) -> dict[str, list[str]]:
    """Label of each gene perturbation of a data set -> symbols of its targets; the one with the most cells first."""
    rows = ask(store, "list_perturbations", dataset=dataset).filter(
        pl.col("symbol").is_not_null() & (pl.col("n_cells") > 0)
    )
    by_perturbation = (
        rows.group_by("perturbation", maintain_order=True)
        .agg(pl.col("symbol").unique(maintain_order=True), pl.col("n_cells").max())
        .sort("n_cells", "perturbation", descending=[True, False])
    )
    return {
        Perturbation.parse(row["perturbation"]).label: row["symbol"] for row in by_perturbation.iter_rows(named=True)
    }


def group_names(store: Store, dataset: str) -> list[str]:
    """Groups of cells one can name without typing: control, perturbations, times, cell types."""
    rows = groups(store).filter(pl.col("dataset") == dataset)
    control = ["control"] if rows["control"].any() else []
    times = [f"time={time:g}" for time in rows["time"].drop_nulls().unique().sort()]
    return [
        *control,
        *perturbation_targets(store, dataset),
        *(times if len(times) > 1 else []),
        *(f"cell_type={kind}" for kind in contexts(store, dataset)[1:]),
    ]


def run_names(runs: list[Run]) -> dict[str, str]:
    """Run id -> how a reader recognises it: what was done, on which day and at which minute."""
    return {run.id: f"{run.name or run.kind} · {run.started:%d %b %Y %H:%M}" for run in runs}
