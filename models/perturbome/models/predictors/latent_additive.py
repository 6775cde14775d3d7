"""B7: the latent additive network, which adds a code of the targets to a code of the control cells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from perturbome.models.contracts import FitReport
from perturbome.models.data.condition import Condition
from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PREDICTION
from perturbome.models.predictors.contract import Answer, TablePredictor
from perturbome.models.predictors.features import Features
from perturbome.models.predictors.training_rows import contexts, kinds, perturbed_mean
from perturbome.platform.errors import ModelError

if TYPE_CHECKING:
    from perturbome.models.predictors.latent_network import LatentNetwork
    from perturbome.models.training.memory import Memory

Array = NDArray[np.float64]

STATES = 64
"""Control cells of each context that a network trained on cells starts its predictions from."""


@dataclass
class LatentAdditive(TablePredictor):
    """B7: x(c, p) = softplus(Dec(Enc(x_control(c)) + Enc_p(p))), p one for every target of a kind seen in training.

        delta(c, p) = x(c, p) - x(c, nothing);   loss = sum_i w_i |x_i - mean_i|² / n_genes / sum_i w_i

    over training conditions i with weight n/(n + k) of their cells and the controls of every context with weight 1
    (learn_from 'means'), or over their single cells, each from a control cell drawn anew, so that a condition's cells
    together weigh as much ('cells'). Stops by the squared error of changes on the validation side where there is one.
    Doses are not told apart. A condition without a target seen in training is B1. Wu et al. 2024, PerturBench.
    """

    learn_from: Literal["means", "cells"] = "means"
    n_layers: int = 1
    width: int = 256
    n_latent: int = 32
    dropout: float = 0.1
    softplus: bool = True
    learning_rate: float = 1e-3
    weight_decay: float = 1e-8
    batch_size: int = 64
    passes: int = 300
    patience: int = 30
    memory: Any = field(default=None, repr=False, metadata={"setting": False})  # a Memory of what fits have learned
    name = "latent additive"

    def fit(self, data: PerturbationData, features: Features | None = None, seed: int = 0) -> FitReport:
        """Learn, or remember what the same fit learned before; MissingExtra without torch and Lightning."""
        from perturbome.models.training.passes import require_torch

        require_torch(f"The predictor '{self.name}'")
        self._check()
        self._seen = data
        report = super().fit(data, features, seed)
        return replace(report, curve=tuple(self._facts.get("curve", ())))

    def learn(self, seed: int) -> tuple[dict[str, float], tuple[str, ...]]:
        """Weights by passes over the training side."""
        from perturbome.models.training.memory import Memory

        kind = kinds(self.table.conditions)
        self._targets = sorted(
            {(str(k), t) for k, c in zip(kind, self.table.conditions, strict=True) for t in c.targets}
        )
        memory, key = self.memory or Memory(), self._key(seed)
        found = memory.find(key)
        if found is None:
            found = self._learned(seed, memory, key)
        weights, facts = found
        self._facts: dict[str, Any] = facts
        self._network = self._taken_up(weights)
        return dict(self._facts.get("numbers", {})), tuple(self._facts.get("said", ()))

    def answer(self, conditions: Sequence[Condition]) -> Answer:
        """Changes by the network, B1 where no target was seen; of an unseen context by its control cells alone."""
        import torch

        from perturbome.models.training.passes import few_threads

        delta, how = perturbed_mean(self.table, conditions)
        p, trained = multi_hot(conditions, self._targets), set(contexts(self.table.conditions).tolist())
        assert self.data is not None
        for i, condition in enumerate(conditions):
            seen = int(p[i].sum())
            if not seen:
                how[i] += ", as no target was perturbed in training"
                continue
            states = self._states[self._of_state == self.data.find_context(condition.context)]
            with torch.no_grad(), few_threads(self._network):
                change = self._network.change(torch.from_numpy(states), torch.from_numpy(p[i : i + 1]))
            delta[i] = change[0].numpy()
            how[i] = self.name + ("" if condition.context.name in trained else " from other contexts")
            if seen < len(condition.targets):
                how[i] += " without a target that was not perturbed in training"
        return Answer(delta, how)

    # -- inside -------------------------------------------------------------------------------------------

    def _check(self) -> None:
        lowest = {"n_layers": 0, "width": 1, "n_latent": 1, "batch_size": 1, "passes": 1, "patience": 1}
        for name, least in lowest.items():
            if getattr(self, name) < least:
                raise ModelError(f"{self.name} needs {name} of {least} or more, not {getattr(self, name)}.")
        if not 0 <= self.dropout < 1 or self.learning_rate <= 0 or self.weight_decay < 0:
            raise ModelError(
                f"{self.name} needs a dropout from 0 to below 1, a learning rate above 0 and a weight decay of 0 or "
                f"more, not {self.dropout}, {self.learning_rate} and {self.weight_decay}."
            )

    def _options(self) -> dict[str, Any]:
        """All that decides the weights, but for the data."""
        names = ("learn_from", "n_layers", "width", "n_latent", "dropout", "softplus", "learning_rate", "weight_decay",
                 "batch_size", "passes", "patience")  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def _key(self, seed: int) -> str:
        """Hash of options, seed and what is fitted to: the same fit has the same key, in every process."""
        data = self._seen
        digest = hashlib.sha256(json.dumps([self.name, self._options(), seed, data.genes, data.names]).encode())
        split = data.split
        digest.update(json.dumps([] if split is None else [split.train, split.validation]).encode())
        for moments in (data.treated, data.controls):
            for a in (moments.n, moments.total, moments.squares):
                digest.update(np.ascontiguousarray(a).tobytes())
        return digest.hexdigest()[:32]

    def _made(self) -> LatentNetwork:
        from perturbome.models.predictors.latent_network import LatentNetwork

        return LatentNetwork(
            len(self._seen.genes), len(self._targets), self.width, self.n_latent, self.n_layers, self.dropout,
            self.softplus,
        )  # fmt: skip

    def _learned(self, seed: int, memory: Memory, key: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Train a network, and keep its weights and the states it starts from."""
        import torch

        from perturbome.models.predictors.latent_lessons import judge_of, lessons
        from perturbome.models.training.passes import Plan, learn, weights_of

        data = self._seen
        mean = data.controls.mean
        if self.softplus and np.nanmin(mean) < 0:
            raise ModelError(
                f"{self.name} draws expression of 0 or more, and the controls' mean goes down to {np.nanmin(mean):.3g} "
                f"{data.unit}. Set model.softplus=false."
            )
        lesson = lessons(data, self._targets, self.learn_from, self.batch_size, seed, STATES)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = self._made()
            start = np.mean([data.control(c, PREDICTION) for c in data.contexts], axis=0)
            network.start_at(torch.from_numpy(start).float())
        judge = judge_of(data, self._targets, lesson)
        plan = Plan(self.passes, self.learning_rate, self.weight_decay, self.patience)
        done = learn(network, lesson.batches, lesson.loss, judge, plan, seed, memory.progress(key))
        weights = {**weights_of(network), "states": lesson.states, "of_state": lesson.of_state}
        said = _told(self.name, done, judge is not None, len(data.validation))
        facts: dict[str, Any] = {"curve": list(done.curve), "said": said}
        facts["numbers"] = {"passes": float(len(done.curve)), "best pass": float(done.best)}
        facts["numbers"] |= {f"{k} of the best pass": v for k, v in done.curve[done.best - 1].items() if k != "pass"}
        memory.keep(key, weights, facts)
        return weights, facts

    def _taken_up(self, weights: Mapping[str, NDArray[Any]]) -> LatentNetwork:
        """The network in double precision, so that answers do not depend on what else is asked."""
        from perturbome.models.training.passes import take_up

        network = self._made()
        take_up(network, dict(weights))
        self._states, self._of_state = weights["states"].astype(np.float64), weights["of_state"]
        return network.double().eval()


def multi_hot(conditions: Sequence[Condition], targets: Sequence[tuple[str, str]]) -> Array:
    """1 where a condition perturbs a target (kind, name), else 0 [n_conditions, n_targets]."""
    place = {target: j for j, target in enumerate(targets)}
    found = np.zeros((len(conditions), len(targets)))
    for i, (kind, c) in enumerate(zip(kinds(conditions), conditions, strict=True)):
        columns = [place[str(kind), t] for t in c.targets if (str(kind), t) in place]
        found[i, columns] = 1.0
    return found


def _told(name: str, done: Any, judged: bool, n_validation: int) -> list[str]:
    many = f" in {done.processes} processes" if done.processes > 1 else ""
    said = [f"{name} learned on {done.device}{many} in precision {done.precision}."]
    if judged:
        said.append(f"Of {len(done.curve)} passes the weights of pass {done.best} were kept, the best on validation.")
    else:
        why = "No validation condition has a target seen in training" if n_validation else "There is no validation side"
        said.append(f"{why}: all {len(done.curve)} passes were made.")
    if done.went_on_from:
        said.append(f"It went on from pass {done.went_on_from}, after which an earlier training was interrupted.")
    return said
