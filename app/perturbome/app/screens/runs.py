"""Runs: every ingest, inference, prediction and ranking, and all that is known of one. URL: kind, failed, run."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import streamlit as st

from perturbome.app import reading
from perturbome.app.choices import choose, choose_whether
from perturbome.app.parts import bullets, figure, text
from perturbome.app.theme import number, plural
from perturbome.platform.lake import Run
from perturbome.platform.store import Store

EVERY_KIND = "every kind"


def show(store: Store) -> None:
    """The list, filtered, and the run picked from it."""
    st.title("Runs", anchor=False)
    st.markdown("Every ingest, inference, prediction and ranking, with what it read and how it was set.")
    everything = store.lake.all_runs()
    if not everything:
        st.info("Nothing was run on this store yet. Begin with an experiment:", icon=":material/lightbulb:")
        st.code(f"perturbome ingest experiment my-experiment.h5ad --store {store.path}", language="bash")
        return
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        kind = choose("Kind", [EVERY_KIND, *sorted({run.kind for run in everything})], "kind")
    with right:
        failed = choose_whether("Failed and removed runs as well", "failed")
    runs = [
        run for run in reversed(everything) if kind in (EVERY_KIND, run.kind) and (failed or run.status == "complete")
    ]
    if not runs:
        st.info("No run of this kind is complete.")
        return
    _list(runs)
    # A link may lead to a run the filters hide: the details know every run.
    names = reading.run_names(everything)
    ids = [run.id for run in runs] + [run.id for run in everything if run not in runs]
    picked = choose(
        "Run", ids, "run", names=lambda run: f"{names[run]} · {run}", help="A click on a row of the list picks it here."
    )
    _details({run.id: run for run in everything}[picked], names)


def _list(runs: list[Run]) -> None:
    table = pl.DataFrame(
        [
            {
                "started": run.started,
                "kind": run.kind,
                "name": run.name,
                "status": run.status,
                "seconds": run.seconds,
                "datasets": run.datasets,
                "run": run.id,
            }
            for run in runs
        ],
        schema_overrides={"name": pl.String, "seconds": pl.Float64, "datasets": pl.List(pl.String)},
    )

    def pick() -> None:
        rows = st.session_state["runs-list"]["selection"]["rows"]
        if rows:
            st.query_params["run"] = runs[rows[0]].id

    st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        key="runs-list",
        on_select=pick,
        selection_mode="single-row",
        column_config={
            "started": st.column_config.DatetimeColumn("Started (UTC)", format="D MMM YYYY, HH:mm:ss"),
            "kind": text("Kind"),
            "name": text("What"),
            "status": text("Status"),
            "seconds": figure("Seconds", format="%.1f"),
            "datasets": st.column_config.ListColumn("Data sets"),
            "run": text("Run"),
        },
    )
    st.caption(f"{plural(len(runs), 'run')}, the newest first.")


def _details(run: Run, names: dict[str, str]) -> None:
    st.subheader(run.name or run.kind, anchor=False)
    facts = {
        "Kind": run.kind,
        "Status": run.status,
        "Took": f"{number(round(run.seconds, 1))} s" if run.seconds is not None else "–",
        "Data sets": ", ".join(run.datasets) or "–",
    }
    for column, (label, value) in zip(st.columns(len(facts)), facts.items(), strict=True):
        column.metric(label, value)
    if run.message:
        st.error(run.message, icon=":material/error:")
    st.caption(f"`{run.id}` · perturbome {run.code_version or '–'} · started {run.started:%d %B %Y, %H:%M:%S} UTC")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Measurements**")
        _facts({name: said(value) for name, value in run.metrics.items() if _short(value)}, "Nothing was measured.")
        for name, value in run.metrics.items():
            if not _short(value):
                _long(name, value)
        st.markdown("**Read from runs**")
        for parent in run.parents:
            st.page_link(
                "screens/runs.py",
                label=names.get(parent, parent),
                query_params={"run": parent},
                icon=":material/history:",
            )
        if not run.parents:
            st.caption("None: this run read files only.")
    with right:
        st.markdown("**Settings**")
        _facts({name: said(value) for name, value in run.configuration.items()}, "No settings.")
        st.markdown("**Input files and their SHA-256**")
        _facts(run.inputs, "No files.")


def _facts(facts: dict[str, str], nothing: str) -> None:
    if not facts:
        st.caption(nothing)
        return
    table = pl.DataFrame({"name": list(facts), "value": list(facts.values())})
    st.dataframe(table, hide_index=True, column_config={"name": text("What"), "value": text("Value")})


def _short(value: Any) -> bool:
    """Whether a measurement fits into a cell."""
    return not isinstance(value, list | dict) or len(json.dumps(value, default=str)) < 40


def _long(name: str, value: Any) -> None:
    """A measurement of many parts: sentences as a list, records as a table."""
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        bullets(value)
    elif isinstance(value, list) and all(isinstance(part, dict) for part in value):
        with st.expander(f"{name} ({len(value)})"):
            st.dataframe(pl.DataFrame(value, infer_schema_length=None), hide_index=True)
    else:
        with st.expander(name):
            st.json(value)


def said(value: Any) -> str:
    """A value as words: numbers with sensible digits, the rest as JSON."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


if __name__ == "__main__":
    show(reading.the_store())
