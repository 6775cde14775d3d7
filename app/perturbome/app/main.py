"""The app's entry: one navigation over five pages. Start it with `perturbome app`."""

from __future__ import annotations

import streamlit as st

from perturbome.app.parts import errors_as_sentences

st.set_page_config(page_title="perturbome", page_icon=":material/hub:", layout="wide")
page = st.navigation(
    [
        st.Page("pages/home.py", title="Overview", icon=":material/home:", default=True),
        st.Page("pages/gene.py", title="Gene", icon=":material/hub:"),
        st.Page("pages/knockout.py", title="Knock-out", icon=":material/content_cut:"),
        st.Page("pages/targets.py", title="Targets", icon=":material/my_location:"),
        st.Page("pages/runs.py", title="Runs", icon=":material/history:"),
    ]
)
with errors_as_sentences():
    page.run()
