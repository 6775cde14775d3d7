"""Doses that were never measured: what is said of them, tried on models that tell doses apart and that do not."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from perturbome.models import predict, train
from perturbome.models.predictors.contract import Predicted
from perturbome.models.training.asked_doses import MOST_NAMED, dose_remarks
from perturbome.models.training.kept import load_model
from perturbome.platform import Perturbation

from .conftest import tiny

DRUGS = ["compound:J@0.1", "compound:J@1", "compound:K@1", "compound:M", "knockout:A"]


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    store = tiny(tmp_path_factory.mktemp("doses") / "tiny", DRUGS)
    [one] = train(store, "sum-of-single-effects", settings=["data.min_cells=2"])
    return store, load_model(store, one.run), one.run


@dataclass
class Graded:
    """A predictor whose answer is some function of the dose."""

    answer: Callable[[float], float]

    def predict(self, conditions):
        delta = np.array([[self.answer(c.dose)] * 3 for c in conditions])
        return Predicted(tuple(conditions), delta, None, ("graded",) * len(conditions))


def said(model, text, mode="compound"):
    return dose_remarks(model, [Perturbation.parse(text, mode)], model.data.contexts)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("J@5", "J at dose 5 was not measured; training holds J at 0.1, 1. {} answers as for 1."),
        ("J@0.3", "J at dose 0.3 was not measured; training holds J at 0.1, 1. {} answers as for 0.1."),
        ("J", "J without a dose was not measured; training holds J at 0.1, 1. {} answers as for 0.1."),
        ("K@5", "K at dose 5 was not measured; training holds K at 1. {} answers as for 1."),
        ("M@5", "M at dose 5 was not measured; training holds M without doses. {} answers as for no dose."),
        ("L@5", "L at dose 5 was not measured; training holds compound of others at 0.1, 1. {} does not tell doses "
                "apart: it answers the same for each."),
        ("knockdown:A@2", "A at dose 2 was not measured; training holds nothing of this mode. {} answers as for no "
                          "dose."),
    ],
)  # fmt: skip
def test_what_was_measured_and_as_for_which_dose_it_answers(asked, text, sentence):
    assert said(asked[1], text) == [sentence.format("'sum of single effects'")]


@pytest.mark.parametrize("text", ["J@1", "K@1", "M", "L", "L@1", "knockout:A", "knockout:B+A", "knockdown:B"])
def test_of_doses_that_were_measured_and_of_no_doses_nothing_is_said(asked, text):
    assert said(asked[1], text) == []


@pytest.mark.parametrize(
    ("answer", "dose", "end"),
    [
        (float, 5, "answers unlike for any of these doses, and no measurement stands behind it."),
        (np.ceil, 0.5, "does not tell doses apart: it answers the same for each."),
        (np.floor, 1.5, "answers as for 1."),
        (np.floor, 0.5, "answers as for 0.1."),
    ],
)
def test_a_model_that_tells_doses_apart(asked, answer, dose, end):
    graded = replace(asked[1], name="graded", predictor=Graded(answer))
    assert said(graded, f"J@{dose}")[0].endswith(f"J at 0.1, 1. 'graded' {end}")


def test_of_many_a_few_are_named(asked):
    many = [Perturbation((f"L{i}",), "compound", 7.0) for i in range(MOST_NAMED + 3)]
    found = dose_remarks(asked[1], [*many, many[0]], asked[1].data.contexts)
    assert len(found) == MOST_NAMED + 1
    assert found[-1].startswith("3 more perturbations")


def test_predicting_says_so(asked):
    store, _, run = asked
    found = predict(store, run, "J", dose=5.0, write=False)
    assert list(found.how) == ["compound:J@5::all"]
    assert any("J at dose 5 was not measured" in s for s in found.said)
