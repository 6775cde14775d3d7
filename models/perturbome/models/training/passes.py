"""Learning in passes: one loop for every network, on CPU or GPU, in one process or many, that an end can interrupt."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from perturbome.models.training.memory import Weights, read_progress, write_progress
from perturbome.platform.errors import MissingExtra, ModelError

if TYPE_CHECKING:
    import torch
    from torch import nn

SAVE_EVERY = 30.0
"""Seconds between two notes of how far a fit came, for a process that is killed; an interruption notes it itself."""
SMALL = 2_000_000
"""Weights of a network below which one thread is enough."""

Share = tuple[int, int]
"""Which process of how many."""
Batches = Callable[[int, Share], Iterable[Any]]
Loss = Callable[[Any, Any], "torch.Tensor"]
Judge = Callable[[Any], float]


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn."""

    passes: int
    learning_rate: float
    weight_decay: float
    patience: int  # passes without a better judgement after which to stop


@dataclass(frozen=True)
class Outcome:
    """What happened: one row for each pass, and where and how it was computed."""

    curve: tuple[dict[str, float], ...]  # pass, loss, judged (where there was a judge)
    best: int  # the pass whose weights were kept
    device: str
    precision: str
    processes: int
    went_on_from: int  # the pass after which an earlier process had been interrupted, 0: none


def require_torch(what: str) -> None:
    """MissingExtra where networks cannot be trained or asked."""
    try:
        import lightning.fabric  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtra(str(error.name or "torch").split(".", maxsplit=1)[0], "models", what) from None


def learn(
    network: nn.Module, batches: Batches, loss: Loss, judge: Judge | None, plan: Plan, seed: int,
    progress: Path | None = None,
) -> Outcome:  # fmt: skip
    """Train a network with Adam, in place; with a judge the weights of the best judged pass are kept.

    batches(pass, share) yields what `loss(network, batch)` takes, in an order of its own for every pass; a loss is
    scaled so that its mean over all processes is the loss of the whole. judge(network): lower is better; the same in
    every process. Random draws start anew with every pass, from seed, pass and process: a fit that goes on from
    `progress` ends as one that was never interrupted, bit by bit on a CPU; an interruption leaves there all whole
    passes. ModelError where the loss is not finite.
    """
    import torch

    fabric = _fabric()
    share = (fabric.global_rank, fabric.world_size)
    optimizer = torch.optim.Adam(
        network.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay, fused=True
    )
    wrapped, stepping = fabric.setup(network, optimizer)
    curve: list[dict[str, float]] = []
    best, start = _copied(network), 0
    if progress is not None and progress.exists():
        curve, best = _go_on(network, optimizer, progress)
        start = len(curve)
    last = None  # the state after the last whole pass: what an interruption leaves
    saved = time.monotonic()
    generators = [fabric.device] if fabric.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=generators), few_threads(network):
            for number in range(start, plan.passes):
                if _done(curve, plan.patience):
                    break
                torch.manual_seed(_seed(seed, number, share[0]))
                wrapped.train()
                total, n = torch.zeros((), device=fabric.device), 0
                for batch in batches(number, share):
                    stepping.zero_grad()
                    value = loss(wrapped, batch)
                    fabric.backward(value)
                    stepping.step()
                    total, n = total + value.detach(), n + 1
                row = {"pass": float(number + 1), "loss": float(fabric.all_reduce(total / max(n, 1), reduce_op="mean"))}
                if judge is not None:
                    network.eval()
                    with torch.no_grad():
                        row["judged"] = judge(network)
                if not all(map(math.isfinite, row.values())):
                    raise ModelError(
                        f"Learning failed in pass {number + 1}: the loss is not a finite number any more. Lower the "
                        f"learning rate: --set model.learning_rate={plan.learning_rate / 10:g}"
                    )
                curve.append(row)
                if judge is None or _best(curve) == number + 1:
                    best = _copied(network)
                if progress is not None and share[0] == 0:
                    last = _state(network, optimizer, best, curve)
                    if time.monotonic() - saved >= SAVE_EVERY:
                        _note(last, progress)
                        saved = time.monotonic()
    except KeyboardInterrupt:
        if last is not None and progress is not None:
            _note(last, progress)
        raise
    network.load_state_dict(best)
    network.eval()
    where = f"{fabric.device.type}" if fabric.device.type == "cpu" else torch.cuda.get_device_name(fabric.device)
    precision = str(fabric._precision.precision)
    return Outcome(tuple(curve), _best(curve), where, precision, share[1], start)


