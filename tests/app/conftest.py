"""A small real store: simulated cells, their network, one prior; made once and only read by the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from perturbome.ingest.experiment.add import add_experiment
from perturbome.ingest.priors.add import add_prior
from perturbome.ingest.regulation.infer import infer_regulation
from perturbome.ingest.simulation.experiment import simulate
from perturbome.platform.store import Store

MAIN = Path(__file__).parents[2] / "app" / "perturbome" / "app" / "main.py"


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """400 cells, 30 genes, 4 knock-outs at 3 times; their network; its true edges as a prior."""
    folder = tmp_path_factory.mktemp("app")
    experiment = simulate(n_cells=400, n_genes=30, n_knockouts=4, seed=3)
    data, prior = folder / "small.h5ad", folder / "truth.tsv"
    experiment.write(data)
    experiment.network.select("source", "target").head(40).write_csv(prior, separator="\t")
    store = Store(folder / "store")
    add_experiment(store, data, dataset="small", organism="human")
    add_prior(store, prior, organism="human")
    regulators = experiment.network["source"].unique().sort().to_list()
    infer_regulation(store, "small", regulators=regulators, by_cell_type=False, n_bootstraps=10)
    return store


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """No test sees what another one kept."""
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


Opens = Callable[..., AppTest]


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> Opens:
    """Open a screen of the app on a store, as a link with these parameters would."""

    def at(store: Store | Path, screen: str | None = None, **query: str | list[str]) -> AppTest:
        monkeypatch.setenv("PERTURBOME_STORE", str(store.path if isinstance(store, Store) else store))
        monkeypatch.setenv("PERTURBOME_APP_READ_ONLY", "1")
        app = AppTest.from_file(str(MAIN), default_timeout=120).run()
        if screen is not None:
            app.switch_page(f"screens/{screen}.py")
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception, [e.value for e in app.exception]
        return app

    return at


@pytest.fixture
def said() -> Callable[[AppTest], str]:
    """All that a screen says in words, to search in."""

    def words(app: AppTest) -> str:
        kinds = (
            app.title,
            app.subheader,
            app.markdown,
            app.caption,
            app.info,
            app.warning,
            app.error,
            app.success,
            app.code,
        )
        return "\n".join(str(element.value) for kind in kinds for element in kind)

    return words
