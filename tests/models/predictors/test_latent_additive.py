"""B7: the network against numpy by hand, its loss against the formula, and what it learns against known truth."""

import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from perturbome.models.data import Condition, from_arrays  # noqa: E402
from perturbome.models.predictors import latent_additive  # noqa: E402
from perturbome.models.predictors.averages import PerturbedMean  # noqa: E402
from perturbome.models.predictors.latent_additive import LatentAdditive, multi_hot  # noqa: E402
from perturbome.models.predictors.latent_lessons import judge_of, lessons  # noqa: E402
from perturbome.models.predictors.latent_network import LatentNetwork  # noqa: E402
from perturbome.models.predictors.registry import make_predictor  # noqa: E402
from perturbome.models.training.memory import Memory  # noqa: E402
from perturbome.platform.errors import MissingExtra, ModelError  # noqa: E402

from .conftest import GENES, divided, simulate  # noqa: E402

QUICK = {"width": 32, "n_latent": 8, "passes": 60, "dropout": 0.0, "learning_rate": 3e-3}
PAIRS = [(0, 1), (2, 3), (4, 5), (6, 7), (0, 3), (1, 2)]
TESTED = {"knockout:G00+G01::A549", "knockout:G04+G05::A549"}


@pytest.fixture(scope="module")
def screen():
    """Eight singles and six doubles in two cell types; tested: two doubles in one of them, validated: one."""
    arguments = simulate([(), *((i,) for i in range(8)), *PAIRS], ("A549", "K562"), cells=12)
    return divided(arguments, lambda name: name in TESTED, ("knockout:G02+G03::A549",))


def targets_of(data):
    return sorted({("loss", t) for c in data.training.conditions for t in c.targets})


def made(seed=0, softplus=True, n_layers=1):
    torch.manual_seed(seed)
    return LatentNetwork(5, 3, 4, 2, n_layers, 0.5, softplus).double().eval()


def by_hand(network, part, x):
    """Linear, normalised, rectified, linear: in numpy."""
    w = {k.removeprefix(f"{part}."): v.numpy() for k, v in network.state_dict().items() if k.startswith(part)}
    h = x @ w["0.weight"].T + w["0.bias"]
    h = (h - h.mean(axis=1, keepdims=True)) / np.sqrt(h.var(axis=1, keepdims=True) + 1e-5)
    h = np.maximum(h * w["1.weight"] + w["1.bias"], 0)
    return h @ w["4.weight"].T + w["4.bias"]


def profile(network, x, p):
    code = by_hand(network, "of_control", x) + by_hand(network, "of_targets", p)
    return np.log1p(np.exp(by_hand(network, "decoder", code)))


def test_the_network_is_the_formula():
    network, rng = made(), np.random.default_rng(0)
    x, p = rng.gamma(2, 1, (6, 5)), rng.integers(0, 2, (6, 3)).astype(float)
    found = network(torch.from_numpy(x), torch.from_numpy(p)).detach().numpy()
    assert np.allclose(found, profile(network, x, p))
    change = network.change(torch.from_numpy(x), torch.from_numpy(p)).detach().numpy()
    for row, q in zip(change, p, strict=True):
        same = np.repeat(q[None], len(x), axis=0)
        assert np.allclose(row, (profile(network, x, same) - profile(network, x, 0 * same)).mean(axis=0))
    assert not network.change(torch.from_numpy(x), torch.zeros(1, 3).double()).detach().numpy().any()


@pytest.mark.parametrize("softplus", [True, False])
def test_it_starts_at_the_mean_where_the_code_says_nothing(softplus):
    network, mean = made(softplus=softplus, n_layers=0), torch.tensor([0.0, 0.5, 3.0, 19.0, 40.0]).double()
    network.start_at(mean)
    with torch.no_grad():
        network.decoder.last.weight.zero_()
        found = network(torch.rand(2, 5).double(), torch.zeros(2, 3).double())
    assert np.allclose(found.numpy(), mean.numpy(), atol=2e-3 if softplus else 0)


