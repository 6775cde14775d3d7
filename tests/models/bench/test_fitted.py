"""What was fitted: cost, numbers and reasons of the fits, and their learning curves; of old runs what they kept."""

import importlib.util
import random
import re
from dataclasses import replace

import polars as pl
import pytest

from perturbome.models.bench import run as module
from perturbome.models.bench.bench import Benchmark, bench, stored
from perturbome.models.bench.document import Drawing, Heading, markdown, page
from perturbome.models.bench.fitted import costs, drawings, fitted_blocks, numbers_of_fits, sentences_of_fits
from perturbome.models.bench.kept import Kept
from perturbome.models.bench.plan import CEILING, Cell
from perturbome.models.bench.report import report_blocks
from perturbome.models.bench.run import SCORES, Outcome
from perturbome.models.data.splits import Split
from perturbome.models.predictors.averages import PerturbedMean

NEW = ("peak_mb", "added_mb", "curve")
CURVE = ({"pass": 1.0, "loss": 4.0, "judged": 2.0}, {"pass": 2.0, "loss": 1.0, "judged": 3.0})
SPLIT = Split("s", "given", ["a"], (), ["b"])


def outcome(seconds=1.0, **told):
    return Outcome(pl.DataFrame(schema=SCORES), seconds, **told)


def benchmark(*outcomes):
    """A benchmark of (model, outcome), and the replicate, which is never fitted."""
    cells = [(Cell(m, SPLIT, i, "", "{}"), o) for i, (m, o) in enumerate([*outcomes, (CEILING, outcome(9.0))])]
    models = tuple(dict.fromkeys(m for m, _ in outcomes))
    return Benchmark("r", "d", "u", "s", 2, 3, models, (0,), pl.DataFrame(), tuple(cells), ())


FITS = (
    ("a", outcome(1.0, peak_mb=100.0, added_mb=5.2, numbers={"penalty": 0.1, "gain": 2.0})),
    ("a", outcome(4.0, peak_mb=300.4, added_mb=1.0, numbers={"penalty": 0.3, "gain": float("nan")})),
    ("a", outcome(7.0, failed="too few")),
    ("b", outcome(2.0, numbers={"penalty": 1.0})),
)


def test_costs_are_those_of_the_fits_that_came_to_an_end():
    rows = {row["model"]: row for row in costs(benchmark(*FITS)).iter_rows(named=True)}
    assert set(rows) == {"a", "b"}
    assert rows["a"] == {
        "model": "a", "fits": 2, "failed": 1, "mean seconds": 2.5, "largest seconds": 4.0, "peak, MB": 300,
        "added, MB": 5,
    }  # fmt: skip
    assert rows["b"]["peak, MB"] is None
    without = costs(benchmark(FITS[3]))
    assert without.columns == ["model", "fits", "mean seconds", "largest seconds"]


def test_numbers_are_means_over_fits_whatever_their_order():
    table = numbers_of_fits(benchmark(*FITS))
    assert table.filter(model="a", number="penalty").drop("model", "number").row(0) == pytest.approx((0.2, 0.1, 0.3, 2))
    assert table.filter(model="a", number="gain").drop("model", "number").row(0) == (2.0, 2.0, 2.0, 1)
    mixed = random.Random(0).sample(FITS[:3], 3)
    assert numbers_of_fits(benchmark(*mixed, FITS[3])).equals(table)
    assert numbers_of_fits(benchmark(("b", outcome()))).is_empty()


def test_sentences_that_differ_in_numbers_alone_are_one_and_what_all_say_is_said_once():
    prior = "The network STRING knows 12 genes."
    found = benchmark(
        ("a", outcome(said=(prior, "Of 9 baselines 'x' was taken (0.041)."))),
        ("a", outcome(said=(prior, "Of 9 baselines 'x' was taken (1.5e-05)."))),
        ("a", outcome(said=(prior, "Of 9 baselines 'y' was taken (0.2).", "a: 3 of 5 conditions were answered by y."))),
        ("b", outcome(said=(prior,))),
    )
    assert sentences_of_fits(found) == (
        f"Every model: {prior}",
        "a, 2 of 3 fits, the first: Of 9 baselines 'x' was taken (0.041).",
        "a, 1 of 3 fits: Of 9 baselines 'y' was taken (0.2).",
    )
    many = benchmark(("a", outcome(said=tuple(f"Chose {'x' * n}." for n in range(1, 9)))))
    assert sentences_of_fits(many)[-1] == "a: rarer sentences, kept with the run: 2."
    assert sentences_of_fits(benchmark(("a", outcome()))) == ()


