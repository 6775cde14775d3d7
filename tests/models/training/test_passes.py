"""The loop of passes: it finds what least squares finds, stops where judged, and goes on as if never interrupted."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from perturbome.models.training import passes  # noqa: E402
from perturbome.models.training.passes import Plan, learn, take_up, weights_of  # noqa: E402
from perturbome.platform.errors import ModelError, StoreError  # noqa: E402

PLAN = Plan(passes=12, learning_rate=0.05, weight_decay=0.0, patience=5)


def problem(seed=0):
    rng = np.random.default_rng(seed)
    x, truth = rng.normal(size=(40, 3)), rng.normal(size=(3, 2))
    return torch.from_numpy(x).float(), torch.from_numpy(x @ truth + 0.1 * rng.normal(size=(40, 2))).float()


def network(dropout=0.0):
    torch.manual_seed(5)
    return torch.nn.Sequential(torch.nn.Dropout(dropout), torch.nn.Linear(3, 2, bias=False))


def batches(number, share):
    x, y = problem()
    order = torch.from_numpy(np.random.default_rng(number).permutation(40))
    for rows in order.split(10):
        yield x[rows], y[rows]


def loss(net, batch):
    return (net(batch[0]) - batch[1]).square().mean()


def test_it_finds_what_least_squares_finds():
    net, (x, y) = network(), problem()
    done = learn(net, lambda *_: [(x, y)], loss, None, Plan(600, 0.05, 0.0, 5), 0)
    expected = np.linalg.lstsq(x.numpy(), y.numpy(), rcond=None)[0].T
    assert np.allclose(weights_of(net)["1.weight"], expected, atol=1e-3)
    assert len(done.curve) == done.best == 600
    assert done.curve[-1]["loss"] == pytest.approx(
        float((y - x @ torch.from_numpy(expected).T).square().mean()), rel=1e-3
    )
    assert (done.device, done.processes, done.went_on_from) == (
        "cpu" if not torch.cuda.is_available() else done.device,
        1,
        0,
    )


def test_the_best_judged_pass_is_kept_and_patience_ends_it():
    judged, seen = iter([5.0, 3.0, 4.0, 3.0, 6.0, 7.0, 8.0, 1.0]), []

    def judge(net):
        seen.append(weights_of(net)["1.weight"])
        return next(judged)

    net = network()
    done = learn(net, batches, loss, judge, Plan(100, 0.05, 0.0, 5), 0)
    assert done.best == 2  # the first of equals
    assert len(done.curve) == 7
    assert np.array_equal(weights_of(net)["1.weight"], seen[1])
    assert not np.array_equal(seen[1], seen[-1])


@pytest.mark.parametrize("every", [0.0, 3600.0])
@pytest.mark.parametrize("judged", [False, True])
def test_interrupted_and_gone_on_is_never_interrupted(tmp_path, monkeypatch, judged, every):
    """With dropout, so that random draws have to go on as well; in the middle of a pass, long before a note is due."""
    monkeypatch.setattr(passes, "SAVE_EVERY", every)
    judge = (lambda net: -float((weights_of(net)["1.weight"] ** 2).sum())) if judged else None
    whole = network(0.3)
    told = learn(whole, batches, loss, judge, PLAN, 7)

    def breaking(number, share):
        yield from batches(number, share)
        if number == 7:
            raise KeyboardInterrupt

    path = tmp_path / "fit.safetensors"
    with pytest.raises(KeyboardInterrupt):
        learn(network(0.3), breaking, loss, judge, PLAN, 7, path)
    again = network(0.3)
    found = learn(again, batches, loss, judge, PLAN, 7, path)
    assert found.went_on_from == 7
    assert found.curve == told.curve
    assert found.best == told.best
    assert weights_of(again)["1.weight"].tobytes() == weights_of(whole)["1.weight"].tobytes()


def test_the_seed_decides_and_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    found = []
    for seed in (1, 1, 2):
        net = network(0.3)
        state = torch.get_rng_state()
        learn(net, batches, loss, None, PLAN, seed)
        assert torch.equal(torch.get_rng_state(), state)
        found.append(weights_of(net)["1.weight"])
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])
    torch.set_rng_state(before)


def test_every_pass_draws_anew():
    """With steps too small to matter, only what dropout takes out differs from pass to pass."""
    done = learn(network(0.5), lambda *_: [problem()], loss, None, Plan(4, 1e-12, 0.0, 5), 0)
    assert len({row["loss"] for row in done.curve}) == 4


def test_a_loss_that_runs_away_is_told():
    with pytest.raises(ModelError, match=r"pass 1: .*Lower the learning rate"):
        learn(network(), batches, lambda net, b: loss(net, b) * float("nan"), None, PLAN, 0)


def test_weights_go_and_come():
    one, two = network(), torch.nn.Sequential(torch.nn.Dropout(0.0), torch.nn.Linear(3, 2, bias=False))
    take_up(two, weights_of(one))
    assert torch.equal(one[1].weight, two[1].weight)


def test_a_damaged_note_is_told(tmp_path):
    path = tmp_path / "fit.safetensors"
    path.write_bytes(b"half a fi")
    with pytest.raises(StoreError, match="is damaged"):
        learn(network(), batches, loss, None, PLAN, 0, path)
