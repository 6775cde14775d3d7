"""A model behind a gate: the baseline, and as much of the model beside it as conditions left out in turn bear out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from perturbome.models.contracts import FitReport
from perturbome.models.data.condition import Condition
from perturbome.models.data.contract import PerturbationData
from perturbome.models.gate import FEWEST
from perturbome.models.predictors.base_choice import BLIND, choose_simplest, closed_form_baselines
from perturbome.models.predictors.class_gate import ClassGate, Shared, errors_of, fit_class_gate
from perturbome.models.predictors.contract import Answer, Predicted, Predictor, fallbacks
from perturbome.models.predictors.control_noise import control_weights
from perturbome.models.predictors.cross_fit import OutOfFold, cross_fit
from perturbome.models.predictors.features import Features
from perturbome.models.predictors.intervals import LEVEL, Intervals, fit_intervals, with_intervals
from perturbome.models.predictors.novelty import novelty
from perturbome.models.predictors.registry import GATED, find_predictor
from perturbome.models.predictors.training_rows import MEAN
from perturbome.platform.errors import ModelError, TooFewConditions

Array = NDArray[np.float64]

BEST = "best"
OPTIONS = ("base", "level")
"""The gate's own options; `make_predictor` hands all others to the model."""


@dataclass
class Gated:
    """delta(p) = baseline(p) + gamma(p) step(p), gamma in 0..1, learned by `fit_class_gate` from training conditions
    left out in turn, apart for every class of novelty; with gamma = 0 it is the baseline, bit by bit. The step is the
    model's own correction of a mean where it is one and the baseline knows of no target, else model - baseline.

    model: a predictor, or a function that makes one. base: a predictor's name; `best` is the simplest closed-form
    baseline whose squared error on left-out conditions is within one standard error of the least. Conditions that the
    model did not answer itself (it says so in `how`) are the baseline's. `level` of the conformal intervals around
    it all. Variance, where the model has one: that of the true change around delta as the model sees it, v +
    (1 - gamma)² step²; none where the gate is closed to all. Variance does not weight gamma: a posterior
    mean is shrunk by it already.
    """

    model: Predictor | Callable[[], Predictor]
    base: str = BEST
    level: float = LEVEL
    name: str = field(init=False)

    def __post_init__(self) -> None:
        given = self.model
        self._fresh: Callable[[], Predictor] = (
            given if not hasattr(given, "fit") else partial(deepcopy, given)  # type: ignore[assignment]
        )
        self._model = self._fresh()
        self.name = f"{GATED}{self._model.name}"
        self._base: Predictor | None = None
        if self.base != BEST:
            find_predictor(self.base)

    def fit(self, data: PerturbationData, features: Features | None = None, seed: int = 0) -> FitReport:
        """Choose the baseline, learn the gate and calibrate intervals on inner folds; then fit to all training."""
        known = features or Features()
        bases = [find_predictor(self.base)] if self.base != BEST else closed_form_baselines(data, known)
        makers = {record.name: record.factory for record in bases}
        oof = cross_fit({**makers, self._asked(makers): self._fresh}, data, known, seed)
        numbers: dict[str, float] = {}
        self._gate: ClassGate | None = None
        self._intervals: Intervals | None = None
        said: tuple[str, ...] = ()
        if oof is None or not any(name in oof.delta for name in makers):
            chosen = self.base if self.base != BEST else MEAN
            said = (
                *(() if oof is None else oof.said),
                f"The training conditions cannot be left out in turn, so nothing is known of the gate: it is closed, "
                f"the baseline is '{chosen}', and there are no intervals.",
            )
        else:
            chosen, numbers, said = self._learn(
                oof, [name for name in makers if name in oof.delta], self._asked(makers)
            )
        self._base = find_predictor(chosen).factory()
        self._base.fit(data, known, seed)
        self._training = data.training.conditions
        self._model = self._fresh()
        self._unfit = ""
        try:
            of_model = self._model.fit(data, known, seed)
        except TooFewConditions as error:
            self._unfit = f"the {self._model.name} could not be fitted"
            self._gate = None
            of_model = FitReport(self._model.name, len(self._training), said=(f"The gate is closed: {error}",))
        said = (*of_model.said, *said, *self._blind(data, oof))
        return FitReport(self.name, len(self._training), {**of_model.numbers, **numbers}, said, of_model.curve)

    def predict(self, conditions: Sequence[Condition], cells: Sequence[float] | None = None) -> Predicted:
        """Baseline, gate and interval of each condition; `cells` it was measured on, where they are known.

        ModelError before fit, UnknownName for a context that the data does not hold.
        """
        if self._base is None:
            raise ModelError(f"The predictor '{self.name}' was asked before it was fitted. Call fit(data) first.")
        base = self._base.predict(conditions)
        model = base if self._unfit else self._model.predict(conditions)
        classes = novelty(conditions, self._training)
        answered = answered_itself(model.how, self._model.name) & (not self._unfit)
        gamma = np.zeros(len(conditions)) if self._gate is None else np.where(answered, self._gate.of(classes), 0.0)
        delta, on = base.delta.copy(), gamma > 0
        from_mean = corrected(self._base.name, model.around)
        step = model.delta - (base.delta if from_mean is None else from_mean)
        delta[on] += gamma[on, None] * step[on]
        variance = None
        if model.variance is not None and on.any():
            variance = model.variance + (1 - gamma[:, None]) ** 2 * step**2
        how = [
            self.name if g else f"{b}, as {self._why(c, a)}"
            for g, b, c, a in zip(gamma, base.how, classes, answered, strict=True)
        ]
        said = fallbacks(self.name, conditions, Answer(delta, how))
        predicted = Predicted(
            tuple(conditions), delta, variance, tuple(how), said, baseline=base.delta, baseline_how=base.how, gate=gamma
        )
        weight = _mixed_weights(base.how, model.how, conditions, gamma, from_mean is not None)
        return with_intervals(predicted, self._intervals, weight, cells)

    def _asked(self, makers: Sequence[str] | dict[str, Callable[..., Predictor]]) -> str:
        """The model's name beside the baselines': its own, unless a baseline has that."""
        return self._model.name if self._model.name not in makers else f"{self._model.name}, as model"

    def _blind(self, data: PerturbationData, oof: OutOfFold | None) -> tuple[str, ...]:
        """A sentence on test conditions of a class that no training condition could be left out as."""
        if oof is None or data.split is None:
            return ()
        asked = novelty([Condition.parse(name) for name in data.split.test], self._training)
        unlike = sorted(set(asked) - set(oof.novelty))
        if not unlike:
            return ()
        return (
            f"{sum(asked.count(c) for c in unlike)} of {len(asked)} test conditions are of a class "
            f"({'; '.join(unlike)}) that no training condition could be left out as: the choice of the baseline, its "
            "error and the interval say nothing of them, and the gate is closed to them.",
        )

    def _why(self, novel: str, answered: bool) -> str:
        if self._unfit:
            return self._unfit
        if not answered:
            return f"the {self._model.name} had no answer of its own"
        if self._gate is None or novel in self._gate.gammas:
            return "the gate is closed"
        return f"no training condition could be left out as {novel}"

    def _learn(self, oof: OutOfFold, bases: list[str], asked: str) -> tuple[str, dict[str, float], tuple[str, ...]]:
        """The chosen baseline, and numbers and sentences on it, the gate and the intervals."""
        own, truth = oof.table.own(), oof.table.delta
        count = (~own).sum(axis=1)
        squared = {name: errors_of(truth, oof.delta[name], truth, own).rr / count for name in bases}
        chosen, least = choose_simplest(squared, oof.unit)
        mean = {name: float(e.mean()) for name, e in squared.items()}
        numbers = {f"error of {name}": e for name, e in mean.items()}
        said = [*oof.said, _on_choice(self.base, chosen, least, mean, len(oof))]
        delta = oof.delta[chosen]
        weight = control_weights(oof.how[chosen], oof.table.conditions)
        if asked in oof.delta:
            answered = answered_itself(oof.how[asked], self._model.name)[:, None]
            from_mean = corrected(chosen, oof.around.get(asked))
            step = np.where(answered, oof.delta[asked] - (delta if from_mean is None else from_mean), 0)
            errors = errors_of(truth, delta, delta + step, own)
            self._gate = fit_class_gate(errors, oof.novelty, oof.unit, oof.fold, shared=_shared(oof, step, own))
            numbers |= _gate_numbers(self._gate, oof)
            numbers[f"error of {self.name}"] = float(np.mean((errors.rr - errors.gain(self._gate.nested)) / count))
            of_model = errors_of(truth, oof.delta[asked], truth, own).rr / count
            numbers[f"error of {self._model.name}"] = float(of_model.mean())
            said.append(_on_gate(self._gate, self._model.name, chosen))
            gamma = np.where(answered[:, 0], self._gate.nested, 0)
            weight = _mixed_weights(oof.how[chosen], oof.how[asked], oof.table.conditions, gamma, from_mean is not None)
            delta = delta + self._gate.nested[:, None] * step
        else:
            said.append(f"The {self._model.name} could not be fitted without a part of training: the gate is closed.")
        self._intervals, coverage, sentences = fit_intervals(oof, delta, weight, self.level)
        return chosen, {**numbers, **coverage}, (*said, *sentences)


