"""Likeness of conditions by hand: sums of targets, kinds and contexts kept apart, effects elsewhere."""

import numpy as np
import pytest

from perturbome.models.data import Condition
from perturbome.models.predictors.condition_kernels import condition_kernels, effects_elsewhere
from perturbome.models.predictors.features import Features, GeneGraph, GeneMatrix

from .conftest import GENES, divided, hidden_features, simulate

NAMES = (
    "knockout:G00::A549", "knockout:G01::A549", "knockout:G00+G01::A549", "knockdown:G00::K562",
    "activation:G00::A549", "compound:G00::A549",
)  # fmt: skip


def features():
    rng = np.random.default_rng(3)
    graph = GeneGraph(tuple(GENES), (rng.random((30, 30)) < 0.2).astype(float))
    text, go = (GeneMatrix(tuple(GENES), x) for x in (hidden_features(), rng.random((30, 9)) < 0.4))
    return Features({"text": text}, {"go": go}, {"string": graph}, {"grn": graph})


def test_combinations_are_sums_and_kinds_do_not_mix(transfer):
    found = condition_kernels([Condition.parse(n) for n in NAMES], transfer.training, features())
    for name, k in found.items():
        if name.endswith("in all contexts") and not name.startswith("effects"):
            assert k[2, 2] == pytest.approx(k[0, 0] + 2 * k[0, 1] + k[1, 1])
            assert k[2, 3] == pytest.approx(k[0, 3] + k[1, 3])
        assert not k[:4, 4:].any()
        assert not k[4, 5]
    assert found["same target, in all contexts"][0].tolist() == [1, 0, 1, 1, 0, 0]
    assert found["same target, in its context"][0].tolist() == [1, 0, 1, 0, 0, 0]
    more = np.array([0, 0, 1, 0])  # training holds singles only
    assert np.allclose(found["number of targets"][:4, :4], np.outer(more, more))


def test_all_are_kernels_blind_to_who_is_asked(transfer):
    conditions = [Condition.parse(n) for n in NAMES] + list(transfer.conditions)
    every = condition_kernels(conditions, transfer.training, features())
    some = condition_kernels(conditions[3:9], transfer.training, features())
    for name, k in every.items():
        assert np.linalg.eigvalsh(k).min() > -1e-8, name
        assert np.allclose(k[3:9, 3:9], some[name], atol=1e-8), name


def test_effects_elsewhere_leave_the_own_context_out():
    what = [(), (0,), (1,), (2,), (0, 1)]
    data = divided(
        simulate(what, ("A549", "HeLa", "K562")), lambda n: n in {"knockout:G02::K562", "knockout:G00+G01::HeLa"}
    )
    train = data.training
    centred = train.delta.copy()
    where = np.array([c.context.name for c in train.conditions])
    for w in set(where):
        centred[where == w] -= centred[where == w].mean(axis=0)
    row = {n[9:]: d for n, d in zip(train.names, centred, strict=True)}
    asked = [
        Condition.parse(f"knockout:{n}")
        for n in ("G02::K562", "G00::HeLa", "G00+G01::HeLa", "G01+G02::A549", "G05::A549")
    ]
    found = effects_elsewhere(asked, train)
    assert np.allclose(found[0], (row["G02::A549"] + row["G02::HeLa"]) / 2)
    assert np.allclose(found[1], (row["G00::A549"] + row["G00::K562"]) / 2)
    assert np.allclose(found[2], (row["G00+G01::A549"] + row["G00+G01::K562"]) / 2)
    assert np.allclose(found[3], (row["G01::HeLa"] + row["G01::K562"]) / 2 + row["G02::HeLa"])
    assert not found[4].any()
