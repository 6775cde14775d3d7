"""Knock-out: what changes if genes are perturbed. URL: genes, network, context, mode, model, show."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from perturbome.app import edges, reading
from perturbome.app.charts import effects_chart
from perturbome.app.choices import choose, choose_many, choose_network, choose_number
from perturbome.app.parts import bullets, figure, network_needed, provenance, table, text
from perturbome.app.theme import context_name, number
from perturbome.models.knockouts import KnockoutResult, knockout
from perturbome.models.registry import models
from perturbome.platform.store import Store

MODES = {"knockout": "knock-out", "knockdown": "knock-down", "activation": "activation"}


@st.cache_data(show_spinner=False, max_entries=64)
def _predicted(_store: Store, version: str, genes: tuple[str, ...], options: dict[str, Any]) -> KnockoutResult:
    return knockout(_store, genes, write=False, **options)


def show(store: Store) -> None:
    """The question, its answer as a chart and a table, and how far to trust it."""
    st.title("Knock-out", anchor=False)
    st.markdown("What would change if these genes were perturbed: predicted, beside a simple baseline.")
    networks = edges.networks(store)
    if network_needed(store, networks):
        return
    genes, options = _question(store, networks)
    if not genes:
        st.info("Name one gene or several above; several are perturbed together.", icon=":material/lightbulb:")
        return
    with st.spinner(f"Predicting the {MODES[options['mode']]} of {' and '.join(genes)} ..."):
        result = _predicted(store, reading.version(store), genes, options)
    _answer(store, result, options)


def _question(store: Store, networks: pl.DataFrame) -> tuple[tuple[str, ...], dict[str, Any]]:
    with st.container(border=True):
        first, second = st.columns([1, 1]), st.columns(3)
        with first[1]:
            dataset, run = choose_network(store, networks)
        with first[0]:
            genes = choose_many(
                "Genes",
                edges.regulators_first(store, run, dataset),
                "genes",
                hint="A gene, or several to perturb together",
            )
        with second[0]:
            context = choose("Cells", reading.contexts(store, dataset), "context", names=context_name)
        with second[1]:
            mode = choose("Mode", list(MODES), "mode", names=lambda mode: MODES[mode])
        with second[2]:
            known = {model.name: model.meaning for model in models("effect") if not model.baseline}
            model = choose("Model", list(known), "model", help="; ".join(f"{k}: {v}" for k, v in known.items()))
    return tuple(genes), {"dataset": dataset, "run": run, "context": context, "mode": mode, "model": model}


def _answer(store: Store, result: KnockoutResult, options: dict[str, Any]) -> None:
    _verdict(result.scores)
    bullets(result.said)
    genes = list(result.perturbation.targets)
    st.subheader("The strongest changes", anchor=False)
    most = choose_number("Genes shown", [15, 30, 60], "show", 15)
    shown = result.table.filter(~pl.col("symbol").is_in(genes)).head(most)
    st.plotly_chart(effects_chart(shown, result.scores["baseline_name"]), key="effects", config={"displaylogo": False})
    st.caption(" ".join(_own(row) for row in result.table.filter(pl.col("symbol").is_in(genes)).iter_rows(named=True)))
    _table(result)
    _keep(store, result, options)
    provenance(store, [options["run"], *reading.ingest_runs(store, options["dataset"])])


def _verdict(scores: dict[str, Any]) -> None:
    """One honest line: does the model beat its baseline where that could be measured?"""
    found = scores.get("pearson_delta")
    calibrated = "calibrated" if scores["calibrated"] else "not calibrated"
    if found is None:
        st.info(
            f"Nobody measured this perturbation here, so it cannot be checked. The interval is {calibrated}.",
            icon=":material/help:",
        )
        return
    model, baseline = found[scores["model"]], found["baseline"]
    columns = st.columns(4)
    measure = "Pearson correlation, over the other genes, of predicted and measured change"
    columns[0].metric(f"Model: {scores['model']}", number_or_dash(model), help=measure)
    columns[1].metric(f"Baseline: {scores['baseline_name']}", number_or_dash(baseline), help=measure)
    columns[2].metric("A replicate", number_or_dash(found["replicate"]), help="What a second experiment would reach")
    columns[3].metric("90 % interval", calibrated)
    if model is not None and (baseline is None or model > baseline):
        closer = f"{scores['model'].capitalize()} comes closer to the measurement than its baseline."
        st.success(closer, icon=":material/check_circle:")
    else:
        st.warning(
            "The model does not beat its baseline here: trust the baseline's markers over the bars.",
            icon=":material/warning:",
        )


def _own(row: dict[str, Any]) -> str:
    """What happens to a target itself, which is left out of the chart: it would dwarf the rest."""
    measured = "" if row["measured"] is None else f", measured {number(row['measured'])}"
    return f"{row['symbol']} itself, not drawn: imposed {number(row['delta'])}{measured}."


def number_or_dash(value: float | None) -> str:
    """Two digits of a correlation; a dash where there is none."""
    return "–" if value is None else f"{value:.2f}"


def _table(result: KnockoutResult) -> None:
    columns = {
        "symbol": text("Gene"),
        "delta": figure("Predicted change", f"{result.unit}, against control"),
        "lower": figure("Lower", "of the 90 % interval"),
        "upper": figure("Upper", "of the 90 % interval"),
        "baseline": figure(f"Baseline: {result.scores['baseline_name']}"),
        "measured": figure("Measured change"),
        "measured_error": figure("Its error", "standard error of the measured change"),
    }
    if result.table["measured"].is_null().all():
        columns = {name: column for name, column in columns.items() if not name.startswith("measured")}
    st.subheader("All genes", anchor=False)
    table(result.table, f"{result.perturbation.id.replace(':', '-')}", columns, key="effects", height=380)


def _keep(store: Store, result: KnockoutResult, options: dict[str, Any]) -> None:
    """Write the prediction into the store as a run, if the reader says so."""
    if store.read_only:
        return
    if st.button("Keep this prediction as a run", icon=":material/save:", key="keep"):
        with st.spinner("Writing ..."):
            kept = knockout(store, result.perturbation.targets, write=True, **options)
        st.success(f"Kept as {kept.run}.")
        st.page_link(
            "screens/runs.py", label="See the run", query_params={"run": str(kept.run)}, icon=":material/history:"
        )


if __name__ == "__main__":
    show(reading.the_store())
