"""The penalty of a ridge by leave-one-out: each cell predicted by the fit of all others, without fitting anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from perturbome.ingest.regulation.moments import Correlations
from perturbome.ingest.regulation.ridge import MOST_FREEDOM, PENALTIES

Floats = NDArray[np.float64]
LEAST_REST = 1e-6  # of 1 - leverage: a cell that the fit follows wholly says nothing


def leave_one_out_penalty(
    z: NDArray[np.floating],
    cor: Correlations,
    regulators: NDArray[np.intp],
    start: float,
    grid: tuple[float, ...] = PENALTIES,
) -> float:
    """The penalty of the grid with the least leave-one-out error (see `LeaveOneOut`), sought downhill from `start`.

    Penalties that leave more effective parameters than `MOST_FREEDOM` of the cells are passed over, but for the
    largest. The error of a ridge falls and rises once as its penalty grows, but for ripples; so it is followed from
    the choice of generalised cross-validation, which is near.
    """
    left_out = LeaveOneOut(z, cor, regulators)
    allowed = [k for k in grid if k == grid[-1] or 1 + left_out.used(k) <= MOST_FREEDOM * cor.n]
    errors: dict[int, float] = {}

    def error(i: int) -> float:
        if i not in errors:
            errors[i] = left_out.error(allowed[i])
        return errors[i]

    here = int(np.argmin(np.abs(np.log(allowed) - np.log(start))))
    while True:
        best = min((i for i in (here, here - 1, here + 1) if 0 <= i < len(allowed)), key=error)
        if best == here:
            return allowed[here]
        here = best


class LeaveOneOut:
    """Mean squared error, summed over targets, of cells z [m, G] (standardised) each predicted without itself.

    The m cells may be a sample of the `cor.n` that made the correlations. With P = (R + penalty I)^-1, the residual
    without the cell is `e_i / (1 - h_i)` (Allen 1974, PRESS), with leverage `h_i = 1/n + x_i' P x_i / n`. For a
    target that is regulator k itself, by the block inverse, `e_ik = (P x_i)_k / P_kk` and the leverage is less by
    `(P x_i)_k^2 / (n P_kk)`. Over all other targets, with C [p, G] their correlations with the regulators,

        sum_j e_ij^2 = y_i.y_i - 2 a_i.(C y_i) + a_i' C C' a_i,    a_i = P x_i,

    so that after one product with all genes a penalty costs two products of m cells with p x p, and no more.
    """

    def __init__(self, z: NDArray[np.floating], cor: Correlations, regulators: NDArray[np.intp]) -> None:
        values, self.vectors = linalg.eigh(cor.regulators, check_finite=False, driver="evd")
        self.values: Floats = np.maximum(values, 0.0)
        self.n = cor.n
        others = np.setdiff1d(np.arange(z.shape[1]), regulators)
        y, c = z[:, others], cor.targets[:, others]
        self.x: Floats = z[:, regulators].astype(np.float64) @ self.vectors  # along eigenvectors, as all below
        self.crossed: Floats = (y @ c.T.astype(z.dtype)).astype(np.float64) @ self.vectors  # C y_i
        self.size: Floats = np.einsum("mg,mg->m", y, y, dtype=np.float64)
        half = self.vectors.T @ c
        self.inner: Floats = half @ half.T  # C C'

    def used(self, penalty: float) -> float:
        """Effective number of parameters, `trace(R P)`."""
        return float((self.values / (self.values + penalty)).sum())

    def error(self, penalty: float) -> float:
        """The leave-one-out error under a penalty per cell."""
        shrunk = 1 / (self.values + penalty)
        along = self.x * shrunk  # a_i
        rest = 1 - 1 / self.n - np.einsum("mp,mp->m", along, self.x) / self.n
        residual = self.size - 2 * np.einsum("mp,mp->m", along, self.crossed)
        residual += np.einsum("mp,mp->m", along @ self.inner, along)
        error = (np.maximum(residual, 0.0) / np.maximum(rest, LEAST_REST) ** 2).sum()
        pivot = (self.vectors**2) @ shrunk  # P_kk
        own = along @ self.vectors.T
        own_rest = rest[:, None] + own**2 / (self.n * pivot)
        own /= pivot * np.maximum(own_rest, LEAST_REST)
        return float((error + np.einsum("mp,mp->", own, own)) / self.x.shape[0])
