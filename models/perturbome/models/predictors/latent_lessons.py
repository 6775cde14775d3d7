"""What the latent additive network learns from: condition means or single cells, in batches for each process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from perturbome.models.data.batches import Batches
from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PREDICTION
from perturbome.models.predictors.latent_network import LatentNetwork

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
Targets = Sequence[tuple[str, str]]
Given = tuple[Tensor, Tensor, Tensor, Tensor]
"""Control states, targets, what is to be drawn, and weights whose sum over all processes is their number."""


@dataclass(frozen=True)
class Lesson:
    """Batches, their loss, and the control states that predictions start from."""

    batches: Callable[[int, tuple[int, int]], Iterator[Given]]
    states: NDArray[np.float32]  # [n_states, n_genes]
    of_state: NDArray[np.int32]  # [n_states], number of the context

    @staticmethod
    def loss(network: Any, given: Given) -> Tensor:
        """Weighted squared error, the mean over genes and this process's part of the sum over conditions."""
        device = next(network.parameters()).device
        control, targets, truth, weight = (t.to(device, non_blocking=True) for t in given)
        error = (network(control, targets) - truth).square().mean(dim=1)
        total: Tensor = (weight * error).sum()
        return total


def lessons(
    data: PerturbationData, targets: Targets, learn_from: Literal["means", "cells"], size: int, seed: int, n_states: int
) -> Lesson:
    """What there is to learn from hidden data."""
    return _means(data, targets, size, seed) if learn_from == "means" else _cells(data, targets, size, seed, n_states)


def judge_of(data: PerturbationData, targets: Targets, lesson: Lesson) -> Callable[[LatentNetwork], float] | None:
    """Weighted squared error of changes on validation conditions with a target to learn; None where there are none."""
    from perturbome.models.predictors.latent_additive import multi_hot

    table = data.validation
    if not len(table):
        return None
    p = multi_hot(table.conditions, targets)
    known = np.flatnonzero(p.any(axis=1))
    table, p = table[known], p[known]
    if not len(table):
        return None
    weight = table.weights(data.training.cells_per_weight())
    where = np.array([data.find_context(c.context) for c in table.conditions])
    truth = torch.from_numpy(table.delta).float()

    def judge(network: LatentNetwork) -> float:
        device = next(network.parameters()).device
        error = np.zeros(len(table))
        for c in np.unique(where):
            rows = np.flatnonzero(where == c)
            states = torch.from_numpy(lesson.states[lesson.of_state == c]).to(device)
            found = network.change(states, torch.from_numpy(p[rows]).float().to(device)).cpu()
            error[rows] = (found - truth[rows]).square().mean(dim=1).numpy()
        return float(np.average(error, weights=weight))

    return judge


def _means(data: PerturbationData, targets: Targets, size: int, seed: int) -> Lesson:
    """Every training condition once in a pass, and the controls of every context as a condition without targets."""
    from perturbome.models.predictors.latent_additive import multi_hot

    table = data.training
    control = np.array([data.control(c, PREDICTION) for c in data.contexts])
    where = np.array([data.find_context(c.context) for c in table.conditions] + list(range(len(control))))
    p = np.vstack([multi_hot(table.conditions, targets), np.zeros((len(control), len(targets)))])
    truth = np.vstack([table.mean, control])
    weight = np.concatenate([table.weights(), np.ones(len(control))])
    tensors = [torch.from_numpy(a).float() for a in (control[where], p, truth, weight)]

    def batches(number: int, share: tuple[int, int]) -> Iterator[Given]:
        order = np.random.default_rng([seed, number]).permutation(len(where))
        process, n = share
        for first in range(0, len(order), size):
            whole = torch.from_numpy(order[first : first + size])
            mine = whole[process::n]
            # A process without a row of its own takes one that weighs nothing, so that all make as many steps.
            at = mine if len(mine) else whole[:1]
            x, q, y, w = (t[at] for t in tensors)
            yield x, q, y, (w if len(mine) else 0 * w) * n / tensors[3][whole].sum()

    return Lesson(batches, control.astype(np.float32), np.arange(len(control), dtype=np.int32))


def _cells(data: PerturbationData, targets: Targets, size: int, seed: int, n_states: int) -> Lesson:
    """Every training cell and every control cell once in a pass, each drawn from a control cell of its context."""
    from perturbome.models.predictors.latent_additive import multi_hot

    cells, table = data.cells, data.training
    matrix = cells.expression
    k = table.cells_per_weight()
    training = data.rows(table.names)
    controls = [cells.control_rows(c, PREDICTION) for c in range(len(data.contexts))]
    p = np.vstack([multi_hot(data.conditions, targets), np.zeros((len(controls), len(targets)))]).astype(np.float32)
    group = np.full(len(cells.code), -1, dtype=np.intp)  # row of p
    where = np.concatenate([data.context, np.arange(len(controls))])
    each = np.zeros(len(where))  # weight of one cell of a group
    for row in training:
        own = cells.rows(int(row))
        group[own], each[row] = row, 1 / (len(own) + k)
    for c, own in enumerate(controls):
        group[own], each[len(data.conditions) + c] = len(data.conditions) + c, 1 / len(own)
    rows = np.flatnonzero(group >= 0)
    pool, n_controls = np.concatenate(controls), np.array([len(own) for own in controls])
    first = np.cumsum(n_controls) - n_controls
    each /= each[group[rows]].mean()

    def batches(number: int, share: tuple[int, int]) -> Iterator[Given]:
        process, n = share
        mine = rows[process::n][: len(rows) // n]
        passing = Batches(cells, max(1, size // n), mine, seed=seed, into="torch")
        passing.passes = number  # so that the order is that of the pass, whoever goes on with it
        draw = np.random.default_rng([seed, number, process])
        for batch in passing:
            of = group[batch.rows]
            at = first[where[of]] + np.floor(draw.random(len(of)) * n_controls[where[of]]).astype(np.intp)
            x = torch.from_numpy(matrix[pool[at]].toarray())
            weight = torch.from_numpy(each[of]).float() / len(of)
            yield x, torch.from_numpy(p[of]), batch.expression, weight

    picked = [own[np.argsort(cells.key[own], kind="stable")[:n_states]] for own in controls]
    states = matrix[np.concatenate(picked)].toarray()
    of_state = np.repeat(np.arange(len(controls)), [len(own) for own in picked]).astype(np.int32)
    return Lesson(batches, states, of_state)
