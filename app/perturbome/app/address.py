"""What a page shows is in its URL: widgets are set from it, and write their values back into it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st


def asked(key: str) -> list[str]:
    """The values the URL gives under `key`, if it says something a widget has not written there itself."""
    values = st.query_params.get_all(key)
    if key in st.session_state and values == st.session_state.get(_written(key)):
        return []
    return values


def write(key: str, values: Sequence[str]) -> None:
    """Put a widget's values into the URL; none takes the key out."""
    if values:
        if st.query_params.get_all(key) != list(values):
            st.query_params[key] = list(values)
    elif key in st.query_params:
        del st.query_params[key]
    st.session_state[_written(key)] = list(values)


def go(key: str, value: str) -> None:
    """Lead this page to another value, as a link would, and draw it anew."""
    st.query_params[key] = value
    st.rerun()


def _written(key: str) -> str:
    return f"written to the URL: {key}"