def weights_of(network: nn.Module) -> Weights:
    """The network's weights as numpy arrays by name."""
    return {name: t.detach().cpu().numpy().copy() for name, t in network.state_dict().items()}


def take_up(network: nn.Module, weights: Weights) -> None:
    """The inverse of `weights_of`."""
    import torch

    network.load_state_dict({name: torch.from_numpy(weights[name].copy()) for name in network.state_dict()})


@contextmanager
def few_threads(network: nn.Module) -> Iterator[None]:
    """One thread for a small network, whose threads would wait for each other longer than they compute."""
    import torch

    before = torch.get_num_threads()
    if sum(p.numel() for p in network.parameters()) < SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


# -- inside -------------------------------------------------------------------------------------------------


def _fabric() -> Any:
    """Lightning Fabric for what there is: a GPU in bf16 where it can, else the CPU; many processes under torchrun."""
    import torch
    from lightning.fabric import Fabric

    gpu = torch.cuda.is_available()
    precision = "bf16-mixed" if gpu and torch.cuda.is_bf16_supported() else "32-true"
    world, here = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    fabric = Fabric(
        accelerator="cuda" if gpu else "cpu", devices=here, num_nodes=world // here,
        strategy="ddp" if world > 1 else "auto", precision=precision,  # type: ignore[arg-type]
    )  # fmt: skip
    fabric.launch()
    return fabric


def _seed(seed: int, number: int, process: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}|{number}|{process}".encode()).digest()[:7])


def _best(curve: list[dict[str, float]]) -> int:
    """The pass that was judged best, the first of equals; the last one without a judge; 0 before any."""
    judged = [row["judged"] for row in curve if "judged" in row]
    return int(np.argmin(judged)) + 1 if judged else len(curve)


def _done(curve: list[dict[str, float]], patience: int) -> bool:
    return bool(curve) and "judged" in curve[0] and len(curve) - _best(curve) >= patience


def _copied(network: nn.Module) -> dict[str, Any]:
    return {name: t.detach().clone() for name, t in network.state_dict().items()}


def _state(
    network: nn.Module, optimizer: torch.optim.Optimizer, best: dict[str, Any], curve: list[dict[str, float]]
) -> tuple[dict[str, torch.Tensor], list[dict[str, float]]]:
    """A copy of all that a fit needs to go on, on the device."""
    tensors = {f"now/{name}": t for name, t in network.state_dict().items()}
    for k, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{k}/{name}": t for name, t in state.items()}
    copied = {name: t.detach().clone() for name, t in tensors.items()}
    return {**copied, **{f"best/{name}": t for name, t in best.items()}}, list(curve)


def _note(state: tuple[dict[str, torch.Tensor], list[dict[str, float]]], progress: Path) -> None:
    """Write a state as `_go_on` reads it."""
    tensors, curve = state
    write_progress(progress, {name: t.cpu().numpy() for name, t in tensors.items()}, {"curve": curve})


def _go_on(
    network: nn.Module, optimizer: torch.optim.Optimizer, progress: Path
) -> tuple[list[dict[str, float]], dict[str, Any]]:
    """Take up weights and the optimizer's state; returns the curve so far and the best weights."""
    import torch

    arrays, facts = read_progress(progress)
    device = next(network.parameters()).device
    of: dict[str, dict[str, Any]] = {"now": {}, "best": {}}
    state: dict[int, dict[str, Any]] = {}
    for path, a in arrays.items():
        kind, _, name = path.partition("/")
        if kind == "optimizer":
            k, _, name = name.partition("/")
            state.setdefault(int(k), {})[name] = torch.from_numpy(a)
        else:
            of[kind][name] = torch.from_numpy(a).to(device)
    network.load_state_dict(of["now"])
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return list(facts["curve"]), of["best"]
