"""What a reader must know before reading a comparison: what was compared, and where it is not fair."""

from __future__ import annotations

import json
from typing import Any

from perturbome.ingest.comparison.possible import Possible
from perturbome.ingest.words import many
from perturbome.platform.lake import Run

TOLD_APART = frozenset({"dataset", "regulators", "replaces"})
"""Settings with a sentence of their own."""


def about_the_runs(before: Run, after: Run, could: tuple[Possible, Possible]) -> list[str]:
    """One sentence on what is compared, then one on each thing in which the two differ beside the regulation."""
    if before.id == after.id:
        return [f"Both networks are of run {before.id} ({before.name})."]
    said = [f"Before: run {before.id} ({_described(before)}). After: run {after.id} ({_described(after)})."]
    if before.datasets != after.datasets:
        said.append(f"The data sets differ: {_names(before.datasets)} before, {_names(after.datasets)} after.")
    said += _methods(before, after)
    said += _sets("genes measured", could[0].measured, could[1].measured)
    said += _sets("candidate regulators", could[0].regulators, could[1].regulators)
    return said + _settings(before, after)


def about_the_caps(before: Run, after: Run) -> list[str]:
    """Whether edges were cut away for their number: then an absent edge may only be a weaker one."""
    capped = []
    for run, when in ((before, "before"), (after, "after")):
        most = run.configuration.get("max_edges")
        groups = run.metrics.get("groups") or []
        if isinstance(most, int) and any(group.get("n_edges", 0) >= most for group in groups):
            capped.append(f"at {most:,} edges {when}")
    if not capped:
        return []
    return [f"Networks were cut off {' and '.join(capped)}: there an edge that is absent may only be weaker."]


def _described(run: Run) -> str:
    method, name = run.configuration.get("method"), run.name or run.kind
    by = f", by {method}" if method and not name.endswith(f" by {method}") else ""
    return f"{name}{by}, {run.started:%Y-%m-%d %H:%M}"


def _methods(before: Run, after: Run) -> list[str]:
    one, other = (run.configuration.get("method") for run in (before, after))
    if one == other:
        return []
    return [
        f"The methods differ: {one or 'unknown'} before, {other or 'unknown'} after. Their weights need not be on "
        "one scale; compare ranks and signs."
    ]


def _sets(what: str, before: frozenset[str] | None, after: frozenset[str] | None) -> list[str]:
    if before is None or after is None or before == after:
        return []
    return [
        f"The {what} differ: {len(before & after):,} in both, {len(before - after):,} only before, "
        f"{len(after - before):,} only after. Edges that this rules out are counted apart, not as gained or lost."
    ]


def _settings(before: Run, after: Run) -> list[str]:
    names = sorted((before.configuration.keys() | after.configuration.keys()) - TOLD_APART - {"method"})
    values = [(n, before.configuration.get(n), after.configuration.get(n)) for n in names]
    changed = [f"{n} {_short(b)} before, {_short(a)} after" for n, b, a in values if b != a]
    return [f"Other settings that differ: {'; '.join(changed)}."] if changed else []


def _short(value: Any) -> str:
    if isinstance(value, list) and len(value) > 4:
        return many(len(value), "value")
    return "none" if value in (None, [], {}) else value if isinstance(value, str) else json.dumps(value, default=str)


def _names(datasets: list[str]) -> str:
    return ", ".join(datasets) or "none"
