"""Choices a reader makes on a page, each kept in the URL under its key."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl
import streamlit as st

from perturbome.app import address
from perturbome.app.markdown import plain
from perturbome.platform.store import Store


def choose(
    label: str, options: Sequence[str], key: str, *, names: Callable[[str], str] = str, help: str | None = None
) -> str:
    """One of several; the first where the URL says nothing. A link that names something unknown is told so."""
    found = _known(label, options, key)
    if found:
        st.session_state[key] = found[0]
    value = st.selectbox(label, options, key=key, format_func=names, help=help)
    address.write(key, [value])
    return str(value)


def choose_free(
    label: str, options: Sequence[str], key: str, *, first: str | None = None, hint: str = "", help: str | None = None
) -> str | None:
    """One of several, or whatever the reader types; None where nothing was chosen."""
    found = address.asked(key)
    if found:
        st.session_state[key] = found[0]
    elif key not in st.session_state:
        st.session_state[key] = first
    value = st.selectbox(
        label, options, index=None, key=key, placeholder=hint, help=help, accept_new_options=True, filter_mode="prefix"
    )
    address.write(key, [value] if value else [])
    return value


def choose_many(label: str, options: Sequence[str], key: str, *, hint: str = "") -> list[str]:
    """Any number of several, or whatever the reader types."""
    found = address.asked(key)
    if found:
        st.session_state[key] = found
    values = st.multiselect(
        label, options, key=key, placeholder=hint, accept_new_options=True, filter_mode="prefix", select_all=False
    )
    address.write(key, values)
    return values


def choose_number(label: str, options: Sequence[int], key: str, first: int) -> int:
    """One of a few numbers."""
    found = _known(label, [str(option) for option in options], key)
    if found or key not in st.session_state:
        st.session_state[key] = int(found[0]) if found else first
    value = int(st.segmented_control(label, options, key=key, required=True) or first)
    address.write(key, [str(value)])
    return value


def choose_whether(label: str, key: str, *, first: bool = False, help: str | None = None) -> bool:
    """Yes or no."""
    found = address.asked(key)
    if found or key not in st.session_state:
        st.session_state[key] = found[0] == "yes" if found else first
    value = st.toggle(label, key=key, help=help)
    address.write(key, ["yes" if value else "no"])
    return value


def choose_network(store: Store, networks: pl.DataFrame) -> tuple[str, str]:
    """The network to read, by its run: the data set and the run."""
    datasets = dict(networks.unique("run", keep="first", maintain_order=True).select("run", "dataset").iter_rows())
    started = {run.id: run.started for run in store.runs("infer")}
    names = {run: f"{dataset}, inferred {started[run]:%d %b %Y %H:%M:%S}" for run, dataset in datasets.items()}
    run = choose("Network", list(datasets), "network", names=names.__getitem__)
    return datasets[run], run


def _known(label: str, options: Sequence[str], key: str) -> list[str]:
    """What the URL asks for, as far as it is one of the options; a warning otherwise."""
    found = address.asked(key)
    if not found or found[0] in options:
        return found
    st.warning(f"The link asks for the {label.lower()} '{plain(found[0])}', which is not here; another one is shown.")
    return []
