"""`bench`: models x splits x seeds on one data set, every one beside baselines and the replicate ceiling."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from perturbome.models.bench.kept import Kept
from perturbome.models.bench.plan import CEILING, Cell, default_models
from perturbome.models.bench.run import Outcome, run_cell
from perturbome.models.data.audit import audit
from perturbome.models.data.build import perturbation_data
from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.shuffled import shuffled_labels
from perturbome.models.data.split_choice import NoSplit, choose_splits
from perturbome.models.data.splits import Split
from perturbome.models.predictors.features import Features
from perturbome.models.predictors.features_from_store import features_from_store
from perturbome.models.predictors.registry import make_predictor
from perturbome.platform.errors import InputError
from perturbome.platform.interruption import going_on
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.store import Store

FOLDER = "bench"
"""Where a store keeps the cells of a benchmark that is not whole yet."""
Told = Callable[[Cell, Outcome], None]


@dataclass(frozen=True)
class Benchmark:
    """A finished benchmark: its scores, and what every cell of the table said."""

    run: str
    dataset: str
    unit: str
    split: str
    n_conditions: int
    n_genes: int
    models: tuple[str, ...]
    seeds: tuple[int, ...]
    scores: pl.DataFrame  # model, split, seed, condition, metric, value
    cells: tuple[tuple[Cell, Outcome], ...]
    said: tuple[str, ...]  # on the data


def bench(
    store: Store, dataset: str | None = None, *, models: Sequence[str] = (), split: str = "leave-one-out",
    seeds: int = 1, n_genes: int | None = 2000, contexts: Sequence[str] | None = None, min_cells: int = 10,
    shuffle: bool = False, cells: bool = False, published: bool = False, told: Told | None = None,
    report: Report = silent,
) -> Benchmark:  # fmt: skip
    """Run every model on every split for `seeds` seeds, and keep the scores as a run of the kind 'benchmark'.

    models: names of predictors, or `gated NAME`; by default every baseline that has what it needs, the prior kernel,
    and that behind its gate. split: a text, see `choose_splits`. A seed is that of the control halves, of drawn
    splits and of models. Genes are chosen by control cells alone, so that all splits share them. `shuffle` draws all
    labels at random (see `shuffled_labels`): then nothing can be right. `cells` adds distances between
    cells (see `run_cell`), `published` cell-eval2's metrics.
    Interrupted, the same call goes on with what is missing; `told` hears of every finished cell, and an outcome that
    was `taken` from before says so.

    Raises UnknownName for a data set or model, InputError for a split that fits nothing, LeakFound for one that leaks.
    """
    from perturbome.models.conditions import choose_dataset

    if seeds < 1:
        raise InputError(f"A benchmark takes one seed or more, not {seeds}.")
    for name in models:
        make_predictor(name)
    started = datetime.now(UTC)
    dataset = choose_dataset(store, dataset)
    settings = {
        "n_genes": n_genes, "contexts": list(contexts or ()), "min_cells": min_cells, "cells": cells,
        "published": published,
    }  # fmt: skip
    kept = Kept(store.path / FOLDER)
    done: list[tuple[Cell, Outcome]] = []
    named: tuple[str, ...] = tuple(dict.fromkeys(models))
    with going_on(lambda: _still_there(done)):
        for seed in range(seeds):
            data = perturbation_data(
                store, dataset, contexts=contexts, min_cells=min_cells, n_genes=n_genes, seed=seed,
                cells=True, report=report,  # as training has them: how genes go along in control cells is a feature
            )  # fmt: skip
            if shuffle:
                data = shuffled_labels(data, seed)
            splits = choose_splits(data.conditions, split, seeds=[seed], dataset=dataset)
            if any(isinstance(one, NoSplit) for one in splits):
                raise InputError("A benchmark needs something held out to judge by. Give another --split than 'none'.")
            features = features_from_store(store, data)  # without regulation runs no split changes them
            for number, one in enumerate(splits):
                report(f"splits of seed {seed}", number, len(splits))
                shown = data.with_split(one)
                audit(shown)
                named = named or tuple(default_models(shown.hidden(), features))
                for cell in _cells(one, seed, (data.hash, features.hash), (CEILING, *named), settings):
                    outcome = kept.find(cell) or _made(kept, cell, shown, features, cells, published)
                    done.append((cell, outcome))
                    if told is not None:
                        told(cell, outcome)
    scores = pl.concat([_labelled(cell, outcome) for cell, outcome in done])
    used = {cell.split.hash: cell.split.configuration() for cell, _ in done}
    with store.run(
        "benchmark", name=f"{split} on {data.dataset}: {len(named)} models",
        configuration={
            **settings, "dataset": data.dataset, "split": split, "models": list(named), "seeds": seeds,
            "shuffle": shuffle, "splits": list(used.values()),
        },
        parents=[str(run) for run in store.datasets().filter(dataset=dataset)["run"]], datasets=[dataset],
        started=started, report=report,
    ) as writer:  # fmt: skip
        rows = scores.with_columns(pl.col("value").fill_nan(None), dataset=pl.lit(dataset))
        writer.write("scores", rows)
        writer.metrics |= {
            "cells": [_told(cell, outcome) for cell, outcome in done], "said": list(data.said), "unit": data.unit,
            "n_conditions": len(data.conditions), "n_genes": len(data.genes),
        }  # fmt: skip
    kept.forget([cell for cell, _ in done])
    return Benchmark(
        writer.id, data.dataset, data.unit, split, len(data.conditions), len(data.genes), named,
        tuple(range(seeds)), scores, tuple(done), data.said,
    )  # fmt: skip


def stored(store: Store, run: str) -> Benchmark:
    """A benchmark that was run before, to be shown or written again; InputError for another kind of run."""
    kept = store.lake.run(run)
    if kept.kind != "benchmark":
        raise InputError(f"Run {run} is of the kind '{kept.kind}', not a benchmark. See: perturbome runs list")
    asked, told = kept.configuration, kept.metrics
    splits = [Split.from_configuration(one, f"run {run}") for one in asked["splits"]]
    settings = json.dumps({name: asked[name] for name in ("n_genes", "contexts", "min_cells", "published")})
    scores = store.lake.scan("scores", [run]).select("model", "split", "seed", "condition", "metric", "value").collect()
    scores = scores.with_columns(pl.col("value").fill_null(float("nan")))
    cells = []
    for one in told["cells"]:
        mine = scores.filter(model=one["model"], split=one["split"], seed=one["seed"])
        outcome = Outcome.from_facts(mine.select("condition", "metric", "value"), one)
        named = [s for s in splits if s.name == one["split"]]  # folds of several seeds share their names
        split = next((s for s in named if s.seed == one["seed"]), named[0])
        cells.append((Cell(one["model"], split, one["seed"], "", settings), outcome))
    return Benchmark(
        run, asked["dataset"], told["unit"], asked["split"], told["n_conditions"], told["n_genes"],
        tuple(asked["models"]), tuple(range(asked["seeds"])), scores,
        tuple(cells), tuple(told["said"]),
    )  # fmt: skip


def _cells(
    split: Split, seed: int, hashes: tuple[str, str], models: Sequence[str], settings: dict[str, Any]
) -> Iterator[Cell]:
    for model in models:
        yield Cell(model, split, seed, hashes[0], json.dumps(settings, sort_keys=True), hashes[1])


def _made(kept: Kept, cell: Cell, data: PerturbationData, features: Features, cells: bool, published: bool) -> Outcome:
    outcome = run_cell(cell, data, features, cells=cells, published=published)
    kept.keep(cell, outcome)
    return outcome


def _still_there(done: Sequence[tuple[Cell, Outcome]]) -> str | None:
    """What an interruption leaves of a benchmark."""
    if not done:
        return None
    fits = "1 finished fit is" if len(done) == 1 else f"{len(done)} finished fits are"
    return f"{fits} kept: the same command goes on with those that are missing."


def _labelled(cell: Cell, outcome: Outcome) -> pl.DataFrame:
    label = {"model": cell.model, "split": cell.split.name}
    seed = pl.lit(cell.seed, dtype=pl.Int32).alias("seed")
    return outcome.scores.select(*(pl.lit(v).alias(k) for k, v in label.items()), seed, pl.all())


def _told(cell: Cell, outcome: Outcome) -> dict[str, Any]:
    return {"model": cell.model, "split": cell.split.name, "seed": cell.seed, **outcome.facts()}
