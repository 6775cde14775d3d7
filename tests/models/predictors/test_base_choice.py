"""The simplest baseline that is not surely worse; none that lacks what it needs."""

import numpy as np

from perturbome.models.data import Split
from perturbome.models.predictors.base_choice import choose_simplest, closed_form_baselines
from perturbome.models.predictors.features import Features, GeneMatrix
from perturbome.models.predictors.registry import PREDICTORS

from .conftest import GENES, hidden_features


def test_the_least_error_wins_where_it_is_surely_less():
    noise = np.random.default_rng(0).exponential(size=30)
    errors = {"simple": noise + 1, "better": noise, "slightly better": noise - 0.001}
    assert choose_simplest(errors, np.arange(30)) == ("slightly better", "slightly better")
    wild = np.random.default_rng(1).normal(size=30)
    wild -= wild.mean()
    errors = {"simple": noise + 0.01, "better": noise + 0.1 * wild}
    assert choose_simplest(errors, np.arange(30)) == ("simple", "better")
    assert choose_simplest({"alone": noise}, np.arange(30)) == ("alone", "alone")


def test_the_rule_is_one_standard_error_of_the_paired_difference():
    apart = np.array([1.0, -1.0, 2.0, 0.0])
    bound = apart.std(ddof=1) / 2  # of the mean of four
    for shift, chosen in ((bound - 1e-6, "simple"), (bound + 1e-6, "best")):
        errors = {"simple": 10 + apart - apart.mean() + shift, "best": np.full(4, 10.0)}
        assert choose_simplest(errors, np.arange(4))[0] == chosen


def test_conditions_of_one_unit_count_as_one():
    rng = np.random.default_rng(2)
    apart, base = rng.normal(size=8), np.ones(8)
    apart += 0.9 * apart.std(ddof=1) / np.sqrt(8) - apart.mean()
    one = choose_simplest({"simple": base + apart, "best": base}, np.arange(8))
    ten = choose_simplest({"simple": np.tile(base + apart, 10), "best": np.tile(base, 10)}, np.tile(np.arange(8), 10))
    assert one == ten == ("simple", "best")


def test_baselines_that_lack_what_they_need_do_not_stand(singles, doubles, transfer):
    text = Features(embeddings={"text": GeneMatrix(tuple(GENES), hidden_features())})

    def names(data, features):
        return [r.name for r in closed_form_baselines(data.hidden(), features)]

    plain = names(singles, Features())
    assert plain == [n for n in PREDICTORS if n in plain]  # in the registry's order
    assert {"no change", "perturbed mean", "bilinear ridge"} <= set(plain)
    assert not {"matching mean", "mean shift", "feature kernel ridge", "prior kernel"} & set(plain)
    assert not {"feature random forest", "latent additive"} & set(names(singles, text))
    assert "feature kernel ridge" in names(singles, text)
    assert {"matching mean", "sum of single effects"} <= set(names(doubles, Features()))
    assert "scaled mean shift" in names(transfer, Features())


def test_sums_that_differ_by_rounding_leave_the_simplest():
    noise = np.random.default_rng(3).exponential(size=20)
    errors = {"simple": noise * (1 + 3e-16), "same": noise, "same again": noise * (1 - 3e-16)}
    assert choose_simplest(errors, np.arange(20)) == ("simple", "simple")


def test_a_test_side_in_another_context_is_enough_to_be_judged_beside_the_shifts(transfer):
    one = [n for n in transfer.split.train if n.endswith("A549")]
    other = [n for n in transfer.names if n.endswith("K562")]
    data = transfer.with_split(Split("told", "unseen context", one, (), other)).hidden()
    shifts = {"copied shift", "mean shift", "scaled mean shift"}
    assert not shifts & {r.name for r in closed_form_baselines(data, Features())}
    assert shifts <= {r.name for r in closed_form_baselines(data, Features(), tested=True)}
