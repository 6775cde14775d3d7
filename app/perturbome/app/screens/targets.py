"""Targets: which gene caused this change? URL: network, before, after, context, model, show."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from perturbome.app import edges, reading
from perturbome.app.charts import ranking_chart
from perturbome.app.choices import choose, choose_free, choose_network, choose_number
from perturbome.app.markdown import plain
from perturbome.app.parts import bullets, figure, network_needed, provenance, table, text
from perturbome.app.theme import context_name, number
from perturbome.models.registry import find_model, models
from perturbome.models.targets import TargetResult, rank_targets
from perturbome.platform.store import Store

HOW = (
    "control, a perturbation such as STAT1, or a column of the cells such as time=0 or cell_type=B cells; "
    "conditions are joined by ' & ', as in: control & time=0"
)


@st.cache_data(show_spinner=False, max_entries=64)
def _ranked(_store: Store, version: str, before: str, after: str, options: dict[str, Any]) -> TargetResult:
    return rank_targets(_store, before, after, write=False, **options)


def show(store: Store) -> None:
    """The two groups, and the genes that best explain the change from one to the other."""
    st.title("Targets", anchor=False)
    st.markdown("Which gene caused the change from one group of cells to another?")
    networks = edges.networks(store)
    if network_needed(store, networks):
        return
    with st.container(border=True):
        left, middle, right = st.columns(3)
        with right:
            dataset, run = choose_network(store, networks)
        groups = reading.group_names(store, dataset)
        perturbations = [name for name in groups if name in reading.perturbation_targets(store, dataset)]
        with left:
            before = choose_free("From", groups, "before", first=groups[0] if groups else None, help=HOW)
        with middle:
            after = choose_free("To", groups, "after", first=perturbations[0] if perturbations else None, help=HOW)
        left, middle, _ = st.columns(3)
        with left:
            context = choose("Cells", reading.contexts(store, dataset), "context", names=context_name)
        with middle:
            known = {model.name: model.meaning for model in models("target")}
            model = choose("Model", list(known), "model", help="; ".join(f"{k}: {v}" for k, v in known.items()))
    if not before or not after:
        st.info(f"Name two groups of cells: {HOW}.", icon=":material/lightbulb:")
        return
    options = {"dataset": dataset, "run": run, "context": context, "model": model}
    with st.spinner("Ranking ..."):
        result = _ranked(store, reading.version(store), before, after, options)
    _answer(result, set(reading.perturbation_targets(store, dataset).get(after, [])))
    _keep(store, before, after, options)
    network = [run] if "regulation" in find_model(model, "target").needs else []
    provenance(store, [*network, *reading.ingest_runs(store, dataset)])


def _answer(result: TargetResult, true_targets: set[str]) -> None:
    _verdict(result, true_targets)
    most = choose_number("Genes shown", [10, 20, 50], "show", 20)
    st.plotly_chart(ranking_chart(result.table.head(most), true_targets), key="ranking", config={"displaylogo": False})
    bullets(result.said)
    st.subheader("All candidates", anchor=False)
    is_true = pl.col("symbol").is_in(list(true_targets))
    rows = result.table.with_columns(pl.when(is_true).then(pl.lit("yes")).alias("true_target"))
    columns = {
        "rank": figure("Rank", format="%d"),
        "symbol": text("Gene"),
        "score": figure("Score", "higher is more likely the cause"),
        "q": figure("q", "false discovery rate at this score"),
        "direction": text("Looks as if it went"),
        "own_delta": figure("Its own change", "log1p units"),
        "own_t": figure("t of its own change"),
    }
    if true_targets:
        columns["true_target"] = text("True target")
    file = "".join(letter if letter.isalnum() else "-" for letter in f"targets {result.contrast}")
    table(rows, file, columns, key="targets", height=380)


def _verdict(result: TargetResult, true_targets: set[str]) -> None:
    """The best candidate, how sure the ranking is, and where the true target stands if it is known."""
    best = result.table.row(0, named=True)
    columns = st.columns(4 if true_targets else 3)
    columns[0].metric("Best candidate", best["symbol"])
    columns[1].metric("Its q-value", number(best["q"]), help="False discovery rate at its score")
    columns[2].metric("Cells before and after", f"{result.n_before:,} and {result.n_after:,}")
    if not true_targets:
        return
    found = result.table.filter(pl.col("symbol").is_in(list(true_targets))).sort("rank")
    place = f"{found['rank'][0]} of {result.table.height:,}" if found.height else "not measured"
    columns[3].metric(f"Rank of the true target, {', '.join(sorted(true_targets))}", place)


def _keep(store: Store, before: str, after: str, options: dict[str, Any]) -> None:
    """Write the ranking into the store as a run, if the reader says so."""
    if store.read_only:
        return
    if st.button("Keep this ranking as a run", icon=":material/save:", key="keep"):
        with st.spinner("Writing ..."):
            kept = rank_targets(store, before, after, write=True, **options)
        st.success(f"Kept as {plain(str(kept.run))}.")
        st.page_link(
            "screens/runs.py", label="See the run", query_params={"run": str(kept.run)}, icon=":material/history:"
        )


if __name__ == "__main__":
    show(reading.the_store())
