"""The app's entry: one navigation over six pages. Start it with `perturbome app`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from perturbome.app.parts import errors_as_sentences
from perturbome.app.theme import STYLE

ICON = str(Path(__file__).with_name("icon.svg"))
st.set_page_config(page_title="perturbome", page_icon=ICON, layout="wide")
st.logo(ICON, size="large")
st.html(STYLE)
page = st.navigation(
    [
        st.Page("screens/home.py", title="Overview", icon=":material/home:", default=True),
        st.Page("screens/gene.py", title="Gene", icon=":material/hub:"),
        st.Page("screens/knockout.py", title="Knock-out", icon=":material/content_cut:"),
        st.Page("screens/targets.py", title="Targets", icon=":material/my_location:"),
        st.Page("screens/compare.py", title="Compare", icon=":material/compare_arrows:"),
        st.Page("screens/runs.py", title="Runs", icon=":material/history:"),
    ],
    position="top",
)
with errors_as_sentences():
    page.run()