def test_the_loss_of_means_is_the_weighted_error_however_it_is_shared(screen):
    data = screen.hidden()
    targets, table = targets_of(data), data.training
    torch.manual_seed(0)
    network = LatentNetwork(len(GENES), len(targets), 8, 4, 1, 0.0, True).eval()
    lesson = lessons(data, targets, "means", 1000, 0, 1)
    [whole] = lesson.batches(0, (0, 1))
    control = np.array([data.control(c) for c in data.contexts])
    start = np.vstack([table.control, control])
    p = np.vstack([multi_hot(table.conditions, targets), np.zeros((2, len(targets)))])
    truth, weight = np.vstack([table.mean, control]), np.r_[table.weights(), 1, 1]
    with torch.no_grad():
        found = network(torch.from_numpy(start).float(), torch.from_numpy(p).float()).numpy()
        expected = np.average(((found - truth) ** 2).mean(axis=1), weights=weight)
        assert float(lesson.loss(network, whole)) == pytest.approx(expected, rel=1e-5)
        for n in (2, 3, 50):
            shares = [float(lesson.loss(network, b)) for i in range(n) for b in lesson.batches(0, (i, n))]
            assert np.mean(shares) == pytest.approx(expected, rel=1e-5)
        small = lessons(data, targets, "means", 7, 0, 1)
        rows = np.concatenate([b[2].numpy() for b in small.batches(3, (0, 1))])
        assert len(rows) == len(truth)
        assert np.allclose(np.sort(rows.sum(axis=1)), np.sort(truth.sum(axis=1)), rtol=1e-5)


def test_cells_weigh_as_much_as_their_conditions_and_start_from_their_own_controls(screen):
    data = screen.hidden()
    targets = targets_of(data)
    lesson = lessons(data, targets, "cells", 50, 0, 5)
    passes = [list(lesson.batches(0, (i, 2))) for i in (0, 1)]
    assert len(passes[0]) == len(passes[1])
    x, _, y, _ = (torch.cat([b[k] for b in lesson.batches(0, (0, 1))]).numpy() for k in range(4))
    n_cells = sum(len(data.cells.rows(int(i))) for i in data.rows(data.training.names))
    n_controls = [len(data.cells.control_rows(c, 1)) for c in range(2)]
    assert len(y) == n_cells + sum(n_controls)
    controls = [data.cells.expression[data.cells.control_rows(c, 1)].toarray() for c in range(2)]
    own = {tuple(row): c for c in range(2) for row in np.round(controls[c], 4)}
    started = np.array([own[tuple(row)] for row in np.round(x, 4)])
    assert set(started) == {0, 1}
    [whole] = lessons(data, targets, "cells", 10_000, 0, 5).batches(0, (0, 1))
    weight = whole[3].numpy()
    assert weight.sum() == pytest.approx(1, rel=1e-5)
    control = ~whole[1].numpy().any(axis=1)
    k, n = data.training.cells_per_weight(), data.training.n
    share = 2 / (2 + (n / (n + k)).sum())
    assert weight[control].sum() == pytest.approx(share, rel=1e-4)
    assert lesson.states.shape == (10, len(GENES))
    assert lesson.of_state.tolist() == [0] * 5 + [1] * 5


@pytest.mark.parametrize("learn_from", ["means", "cells"])
def test_it_learns_effects_and_adds_them(screen, learn_from):
    options = {**QUICK, "passes": 200} if learn_from == "means" else {**QUICK, "passes": 25, "batch_size": 32}
    predictor, mean = LatentAdditive(learn_from=learn_from, **options), PerturbedMean()
    report = predictor.fit(screen.hidden(), seed=1)
    mean.fit(screen.hidden())
    asked, truth = screen.test.conditions, screen.test.delta
    found = predictor.predict(asked)
    error = ((found.delta - truth) ** 2).mean()
    assert error < 0.6 * ((mean.predict(asked).delta - truth) ** 2).mean()
    assert set(found.how) == {"latent additive"}
    assert report.curve[-1]["loss"] < report.curve[0]["loss"]
    assert report.numbers["best pass"] <= report.numbers["passes"] == len(report.curve)
    assert min(row["judged"] for row in report.curve) == report.numbers["judged of the best pass"]


