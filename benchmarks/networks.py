"""Every method of network inference on every gold standard: `python -m benchmarks.networks FOLDER [--resume]`.

FOLDER holds the gold standards (see `_gold`). Pairs are ranked by `Evidence.strength` over the whole universe of a
track, significant or not. With `--resume`, what results/networks.json already holds is not run again.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from benchmarks._gold import Gold, gold_standards
from benchmarks._machine import RESULTS, save
from benchmarks._ranking import scores

from perturbome.ingest.regulation.method import Cells, Evidence, Floats, Method, Options
from perturbome.ingest.regulation.methods.changes import dense
from perturbome.ingest.regulation.network import usable_part
from perturbome.ingest.regulation.registry import METHODS
from perturbome.ingest.regulation.threads import small_products

OPTIONS = Options(n_bootstraps=0, n_trees=100)  # a fifth of the trees that are grown by default: the rest is patience
PUBLISHED = (
    ("DREAM4-100 1", "knock-outs", "winner of the challenge", {"aupr": 0.536}),
    ("DREAM4-100 2", "knock-outs", "winner of the challenge", {"aupr": 0.377}),
    ("DREAM4-100 multifactorial 1", "multifactorial", "GENIE3", {"aupr": 0.154, "auroc": 0.745}),
    ("DREAM4-100 multifactorial 2", "multifactorial", "GENIE3", {"aupr": 0.155, "auroc": 0.733}),
)
"""Scores of the challenge, first place of each part: Pinna, Soranzo and de la Fuente 2010, Huynh-Thu et al. 2010. The
networks of the multifactorial part are others."""


@dataclass(frozen=True)
class Ranking:
    """What a method says of all pairs [p, G] of some cells, and the seconds it took."""

    strength: Floats
    sign: Floats
    seconds: float
    evidence: Evidence | None = None  # of the genes that take part


@dataclass(frozen=True)
class Known(Method):
    """A method whose answer for the cells at hand is known."""

    evidence: Evidence | None = None

    def __call__(self, cells: Cells, options: Options) -> Evidence:
        """What it said before."""
        assert self.evidence is not None
        return self.evidence


def ranking(method: Method, cells: Cells, before: Mapping[str, Ranking] | None = None) -> Ranking:
    """Ask a method as the platform does: genes that cannot take part are out, and nothing is said of them.

    A consensus takes what its members said `before` of the same cells, and their seconds.
    """
    part, columns, positions = usable_part(cells)
    options, known, seconds = OPTIONS, {}, 0.0
    if method.name == "consensus":
        options = replace(OPTIONS, members=members(part))
        before = {name: found for name, found in (before or {}).items() if name in options.members}
        known = {name: Known(**vars(METHODS[name]), evidence=found.evidence) for name, found in before.items()}
        seconds = sum(found.seconds for found in before.values())
    begin = time.perf_counter()
    with patch.dict(METHODS, known), small_products():  # as the platform runs it
        evidence = method(part, options)
    seconds += time.perf_counter() - begin
    strength = np.full((cells.regulators.size, len(cells.genes)), np.nan)
    sign = np.zeros_like(strength)
    strength[np.ix_(positions, columns)] = evidence.strength
    sign[np.ix_(positions, columns)] = np.sign(evidence.weight)
    return Ranking(strength, sign, seconds, evidence)


def members(cells: Cells) -> tuple[str, ...]:
    """The default members of the consensus that are run on the cells."""
    return tuple(name for name, method in METHODS.items() if method.consensus and is_run(method, cells))


def is_run(method: Method, cells: Cells) -> bool:
    """Whether a method is there and has what it needs of the cells."""
    return is_there(method) and method.lacks(cells) is None


def is_there(method: Method) -> bool:
    """Whether the module of a method exists."""
    return find_spec(method.function.split(":")[0]) is not None


def spread(gold: Gold) -> Ranking:
    """What knows of no pair: regulators and targets that vary much come first."""
    sd = dense(gold.cells.X).std(0)
    return Ranking(np.outer(sd[gold.cells.regulators], sd), np.ones(gold.truth.shape), 0.0)


def degrees(gold: Gold) -> Ranking:
    """What knows how many edges each gene has in the truth, and no edge: their product. A bar, not a method."""
    edge = (gold.truth != 0) & gold.universe
    return Ranking(np.outer(edge.sum(1), edge.sum(0)).astype(float), np.ones(gold.truth.shape), 0.0)


def rows_of(gold: Gold, name: str, found: Ranking) -> dict[str, Any]:
    """One line of the results."""
    numbers = scores(found.strength, found.sign, gold.truth, gold.universe, gold.signed)
    return {"set": gold.name, "track": gold.track, "method": name, "seconds": round(found.seconds, 3), **numbers}


def score_all(data: Path, done: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A line per set, track and method, but for those `done`; tracks that share their cells share the run."""
    known = {(r["set"], r["track"], r["method"]) for r in done}
    absent = [name for name, method in METHODS.items() if not is_there(method)]
    if absent:
        print(f"Not there yet, left out: {', '.join(absent)}.")
    for _, group in groupby(gold_standards(data), key=lambda gold: id(gold.cells)):
        tracks = list(group)
        cells = tracks[0].cells
        before: dict[str, Ranking] = {}
        for name, method in METHODS.items():
            wanted = [gold for gold in tracks if (gold.name, gold.track, name) not in known]
            if wanted and is_run(method, cells):
                before[name] = ranking(method, cells, before)
                yield from (rows_of(gold, name, before[name]) for gold in wanted)
        for gold in tracks:
            for name, baseline in (("spread", spread), ("degrees", degrees)):
                if (gold.name, gold.track, name) not in known:
                    yield rows_of(gold, name, baseline(gold))
            if (gold.name, gold.track, "random") not in known:
                yield {"set": gold.name, "track": gold.track, "method": "random", "seconds": 0.0, "auroc": 0.5,
                       "aupr": gold.density, "aupr_ratio": 1.0, "epr": 1.0}  # fmt: skip


def main(data: Path, resume: bool) -> None:
    """Score everything, keeping what is done after every method."""
    path = RESULTS / "networks.json"
    lines: list[dict[str, Any]] = json.loads(path.read_text())["scores"] if resume and path.exists() else []
    published = [{"set": s, "track": t, "method": m, **numbers} for s, t, m, numbers in PUBLISHED]
    RESULTS.mkdir(exist_ok=True)
    begin = time.perf_counter()
    for line in score_all(data, list(lines)):
        lines.append(line)
        print(f"{line['set']:16} {line['track']:16} {line['method']:15} AUPR {line['aupr']:.3f}  "
              f"AUROC {line['auroc']:.3f}  EPR {line['epr']:.2f}  {line['seconds']:.1f} s", flush=True)  # fmt: skip
        path.write_text(json.dumps({"scores": lines}, default=float))
    save("networks", {"seconds": round(time.perf_counter() - begin, 1), "resumed": resume, "scores": lines,
                      "published": published})  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--resume" in sys.argv[2:])