def test_a_curve_is_drawn_with_a_panel_for_each_quantity_and_a_point_at_the_pass_kept():
    found = benchmark(("a", outcome(curve=CURVE, numbers={"best pass": 1.0})), ("b", outcome()))
    (drawn,) = drawings(found)
    assert drawn.caption.startswith("a: a line is a fit")
    one = drawn.svg
    assert one.startswith("<svg")
    assert len(re.findall(r'id="axes_\d"', one)) == 2
    twice = benchmark(*[("a", outcome(curve=CURVE, numbers={"best pass": 1.0}))] * 2)
    assert drawings(twice)[0].svg.count("<path") > one.count("<path")
    assert "<svg" not in markdown(fitted_blocks(found, 2))
    assert page(fitted_blocks(found, 2)).count("<svg") == 1


def test_a_predictor_that_learns_in_passes_leaves_its_curve_and_every_fit_its_memory(store, monkeypatch):
    class Learns(PerturbedMean):
        def fit(self, data, features=None, seed=0):
            return replace(super().fit(data, features, seed), curve=CURVE)

    monkeypatch.setattr(module, "make_predictor", lambda name: Learns())
    found = bench(store, "toy", models=["perturbed mean"], split="4-fold")
    fits = [o for c, o in found.cells if c.model != CEILING]
    assert all(o.curve == CURVE for o in fits)
    assert all(o.peak_mb is None or o.peak_mb > max(o.added_mb, 1) for o in fits)
    again = stored(store, found.run)
    assert [o.facts() for _, o in again.cells] == [o.facts() for _, o in found.cells]
    blocks = report_blocks(again)
    assert markdown(blocks) == markdown(report_blocks(found))
    assert any(isinstance(b, Heading) and b.text == "What was fitted" for b in blocks)
    assert any(isinstance(b, Drawing) and "pass by pass" in b.caption for b in blocks)
    assert "What was fitted" not in markdown(report_blocks(found, 3, drawn=False))


def test_runs_and_half_finished_cells_of_before_are_still_read(store, monkeypatch, tmp_path):
    facts = Outcome.facts
    monkeypatch.setattr(Outcome, "facts", lambda self: {k: v for k, v in facts(self).items() if k not in NEW})
    found = bench(store, "toy", models=["perturbed mean"], split="4-fold")
    again = stored(store, found.run)
    assert all(o.peak_mb is None and o.curve == () for _, o in again.cells)
    assert "peak, MB" not in costs(again).columns
    assert "| perturbed mean | 4 |" in markdown(fitted_blocks(again, 2))
    assert "Memory" not in markdown(fitted_blocks(again, 2))
    cell = Cell("perturbed mean", SPLIT, 0, "", "{}")
    kept = Kept(tmp_path)
    kept.keep(cell, outcome(said=("one",), numbers={"x": 1.0}))
    monkeypatch.undo()
    read = kept.find(cell)
    assert (read.said, read.numbers, read.peak_mb, read.curve) == (("one",), {"x": 1.0}, None, ())
    kept.keep(cell, outcome(peak_mb=2.5, curve=CURVE))
    assert (kept.find(cell).peak_mb, kept.find(cell).curve) == (2.5, CURVE)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("lightning") is None, reason="needs torch and Lightning")
def test_the_network_leaves_its_curve(store):
    found = bench(store, "toy", models=["latent additive"], split="4-fold")
    fits = [o for c, o in found.cells if c.model != CEILING]
    assert all(len(o.curve) == o.numbers["passes"] for o in fits)
    assert all(o.curve[int(o.numbers["best pass"]) - 1]["loss"] == o.numbers["loss of the best pass"] for o in fits)
