"""How expression moves: the chemical Langevin equation for cells, and its noise-free limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.simulation.network import Network

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

RISE = 0.05  # share of the time course in which the lineage signal rises to 1 - 1/e


@dataclass(frozen=True)
class Schedule:
    """Time of the experiment in steps: `burn_in` steps as a progenitor, then `steps` of development."""

    burn_in: int
    steps: int
    branch: int  # step of development at which the lineage signals rise
    dt: float  # hours

    def progress(self, step: int) -> float:
        """Lineage signal at a step counted from the start of the burn-in: 0 before the branch, rising to 1."""
        since = step - self.burn_in - self.branch
        return float(1 - np.exp(-since / max(1.0, RISE * self.steps))) if since > 0 else 0.0


@dataclass(frozen=True)
class _Frozen:
    """The network in the number type of the simulation."""

    weight: Floats
    basal: Floats
    signal: Floats
    rate: Floats
    decay: Floats
    half: Floats

    @classmethod
    def of(cls, network: Network, dtype: type) -> _Frozen:
        return cls(*(getattr(network, name).astype(dtype) for name in cls.__dataclass_fields__))


def production(
    net: _Frozen, n_fates: int, x: Floats, fate: Ints, progress: float, hill: float, activity: Floats | None
) -> Floats:
    """Molecules made per hour: [n, G] for states x [n, G] and fates [n] (-1 has none).

    Hill, then a weighted sum per target (additive combination, as in SERGIO: Dibaeinia and Sinha 2020,
    eq. 5-6), plus the lineage signal for the driver of the cell's fate and its complement for maintenance.
    """
    n_regulators = net.half.size
    scaled = x[:, :n_regulators] / net.half
    powered = scaled * scaled if hill == 2 else scaled**hill
    share = (powered / (1 + powered)) @ net.weight
    share += net.basal
    rows = np.flatnonzero(fate >= 0)
    share[rows, fate[rows]] += net.signal[fate[rows]] * x.dtype.type(progress)
    if n_fates < n_regulators:
        share[:, n_fates] += net.signal[n_fates] * x.dtype.type(1 - progress)
    # Weights are scaled so that shares stay in [0, 1]; rounding may leave -1e-8.
    np.maximum(share, 0, out=share)
    share *= net.rate
    if activity is not None:
        share[:, :n_regulators] *= activity
    return share


def langevin(
    network: Network,
    schedule: Schedule,
    stop: Ints,
    fate: Ints,
    knocked_out: Ints,
    rng: np.random.Generator,
    *,
    hill: float = 2.0,
    noise: float = 1.0,
    extrinsic: float = 0.2,
) -> NDArray[np.float32]:
    """Simulate every cell to its own step `stop` (of development) and return molecules [n, G].

    Chemical Langevin equation by Euler-Maruyama, with made `P` and lost `D = decay x` molecules an hour:
    `x += (P - D) dt + noise sqrt((P + D) dt) N(0, 1)`, kept at or above zero (Gillespie 2000).
    `knocked_out` holds the gene whose production is zero from the start, -1 for none. `extrinsic` is the
    standard deviation of the log of each cell's own production rate of each regulator (mean 1).
    """
    n, n_genes = stop.size, network.n_genes
    net = _Frozen.of(network, np.float32)
    # Longest-running first: the cells still running are then a prefix, and a slice needs no copy.
    order = np.argsort(-stop, kind="stable")
    last, fates, silenced = schedule.burn_in + stop[order], fate[order], knocked_out[order]
    activity = np.exp(
        extrinsic * rng.standard_normal((n, network.n_regulators), np.float32) - np.float32(extrinsic**2 / 2)
    )
    x = np.repeat((network.basal * network.rate / network.decay).astype(np.float32)[None], n, 0)
    rows = np.flatnonzero(silenced >= 0)
    x[rows, silenced[rows]] = 0
    dt, spread = np.float32(schedule.dt), np.float32(noise * np.sqrt(schedule.dt))
    draws = np.empty((n, n_genes), np.float32)
    for step in range(int(last.max(initial=0))):
        running = int(np.searchsorted(-last, -step, side="left"))
        state = x[:running]
        made = production(
            net, network.n_fates, state, fates[:running], schedule.progress(step), hill, activity[:running]
        )
        silent_rows = rows[: np.searchsorted(rows, running)]
        made[silent_rows, silenced[silent_rows]] = 0
        lost = state * net.decay
        shock = rng.standard_normal(dtype=np.float32, out=draws[:running])
        shock *= np.sqrt(made + lost)
        shock *= spread
        made -= lost
        made *= dt
        state += made
        state += shock
        np.maximum(state, 0, out=state)
    result = np.empty_like(x)
    result[order] = x
    return result


def trajectories(
    network: Network, schedule: Schedule, fate: Ints, knocked_out: Ints, *, hill: float = 2.0
) -> NDArray[np.float64]:
    """Noise-free molecules [steps + 1, n, G] of n systems, each with its fate and knocked-out gene (-1: none)."""
    net = _Frozen.of(network, np.float64)
    x = np.repeat((network.basal * network.rate / network.decay)[None], fate.size, 0)
    rows = np.flatnonzero(knocked_out >= 0)
    x[rows, knocked_out[rows]] = 0
    states = np.empty((schedule.steps + 1, *x.shape))
    for step in range(schedule.burn_in + schedule.steps + 1):
        if step >= schedule.burn_in:
            states[step - schedule.burn_in] = x
        made = production(net, network.n_fates, x, fate, schedule.progress(step), hill, None)
        made[rows, knocked_out[rows]] = 0
        x = np.maximum(x + (made - x * net.decay) * schedule.dt, 0)
    return states
