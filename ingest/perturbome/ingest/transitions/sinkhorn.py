"""Entropic optimal transport between two clouds of cells: potentials, the plan, and potentials of further cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_ROUNDS = 5000
TOLERANCE = 1e-6  # change of a potential in one round, in units of the mean cost
LARGEST = 1e50  # scalings beyond are absorbed into the potentials
TINY = 1e-300


@dataclass(frozen=True)
class Coupling:
    """Potentials f [n], g [m] of the plan P_ij = exp((f_i + g_j - C_ij) / epsilon) / (n m), and how they came."""

    f: Floats
    g: Floats
    rounds: int
    settled: bool


def couple(
    cost: Floats,
    a: Floats,
    b: Floats,
    epsilon: float,
    source_penalty: float | None = None,
    target_penalty: float | None = None,
) -> Coupling:
    """Potentials of the plan P that minimises <P, C> + epsilon sum P (log(n m P) - 1) + l1 KL(P1 | a) + l2 KL(P'1 | b).

    `cost` [n, m] in units of its mean; a penalty of None holds that side's mass exactly. Source: Chizat et al. 2018,
    Math. Comp. 87, 2563, the stabilised scaling of section 5, as in Schiebinger et al. 2019.
    """
    n, m = cost.shape
    of_source, of_target = _exponent(source_penalty, epsilon), _exponent(target_penalty, epsilon)
    f, g = np.asarray(cost.min(1), np.float64), np.zeros(m)
    kernel = _kernel(cost, f, g, epsilon)
    u, v = np.ones(n), np.ones(m)
    done, settled = 0, False
    while not settled and done < MOST_ROUNDS:
        before = u
        u = (a / np.maximum(kernel @ v, TINY)) ** of_source * _held(f, source_penalty, epsilon)
        v = (b / np.maximum(u @ kernel, TINY)) ** of_target * _held(g, target_penalty, epsilon)
        settled = bool(epsilon * np.abs(np.log(u / before)).max() < TOLERANCE)
        done += 1
        if max(u.max(), v.max(), 1 / u.min(), 1 / v.min()) > LARGEST:
            f, g = f + epsilon * np.log(u), g + epsilon * np.log(v)
            kernel = _kernel(cost, f, g, epsilon)
            u, v = np.ones(n), np.ones(m)
    return Coupling(f + epsilon * np.log(u), g + epsilon * np.log(v), done, settled)


def plan(cost: Floats, coupling: Coupling, epsilon: float) -> Floats:
    """The plan P [n, m] of these potentials."""
    return _kernel(cost, coupling.f, coupling.g, epsilon)


def extend(cost: Floats, mass: Floats | float, potential: Floats, epsilon: float, penalty: float | None) -> Floats:
    """Potentials [n] of cells from those of the other side's cells [m]: the fixed point that `couple` ends in.

    f_i = l / (l + epsilon) (epsilon log(n a_i) - epsilon log mean_j exp((g_j - C_ij) / epsilon)), `mass` being n a_i.
    The mean makes it hold for cells that were no part of the coupling, and for a sample of the other side: the
    out-of-sample map of Pooladian and Niles-Weed 2021.
    """
    return _exponent(penalty, epsilon) * epsilon * (np.log(mass) - log_mean(cost, potential, epsilon))


def log_mean(cost: Floats, potential: Floats, epsilon: float) -> Floats:
    """log mean_j exp((g_j - C_ij) / epsilon) [n]."""
    exponent = (potential[None, :] - cost) / epsilon
    top = exponent.max(1)
    return np.asarray(top + np.log(np.exp(exponent - top[:, None]).mean(1)))


def _exponent(penalty: float | None, epsilon: float) -> float:
    return 1.0 if penalty is None else penalty / (penalty + epsilon)


def _held(potential: Floats, penalty: float | None, epsilon: float) -> Floats | float:
    return 1.0 if penalty is None else np.exp(-potential / (penalty + epsilon))


def _kernel(cost: Floats, f: Floats, g: Floats, epsilon: float) -> Floats:
    kernel = f[:, None] + g[None, :] - cost
    kernel /= epsilon
    np.exp(kernel, out=kernel)
    kernel /= cost.size
    return kernel
