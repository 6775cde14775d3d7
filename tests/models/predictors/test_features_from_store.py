"""What the store knows comes out by symbol, once, and never from cells that are tested."""

import numpy as np
import polars as pl
import pytest

from perturbome.models.data import from_arrays, unseen_single
from perturbome.models.predictors.features_from_store import features_from_store, seen_by
from perturbome.models.predictors.prior_kernel import PriorKernel
from perturbome.platform import Store
from perturbome.platform.errors import ModelError, UnknownName

from .conftest import GENES, simulate

EDGES = [  # prior, source, target, directed, sign, score
    ("string", "G00", "G01", False, 0, 0.9), ("string", "G00", "G01", False, 0, 0.5),
    ("string", "G01", "G02", False, 0, 0.2), ("string", "G02", "G03", False, 0, 0.7),
    ("collectri", "G00", "G05", True, -1, 1.0), ("collectri", "G00", "G00", True, 1, 1.0),
    ("collectri", "G01", "G05", True, 0, 0.6),
]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Thirty genes, two priors, one collection, and regulation inferred from controls and from all cells."""
    store = Store(tmp_path_factory.mktemp("features") / "study")
    with store.run("ingest", name="study", datasets=["arrays"]) as run:
        genes = run.register_genes(GENES, organism="human", dataset="arrays", gene_index="position")
        ids = dict(zip(GENES, genes["gene"], strict=True))
        keys = dict(zip(GENES, genes["key"], strict=True))
        run.write(
            "datasets",
            pl.DataFrame(
                {
                    "dataset": ["arrays"], "organism": ["human"], "n_cells": [0], "n_genes": [30],
                    "expression_unit": ["log1p of counts per 10,000"], "raw_state": ["log1p"],
                }
            ),
        )  # fmt: skip

    def ends(edges):
        return {
            "source": [ids[a] for a, _ in edges], "target": [ids[b] for _, b in edges],
            "source_key": [keys[a] for a, _ in edges], "target_key": [keys[b] for _, b in edges],
        }  # fmt: skip

    with store.run("ingest", name="prior") as run:
        prior, a, b, directed, sign, score = zip(*EDGES, strict=True)
        rows = {"prior": prior, **ends(list(zip(a, b, strict=True))), "directed": directed, "score": score}
        run.write("priors", pl.DataFrame({**rows, "sign": pl.Series(sign, dtype=pl.Int8)}))
        members = [("one", "G00"), ("one", "G01"), ("two", "G01"), ("two", "G01")]
        sets = {"gene_set": [s for s, _ in members], "gene": [ids[g] for _, g in members]}
        run.write("gene_sets", pl.DataFrame({"collection": ["go"] * 4, **sets}))
    with store.run("ingest", name="prior of another organism") as run:
        mice = run.register_genes(["Aa", "Bb"], organism="mouse", dataset="arrays", gene_index="position")
        edge = {
            "source": mice["gene"][0], "target": mice["gene"][1], "source_key": mice["key"][0],
            "target_key": mice["key"][1], "score": 1.0,
        }  # fmt: skip
        both = [{"prior": f"mouse {d}", **edge, "directed": d} for d in (True, False)]
        run.write("priors", pl.DataFrame(both).with_columns(sign=pl.lit(1, dtype=pl.Int8)))
    for cells in ("control", "all"):
        with store.run("infer", name="regulation", datasets=["arrays"], configuration={"cells": cells}) as run:
            edges = {"dataset": "arrays", **ends([("G00", "G07"), ("G00", "G07")]), "cell_type": ["x", "y"]}
            weights = {"weight": [0.5, 0.25], "sign": pl.Series([1, 1], dtype=pl.Int8)}
            run.write("regulation", pl.DataFrame({**edges, **weights}))
    return store


@pytest.fixture(scope="module")
def data():
    data = from_arrays(**simulate([(), *((i,) for i in range(10))]))
    return data.with_split(unseen_single(data.conditions, seed=0))


def regulation(store, cells):
    return next(r.id for r in store.runs("infer") if r.configuration["cells"] == cells)


def test_priors_gene_sets_and_loadings_by_symbol(store, data):
    found = features_from_store(store, data)
    assert (set(found.networks), set(found.regulation)) == ({"string"}, {"collectri"})  # none of another organism
    string, collectri, go = found.networks["string"], found.regulation["collectri"], found.gene_sets["go"]
    assert string.genes == ("G00", "G01", "G02", "G03")  # 0.2 is too little
    assert string.weights[0, 1] == pytest.approx(0.9)  # the surest of two
    assert string.weights.nnz == 2
    assert collectri.genes == ("G00", "G01", "G05")
    assert np.allclose(collectri.weights.toarray(), [[0, 0, -1], [0, 0, 0.6], [0, 0, 0]])
    assert np.array_equal(go.of(["G00", "G01", "G02"]).toarray(), [[1, 0], [1, 1], [0, 0]])
    assert found.embeddings["control loadings"].genes == tuple(GENES)
    assert not features_from_store(store, data, loadings=0).embeddings


def test_regulation_is_summed_and_refused_where_it_saw_the_test(store, data):
    blind = regulation(store, "control")
    found = features_from_store(store, data, regulation_runs=(blind,)).regulation[f"inferred {blind}"]
    assert found.weights.sum() == pytest.approx(0.75)
    with pytest.raises(ModelError, match="holds out"):
        features_from_store(store, data, regulation_runs=(regulation(store, "all"),))
    with pytest.raises(UnknownName, match="regulation run"):
        features_from_store(store, data, regulation_runs=("nothing",))


def test_what_a_run_left_out_it_has_not_seen(data):
    ids = [name.split("::")[0] for name in data.split.test]
    assert seen_by({"leave_out": ids}, data) == []
    assert seen_by({"leave_out": ids[1:]}, data) == [data.split.test[0]]
    assert seen_by({"dataset": "another"}, data) == []


def test_they_fit_a_predictor(store, data):
    model = PriorKernel()
    report = model.fit(data.hidden(), features_from_store(store, data.hidden()))
    assert any("control loadings" in name for name in report.numbers)
    assert np.isfinite(model.predict(data.test.conditions).delta).all()


def test_another_data_set_is_refused(store, data):
    with pytest.raises(UnknownName, match="arrays"):
        features_from_store(store, from_arrays(**simulate([(), (0,)]), dataset="array"))


def test_what_inferred_regulation_saw_is_said_in_the_report(store, data):
    assert features_from_store(store, data).said == ()
    known = features_from_store(store, data, regulation_runs=(regulation(store, "control"),))
    assert len(known.said) == 1
    assert "all control cells" in known.said[0]
    assert known.said[0] in PriorKernel().fit(data.hidden(), known).said