def answered_itself(how: Sequence[str], name: str) -> NDArray[np.bool_]:
    """True where a predictor's answer is its own and not one it fell back to [n]."""
    return np.array([h.startswith(name) for h in how], dtype=bool)


def corrected(base: str, around: Array | None) -> Array | None:
    """The mean that the step to a model starts from, where that is not the baseline: one that knows of no target."""
    return around if base in BLIND else None


def _mixed_weights(
    base: Sequence[str], model: Sequence[str], conditions: Sequence[Condition], gamma: Array, own_step: bool
) -> Array:
    """How many times the gated answers subtract a control mean [n]; a correction of a mean subtracts none."""
    below = control_weights(base, conditions)
    if own_step:
        return below
    mixed: Array = below + gamma * (control_weights(model, conditions) - below)
    return mixed


def _shared(oof: OutOfFold, step: Array, own: NDArray[np.bool_]) -> Shared:
    """How far each step from the baseline lies along the difference of the two control quarters."""
    apart = oof.start - oof.table.control
    group = np.unique([c.context.name for c in oof.table.conditions], return_inverse=True)[1]
    return Shared(np.sum(np.where(own, 0, step * apart), axis=1), group.astype(np.intp))


def _gate_numbers(gate: ClassGate, oof: OutOfFold) -> dict[str, float]:
    numbers = {f"gamma, {c}": g for c, g in gate.gammas.items()}
    counts = {f"left-out conditions, {c}": float(oof.novelty.count(c)) for c in gate.gammas}
    return {**numbers, **counts, "slope": gate.slope, "gain": gate.gain, "error of the gain": gate.error}


