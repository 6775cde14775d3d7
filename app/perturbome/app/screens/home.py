"""Overview: what is in the store, and what to do next."""

from __future__ import annotations

import polars as pl
import streamlit as st

from perturbome.app import edges, reading
from perturbome.app.parts import figure, text
from perturbome.app.theme import plural
from perturbome.platform.store import Store

FIRST_STEPS = """\
perturbome ingest experiment my-experiment.h5ad --store {store}
perturbome infer regulation my-experiment --store {store}"""


def show(store: Store) -> None:
    """Counts, data sets, and the doors to the other pages."""
    st.title("perturbome")
    st.markdown("A queryable map of what every perturbation does.")
    datasets = reading.datasets(store)
    if datasets.is_empty():
        _empty(store)
        return
    networks = edges.networks(store)
    _counts(store, datasets, networks)
    if networks.is_empty():
        st.info(
            "There is no regulatory network yet. Infer one, and the gene, knock-out and target pages come alive:",
            icon=":material/lightbulb:",
        )
        st.code(f"perturbome infer regulation {datasets['dataset'][0]} --store {store.path}", language="bash")
    else:
        _doors(store, networks)
    st.subheader("Data sets", anchor=False)
    _datasets(datasets)
    if not networks.is_empty():
        st.subheader("Networks", anchor=False)
        _networks(store, networks)
    st.caption(f"The store is {store.path}; its graph is answered by the {store.graph.engine} engine.")


def _empty(store: Store) -> None:
    state = "No experiment is in this store yet." if store.runs() else "This store is empty."
    st.info(f"{state} Put an experiment in and infer its network:", icon=":material/lightbulb:")
    st.code(FIRST_STEPS.format(store=store.path), language="bash")
    st.markdown("No experiment at hand? This simulates one and runs everything on it:")
    st.code(f"perturbome demo --store {store.path}", language="bash")
    st.caption("Then reload this page.")


def _counts(store: Store, datasets: pl.DataFrame, networks: pl.DataFrame) -> None:
    genes = reading.genes(store)
    counts = {
        "Data sets": datasets.height,
        "Cells": int(datasets["n_cells"].sum()),
        "Genes": genes.height,
        "Regulatory edges": int(networks["edges"].sum()),
        "Prior edges": int(edges.priors(store)["edges"].sum()),
        "Runs": len(store.runs()),
    }
    for column, (label, count) in zip(st.columns(len(counts)), counts.items(), strict=True):
        column.metric(label, f"{count:,}", border=True)


def _doors(store: Store, networks: pl.DataFrame) -> None:
    doors = (
        ("screens/gene.py", "Look up a gene", ":material/hub:", "Who regulates it, and what it regulates."),
        ("screens/knockout.py", "Knock out a gene", ":material/content_cut:", "What would change, beside a baseline."),
        ("screens/targets.py", "Find the cause", ":material/my_location:", "Which gene explains a change of state."),
        (
            "screens/compare.py",
            "Compare networks",
            ":material/compare_arrows:",
            "What two runs, times or types change.",
        ),
    )
    for column, (page, label, icon, meaning) in zip(st.columns(len(doors)), doors, strict=True):
        with column.container(border=True):
            st.page_link(page, label=f"**{label}**", icon=icon)
            st.caption(meaning)


def _datasets(datasets: pl.DataFrame) -> None:
    st.dataframe(
        datasets.select("dataset", "organism", "n_cells", "n_genes", "raw_state", "time_unit", "convention", "run"),
        hide_index=True,
        placeholder="–",
        column_config={
            "dataset": text("Data set"),
            "organism": text("Organism"),
            "n_cells": figure("Cells", format="localized"),
            "n_genes": figure("Genes", format="localized"),
            "raw_state": text("The file held", "counts, log1p or other; stored is log1p of counts per 10,000"),
            "time_unit": text("Time in"),
            "convention": text("Convention"),
            "run": text("Run"),
        },
    )


def _networks(store: Store, networks: pl.DataFrame) -> None:
    names = reading.run_names(store.runs())
    table = networks.group_by("run", "dataset", maintain_order=True).agg(
        pl.col("cell_type").n_unique().alias("cell_types"),
        pl.col("time").drop_nulls().n_unique().alias("times"),
        pl.col("edges").sum(),
        pl.col("regulators").max(),
    )
    st.dataframe(
        table.with_columns(pl.col("run").replace(names)),
        hide_index=True,
        placeholder="–",
        column_config={
            "run": text("Network"),
            "dataset": text("Data set"),
            "cell_types": figure("Cell types"),
            "times": figure("Times"),
            "edges": figure("Edges", format="localized"),
            "regulators": figure("Regulators", format="localized"),
        },
    )
    st.caption(f"{plural(table.height, 'network')}, the newest first.")


if __name__ == "__main__":
    show(reading.the_store())
