"""Keeping a graph in step with the lake: catch up, rebuild, remove, and how far behind it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perturbome.platform.graph.base import GraphStore
from perturbome.platform.graph.projection import parts
from perturbome.platform.graph.projection_nodes import nodes
from perturbome.platform.graph.projection_source import Source
from perturbome.platform.lake.lake import Lake
from perturbome.platform.progress import Report, silent


def catch_up(lake: Lake, engine: GraphStore, report: Report = silent) -> list[str]:
    """Project the complete runs the graph lacks and drop those the lake no longer has; returns the runs projected."""
    complete, held = _complete(lake), engine.runs()
    gone = sorted(held - set(complete))
    if gone:
        remove(lake, engine, gone, report)
        held = engine.runs()
    missing = [run for run in complete if run not in held]
    if missing:
        engine.append(missing, parts(lake, missing), report)
    return missing


def rebuild(lake: Lake, engine: GraphStore, report: Report = silent) -> None:
    """Project the whole lake from nothing."""
    complete = _complete(lake)
    engine.replace(complete, parts(lake, complete), report)


def remove(lake: Lake, engine: GraphStore, runs: Sequence[str], report: Report = silent) -> None:
    """Take runs, already removed from the lake, out of the graph: in place, or by building the rest anew."""
    held = engine.runs() & set(runs)
    if not held:
        return
    if not engine.remove(sorted(held)):
        rebuild(lake, engine, report)
        return
    # Nodes without a relationship went too, and attributes may stem from a run that is gone: what stays is told again.
    # Cells alone belong to one run, so those that stay are as they were.
    rest = tuple(run for run in _complete(lake) if run in engine.runs())
    engine.append(rest, (part for part in nodes(Source(lake, rest)) if part.label != "Cell"), report)


def status(lake: Lake, engine: GraphStore) -> dict[str, Any]:
    """Where the graph stands: engine, address, runs (how many it holds), behind (runs it lacks), gone (runs it holds
    though the lake does not), in_step, and counts."""
    complete, held = _complete(lake), engine.runs()
    behind = [run for run in complete if run not in held]
    gone = sorted(held - set(complete))
    return {
        "engine": engine.engine,
        "address": engine.address,
        "runs": len(held),
        "behind": behind,
        "gone": gone,
        "in_step": not behind and not gone,
        "counts": engine.counts(),
    }


def _complete(lake: Lake) -> list[str]:
    return [run.id for run in lake.runs()]
