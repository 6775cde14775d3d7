"""Kill a writer at a random moment, then look whether anything was lost, half-visible or in need of repair."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from perturbome.platform import Store

WORKER = Path(__file__).with_name("worker.py")
LONGEST = 2.5
"""Seconds after its first completed run at which a worker is killed at the latest."""


@dataclass
class Watch:
    """What workers said so far: runs that must be there, and runs whose removal was begun."""

    complete: set[str] = field(default_factory=set)
    removing: set[str] = field(default_factory=set)
    kills: int = 0


def kill_once(folder: Path, experiment: Path, watch: Watch, rng: np.random.Generator, graph: str | None = None) -> None:
    """Start a worker, kill it with SIGKILL at a random moment, note what it had said."""
    command = [sys.executable, str(WORKER), str(folder), str(experiment), str(int(rng.integers(2**31)))]
    worker = subprocess.Popen(
        command + ([graph] if graph else []),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert worker.stdout is not None
    assert worker.stderr is not None
    first = worker.stdout.readline()
    if not first:
        raise AssertionError(f"the worker could not work without repair:\n{worker.stderr.read()}")
    timer = threading.Timer(float(rng.uniform(0, LONGEST)), os.killpg, (worker.pid, signal.SIGKILL))
    timer.start()
    lines = [first, *worker.stdout]
    complaint = worker.stderr.read()
    worker.wait()
    timer.cancel()
    if worker.returncode != -signal.SIGKILL:
        raise AssertionError(f"the worker ended by itself with {worker.returncode}:\n{complaint}")
    watch.kills += 1
    for line in lines:
        if line.endswith("\n"):
            what, run = line.split()
            (watch.complete if what == "complete" else watch.removing).add(run)


def check(folder: Path, watch: Watch, graph: str | None = None) -> None:
    """AssertionError where a completed run is lost, a partial one is visible, or lake and graph disagree."""
    with Store(folder, graph=graph) as store:
        runs = {run.id: run for run in store.runs()}
        replaced = {run.id for run in store.lake.all_runs() if run.status == "removed"}
        replaced |= {old for run in runs.values() for old in run.replaces}
        lost = watch.complete - set(runs) - watch.removing - replaced
        assert not lost, f"completed runs were lost: {lost}"
        for table in ("regulation", "cells", "genes", "perturbations", "datasets"):
            rows = dict(store.lake.scan(table).group_by("run").len().collect().iter_rows())
            assert set(rows) <= set(runs), f"rows of runs that are not complete are visible in {table}"
            for run_id, run in runs.items():
                promised = run.metrics.get(f"{table}_rows", 0)
                assert rows.get(run_id, 0) == promised, f"{table} of {run_id}: {rows.get(run_id, 0)} of {promised} rows"
        answer = store.query("MATCH (:Gene)-[r:REGULATES]->(:Gene) RETURN r.run AS run, count(*) AS edges")
        edges = dict(zip(answer["run"].to_pylist(), answer["edges"].to_pylist(), strict=True))
        lake = store.lake.scan("regulation").group_by("run").len().collect()
        assert edges == dict(lake.iter_rows()), "the graph does not show what the lake holds"
        cells = store.query("MATCH (c:Cell) RETURN count(*) AS n")["n"][0].as_py()
        assert cells == store.lake.scan("cells").select(pl.len()).collect().item()