def test_the_judge_is_the_weighted_error_of_changes():
    """Of two validation conditions the one with a quarter of the cells weighs less."""
    arguments = simulate([(), *((i,) for i in range(8)), (0, 1), (2, 3)], cells=12)
    few = np.flatnonzero(np.array(arguments["perturbation"]) == "knockout:G02+G03")[3:]
    for name in ("perturbation", "cell_type", "names"):
        arguments[name] = np.delete(np.array(arguments[name]), few).tolist()
    arguments["x"] = np.delete(arguments["x"], few, axis=0)
    validated = ("knockout:G00+G01::A549", "knockout:G02+G03::A549")
    data = divided(arguments, lambda name: "G07" in name, validated).hidden()
    predictor = LatentAdditive(**{**QUICK, "passes": 3})
    report = predictor.fit(data, seed=2)
    table = data.validation
    error = ((predictor.predict(table.conditions).delta - table.delta) ** 2).mean(axis=1)
    weight = table.weights(data.training.cells_per_weight())
    assert weight[0] > weight[1]
    assert report.numbers["judged of the best pass"] == pytest.approx(np.average(error, weights=weight), rel=1e-4)
    lesson = lessons(data, [], "means", 10, 0, 1)
    assert judge_of(data, [], lesson) is None


def test_the_seed_decides(screen):
    asked = screen.test.conditions
    found = []
    for seed in (1, 1, 2):
        predictor = LatentAdditive(**{**QUICK, "passes": 3, "dropout": 0.3})
        predictor.fit(screen.hidden(), seed=seed)
        found.append(predictor.predict(asked).delta)
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_a_context_known_by_its_controls_alone_is_answered_and_said():
    arguments = simulate([(), *((i,) for i in range(6))], ("A549", "K562"), cells=12)
    data = divided(arguments, lambda name: name.endswith("K562"))
    predictor = LatentAdditive(**{**QUICK, "passes": 5})
    report = predictor.fit(data.hidden())
    found = predictor.predict([Condition.parse(f"knockout:{t}::K562") for t in ("G00", "G00+G20", "G20")])
    assert found.how[:2] == (
        "latent additive from other contexts",
        "latent additive from other contexts without a target that was not perturbed in training",
    )
    assert "as no target was perturbed in training" in found.how[2]
    assert np.isfinite(found.delta).all()
    assert any("There is no validation side" in s for s in report.said)


def test_behind_a_gate_nothing_is_learned_twice(screen, monkeypatch):
    memory = Memory()
    options = {**QUICK, "passes": 4, "memory": memory}
    one = make_predictor("gated latent additive", **options)
    one.fit(screen.hidden(), seed=3)
    assert len(memory.finished) > 1  # the folds' and the last one's
    monkeypatch.setattr(latent_additive.LatentAdditive, "_learned", lambda *_: pytest.fail("learned again"))
    two = make_predictor("gated latent additive", **{**options, "memory": Memory.of_arrays(memory.arrays())})
    two.fit(screen.hidden(), seed=3)
    asked = screen.test.conditions
    assert one.predict(asked).delta.tobytes() == two.predict(asked).delta.tobytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"width": 0}, "width of 1 or more, not 0"), ({"dropout": 1.0}, "a dropout from 0 to below 1"),
        ({"learning_rate": 0.0}, "a learning rate above 0"), ({"patience": 0}, "patience of 1 or more"),
        ({"learning_rate": 1e30, "softplus": False, "passes": 50}, "Lower the learning rate"),
    ],
)  # fmt: skip
def test_options_out_of_range(screen, options, said):
    with pytest.raises(ModelError, match=said):
        LatentAdditive(**{**QUICK, **options}).fit(screen.hidden())


def test_expression_below_zero_wants_no_softplus():
    rng = np.random.default_rng(0)
    labels = ["control"] * 20 + [f"knockout:G{i}" for i in range(4) for _ in range(5)]
    data = from_arrays(rng.normal(size=(40, 6)), labels, [f"G{i}" for i in range(6)], n_genes=None)
    data = divided_by_name(data, "knockout:G3")
    with pytest.raises(ModelError, match=r"Set model\.softplus=false"):
        LatentAdditive(**QUICK).fit(data.hidden())
    LatentAdditive(**{**QUICK, "softplus": False, "passes": 2}).fit(data.hidden())


def divided_by_name(data, held):
    from perturbome.models.data import Split

    test = [n for n in data.names if n.startswith(held)]
    return data.with_split(Split("told", "given", tuple(n for n in data.names if n not in test), (), tuple(test)))


def test_without_torch_it_says_what_to_install(screen, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"perturbome\[models\]"):
        LatentAdditive(**QUICK).fit(screen.hidden())
