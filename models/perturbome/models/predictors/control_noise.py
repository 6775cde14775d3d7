"""How much of the control cells' sampling noise a prediction carries, and residuals freed of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.condition import Condition
from perturbome.models.predictors.training_rows import NO_CHANGE

Array = NDArray[np.float64]

NONE = (NO_CHANGE, "copied shift", "mean shift")
"""Answers that subtract no control mean of their own context."""
EACH = ("sum of single effects", "linear additive")
"""Answers that subtract it once for each target."""


def control_weights(how: Sequence[str], conditions: Sequence[Condition]) -> Array:
    """How many times an answer subtracts the control mean of its own context [n], by what answered (`how`).

    0 for no change and for what was measured in other contexts, the number of targets for sums of effects, 1 else.
    """
    found = []
    for text, condition in zip(how, conditions, strict=True):
        what = text.split(" around the ")[-1]
        if what.startswith(NONE) or "of other contexts" in what:
            found.append(0.0)
        else:
            found.append(float(len(condition.targets)) if what.startswith(EACH) else 1.0)
    return np.array(found)


def freed(residual: Array, truth_control: Array, own_control: Array, weight: Array) -> Array:
    """Residuals [n, n_genes] of truth - prediction without the noise of control means, as far as it is known.

    With a the mean of the truth's controls, b that of the prediction's and k the weight [n], a residual holds k b - a.
    Taking (1 + k)/2 (b - a) from it leaves (k - 1) (a + b)/2: nothing at all where the prediction subtracts its
    control once. What a residual against other controls, twice as many, will have more is noise of variance
    k v / n for n cells in each of a and b (see `added`).
    """
    found: Array = residual - ((1 + weight) / 2)[:, None] * (own_control - truth_control)
    return found


def added(weight: Array, variance: Array, n: float) -> Array:
    """Variance [n_conditions, n_genes] that judged residuals have beyond freed ones: weight * variance of a cell / n.

    Judged: (1 + k²) v / 2n; freed: (1 - k)² v / 2n.
    """
    more: Array = weight[:, None] * variance[None, :] / n
    return more


def shortfall(residual: Array, context: NDArray[np.intp], weight: Array, variance: Array, n: float) -> Array:
    """Control noise [n_genes] that freed residuals [n_conditions, n_genes] should have in common and have not.

    Freed residuals of one context share (k - 1) (a + b)/2, of variance (1 - k)² v / 2n. With c the mean residual of a
    context, true common errors included, it is max(0, (1 - k)² v / 2n - c²), means over contexts and conditions: a
    gene that no control cell of these happened to express is not known to be silent in others.
    """
    common = np.zeros(len(variance))
    groups = np.unique(context)
    for group in groups:
        common += residual[context == group].mean(axis=0) ** 2 / len(groups)
    expected = float(np.mean((1 - weight) ** 2)) * variance / (2 * n)
    missing: Array = np.maximum(expected - common, 0.0)
    return missing
