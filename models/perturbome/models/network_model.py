"""Effects by propagation over the stored network, alone or as a gated correction of the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perturbome.models.baselines import KIND, baseline_change, leave_one_out_mean, same_kind, unrelated
from perturbome.models.bootstrap import LEVEL, bootstrap_half_width
from perturbome.models.conformal import SIGNIFICANT, Calibration, calibrate, coverages, held_out
from perturbome.models.contracts import Effects, FitReport, PerturbationData
from perturbome.models.gate import Gate, fit_gate
from perturbome.models.imposed import MODES, impose
from perturbome.models.moments import welch
from perturbome.models.network import Network
from perturbome.models.propagation import DAMPING, STEPS, propagate, safe_damping
from perturbome.platform.errors import ModelError
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.perturbation import Perturbation
    from perturbome.platform.slices import GraphSlice

Array = NDArray[np.float64]

PROPAGATION, GATED = "propagation", "gated propagation"


@dataclass(frozen=True)
class _Fitted:
    """What fitting leaves: the data, and on the measured perturbations (first half of the controls is the truth's)."""

    data: PerturbationData
    damping: float
    features: Array  # propagated effects, computed from the second half of the controls
    half_width: Array  # of their bootstrap
    own: NDArray[np.bool_]
    truth: Array  # measured against the first half of the controls
    others: Array  # measured against the second half
    changed: NDArray[np.bool_]  # measured to change, beyond `SIGNIFICANT` standard errors


class NetworkModel:
    """d = propagated effect of what a perturbation imposes on its targets; see `propagate` and `impose`.

    Gated: d = mean of the other perturbations + gamma * (propagated - mean propagated of the others), gamma learned
    from measured perturbations of the same kind with other targets (see `fit_gate`). Intervals: bootstrap of the
    network; where at least four such perturbations were measured, calibrated on them (see `calibrate`). NaN where
    there is none: what is imposed on a target is known, and an end below zero expression has no meaning.

    `pushes` [n_genes] by symbol: the change that a target without edges imposes on its partners in a prior.
    """

    def __init__(
        self, network: Network, *, gated: bool = False, steps: int = STEPS, damping: float = DAMPING,
        strength: float | None = None, n_bootstraps: int = 50, seed: int = 0,
        pushes: Mapping[str, Array] | None = None, report: Report = silent,
    ) -> None:  # fmt: skip
        if steps < 1:
            raise ModelError(f"Propagation needs at least 1 step, not {steps}.")
        if not 0 <= damping <= 1:
            raise ModelError(f"The damping must be between 0 and 1, not {damping:g}.")
        self.name = GATED if gated else PROPAGATION
        self.network, self.gated, self.steps, self.damping = network, gated, steps, damping
        self.strength, self.n_bootstraps, self.seed = strength, n_bootstraps, seed
        self.pushes, self.report = pushes or {}, report
        self._fitted: _Fitted | None = None

    def fit(self, data: PerturbationData, priors: GraphSlice | None = None, *, mode: str | None = None) -> FitReport:
        """Take units and measured effects from the data; the priors have already shaped the network.

        The numbers reported are of the measured perturbations of the kind of `mode`; by default the commonest kind.
        """
        weights = self.network.matrix(data.spread)
        damping = safe_damping(weights, self.damping)
        start, held = self._start(data, data.perturbations, data.targets, half=1)
        lowest = -data.controls.mean[1]
        features = propagate(weights, start, held, lowest, self.steps, damping)
        half_width = bootstrap_half_width(
            self.network, data.spread, start, held, lowest, features, self.steps, damping, self.n_bootstraps,
            self.seed, report=self.report,
        )  # fmt: skip
        measured = welch(data.controls[0:1], data.treated)
        changed = np.abs(measured.delta) > SIGNIFICANT * measured.error  # False where the error is not known
        self._fitted = _Fitted(
            data, damping, features, half_width, data.own(), measured.delta, data.delta(1), changed
        )  # fmt: skip
        numbers: dict[str, float] = {"damping": damping}
        said: list[str] = []
        if damping < self.damping:
            said.append(f"Feedback in the network would grow without end: damping lowered to {damping:.2g}.")
        rows = same_kind(data, mode or _commonest(data))
        gate = self._gate(rows)
        if gate is not None:
            numbers |= {"gamma": gate.gamma, "gain": gate.gain, "slope": gate.slope, "slope_error": gate.error}
        return FitReport(self.name, len(rows), numbers | self._held_out(rows, gate), tuple(said))

    def predict(self, perturbations: Sequence[Perturbation], context: str, half: int | None = None) -> Effects:
        """Effects beside the best baseline; a measured perturbation is predicted as if it had not been.

        `half` 1 predicts from the second half of the control cells alone, for scoring against a truth that takes its
        control from the first.
        """
        fitted = self._ready()
        data = fitted.data
        index = {symbol: i for i, symbol in enumerate(data.symbols)}
        targets = [tuple(index[t] for t in p.targets if t in index) for p in perturbations]
        start, held = self._start(data, perturbations, targets, half)
        # What is imposed on a measured target is known; what is passed to prior partners is a guess like the rest.
        known = np.zeros(held.shape, dtype=bool)
        for row, genes in enumerate(targets):
            known[row, list(genes)] = True
        mean = data.control.mean[0] if half is None else data.controls.mean[half]
        weights = self.network.matrix(data.spread)
        delta = propagate(weights, start, held, -mean, self.steps, fitted.damping)
        width = bootstrap_half_width(
            self.network, data.spread, start, held, -mean, delta, self.steps, fitted.damping,
            self.n_bootstraps if half is None else 0, self.seed, report=self.report,
        )  # fmt: skip
        names, shares, baseline = baseline_change(data, perturbations, half)
        usual, calibrated = shares @ fitted.features, []
        shared = _Shared(self)
        for row, perturbation in enumerate(perturbations):
            gate, calibration = shared.without(perturbation)
            if gate is not None:
                corrected = np.maximum(gate.apply(baseline[row], delta[row], usual[row]), -mean)
                delta[row] = np.where(known[row], delta[row], corrected)
            if calibration is not None:
                width[row] = calibration.half(delta[row], width[row])
            calibrated.append(calibration is not None)
        lower, upper = interval_ends(delta, np.where(known, 0, width), -mean)
        return Effects(
            tuple(perturbations), data.genes, delta, lower, upper, baseline, names, self.name, context,
            calibrated=all(calibrated) and bool(calibrated),
        )  # fmt: skip

    def _ready(self) -> _Fitted:
        if self._fitted is None:
            raise ModelError(f"The model '{self.name}' was asked before it was fitted. Call fit(data) first.")
        return self._fitted

    def _start(
        self, data: PerturbationData, perturbations: Sequence[Perturbation], targets: Sequence[Sequence[int]],
        half: int | None = None,
    ) -> tuple[Array, NDArray[np.bool_]]:  # fmt: skip
        """What is imposed, on the targets and, for a target without edges, on its prior partners."""
        mean = data.control.mean[0] if half is None else data.controls.mean[half]
        modes = [p.mode for p in perturbations]
        start, held = impose(targets, modes, mean, np.sqrt(np.nan_to_num(data.control.variance[0])), self.strength)
        for row, perturbation in enumerate(perturbations):
            mode = MODES[perturbation.mode]
            strength = mode.strength if self.strength is None else self.strength
            sign = -1.0 if mode.name == "activation" else 1.0
            for target in perturbation.targets:
                if target not in self.pushes:
                    continue
                push = sign * min(strength, 1.0) * self.pushes[target]
                free = (push != 0) & ~held[row]
                start[row, free] = np.maximum(push[free], -mean[free])
                held[row] |= free
        return start, held

    def _gate(self, rows: NDArray[np.intp]) -> Gate | None:
        if not self.gated:
            return None
        fitted = self._ready()
        return fit_gate(fitted.truth[rows], fitted.others[rows], fitted.features[rows], fitted.own[rows])

    def _predicted(self, rows: NDArray[np.intp], gate: Gate | None) -> Array:
        """Each of these measured perturbations predicted without itself."""
        fitted = self._ready()
        predicted, others = fitted.features[rows], fitted.others[rows]
        if gate is not None:
            predicted = gate.apply(leave_one_out_mean(others), predicted, leave_one_out_mean(predicted))
        return predicted

    def _held_out(self, rows: NDArray[np.intp], gate: Gate | None) -> dict[str, float]:
        """Coverages (see `coverages`), and the slope through zero of measured on predicted change: `magnitude`."""
        if not len(rows):
            return {}
        fitted, predicted = self._ready(), self._predicted(rows, gate)
        own, truth = fitted.own[rows], fitted.truth[rows]
        numbers: dict[str, float] = {}
        square = float(np.sum(predicted[~own] ** 2))
        if square > 0:
            numbers["magnitude"] = float(np.sum((truth * predicted)[~own])) / square
        inside = held_out(truth - predicted, fitted.half_width[rows], own, LEVEL, predicted=predicted)
        return numbers if inside is None else numbers | coverages(inside, own, predicted, fitted.changed[rows])


def _commonest(data: PerturbationData) -> str:
    modes = [p.mode for p in data.perturbations] or ["knockout"]
    return max(modes, key=lambda mode: sum(KIND[other] == KIND[mode] for other in modes))


def interval_ends(delta: Array, width: Array, lowest: Array) -> tuple[Array, Array]:
    """Ends of the interval, NaN where there is none: width 0 says that nothing is known of the error.

    No end lies below the loss of all expression, and a prediction that is there already has no lower end.
    """
    lower, upper = np.where(width > 0, (delta - width, delta + width), np.nan)
    return np.where(delta > lowest, np.maximum(lower, lowest), np.nan), upper


class _Shared:
    """Gate and calibration from measured perturbations of its kind that share no target; once per such set."""

    def __init__(self, model: NetworkModel) -> None:
        self.model = model
        self.found: dict[tuple[int, ...], tuple[Gate | None, Calibration | None]] = {}

    def without(self, perturbation: Perturbation) -> tuple[Gate | None, Calibration | None]:
        fitted = self.model._ready()
        others = unrelated(fitted.data, perturbation)
        key = tuple(others.tolist())
        if key not in self.found:
            gate = self.model._gate(others)
            predicted = self.model._predicted(others, gate)
            residual = fitted.truth[others] - predicted
            self.found[key] = (
                gate,
                calibrate(residual, fitted.half_width[others], fitted.own[others], LEVEL, predicted=predicted),
            )
        return self.found[key]
