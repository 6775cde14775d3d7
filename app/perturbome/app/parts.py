"""What the pages share: errors as sentences, tables that can be taken away, where an answer comes from."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import polars as pl
import streamlit as st

from perturbome.app.markdown import plain
from perturbome.platform.errors import PerturbomeError
from perturbome.platform.graph.catalogue import find_query
from perturbome.platform.lake import Run
from perturbome.platform.store import Store


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Show an error a reader can mend as its sentence; the rest of the page stays away."""
    try:
        yield
    except PerturbomeError as error:
        st.error(
            "\n\n".join([plain(str(error)), *map(plain, getattr(error, "__notes__", []))]), icon=":material/error:"
        )


def table(rows: pl.DataFrame, file: str, columns: dict[str, Any], *, key: str, height: int | None = None) -> None:
    """A table with its columns described, and a button that downloads it as CSV with every digit."""
    st.dataframe(
        rows,
        column_config=columns,
        column_order=list(columns),
        hide_index=True,
        height=height or "auto",
        key=f"table-{key}",
        placeholder="–",
    )
    st.download_button(
        "Download CSV",
        lambda: rows.write_csv().encode(),
        file_name=f"{file}.csv",
        mime="text/csv",
        key=f"download-{key}",
        icon=":material/download:",
        on_click="ignore",
    )


def text(label: str, help: str | None = None) -> Any:
    """A column of words."""
    return st.column_config.TextColumn(label, help=help)


def figure(label: str, help: str | None = None, format: str = "%.3g") -> Any:
    """A column of numbers with three digits."""
    return st.column_config.NumberColumn(label, help=help, format=format)


def share(label: str, help: str | None = None) -> Any:
    """A column of numbers from 0 to 1 as bars."""
    return st.column_config.ProgressColumn(label, help=help, min_value=0.0, max_value=1.0, format="%.2f")


def bullets(said: Sequence[str]) -> None:
    """What a verb said about its answer, one line each."""
    if said:
        st.markdown("\n".join(f"- {plain(line)}" for line in said))


def network_needed(store: Store, networks: pl.DataFrame) -> bool:
    """True where the store has no network; then the page says which command makes one."""
    if not networks.is_empty():
        return False
    datasets = store.datasets()["dataset"].to_list()
    st.info(
        "This page needs a regulatory network, and the store has none yet. Infer one, then reload:"
        if datasets
        else "The store is empty. Put an experiment in, infer its network, then reload:",
        icon=":material/lightbulb:",
    )
    ingest = [] if datasets else [f"perturbome ingest experiment my-experiment.h5ad --store {store.path}"]
    infer = f"perturbome infer regulation {datasets[0] if datasets else 'my-experiment'} --store {store.path}"
    st.code("\n".join([*ingest, infer]), language="bash")
    return True


def provenance(store: Store, runs: Sequence[str], title: str = "Where this comes from") -> None:
    """The runs behind what is shown: what, when, from which files, with which settings."""
    known = {run.id: run for run in store.lake.all_runs()}
    with st.expander(title, icon=":material/account_tree:"):
        for run in (known[run_id] for run_id in runs if run_id in known):
            st.markdown(f"**{plain(run.name or run.kind)}** · {run.started:%d %B %Y, %H:%M} UTC · `{run.id}`")
            st.caption(describe(run))
            st.page_link(
                "screens/runs.py", label="See this run", query_params={"run": run.id}, icon=":material/history:"
            )


def describe(run: Run) -> str:
    """A run's settings in one line, as far as they were set."""
    settings = [f"{name} {_short(value)}" for name, value in run.configuration.items() if value not in (None, [], {})]
    return plain(
        f"perturbome {run.code_version or '–'}. " + ("Settings: " + ", ".join(settings) + "." if settings else "")
    )


def _short(value: Any) -> str:
    words = value if isinstance(value, str) else json.dumps(value, default=str)
    return words if len(words) < 60 else words[:57] + "..."


def cypher(questions: dict[str, dict[str, Any]]) -> None:
    """The catalogued questions as they were asked, to be learned from and asked again on the command line."""
    with st.expander("The question in Cypher", icon=":material/code:"):
        for name, parameters in questions.items():
            query, given = find_query(name), {k: v for k, v in parameters.items() if v is not None}
            st.markdown(query.description)
            st.code(query.text, language="cypher")
            words = " ".join(f"-p {shlex.quote(f'{name}={value}')}" for name, value in given.items())
            st.code(f"perturbome query {name} {words}", language="bash")