def _on_choice(base: str, chosen: str, least: str, mean: dict[str, float], n: int) -> str:
    if base != BEST:
        return f"The baseline is '{chosen}', as asked."
    beside = "" if chosen == least else f"; that of '{least}' ({mean[least]:.4g}) is not surely less"
    return (
        f"Of {len(mean)} baselines '{chosen}' was taken: it is the simplest within one standard error of the least "
        f"squared error on {n} training conditions left out in turn ({mean[chosen]:.4g}{beside})."
    )


def _on_gate(gate: ClassGate, model: str, base: str) -> str:
    worth = f"{gate.gain:.1%} of the squared error of '{base}' on left-out conditions (s.e. {gate.error:.1%})"
    if gate.n < FEWEST:
        return f"The gate is closed: {gate.n} sets of targets that could be left out teach nothing of the {model}."
    if gate.gain == 0 and gate.slope == 0:
        return f"The gate is closed: the {model} said nothing else than '{base}' of any left-out condition."
    if gate.gain == 0:
        return f"The gate is closed: left-out conditions did not go the way in which the {model} differs from '{base}'."
    if not gate.open:
        return f"The gate is closed: the {model} would take away {worth}, which chance could do."
    gammas = ", ".join(f"{g:.2f} for {c}" for c, g in gate.gammas.items())
    return f"The gate is open: the {model} takes away {worth}; gamma {gammas}."
