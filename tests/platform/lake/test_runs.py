"""Which runs stand on which."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from perturbome.platform.lake.runs import Run, new_run_id, with_dependants

START = datetime(2026, 1, 1, tzinfo=UTC)


def run(name: str, *parents: str) -> Run:
    return Run(name, "infer", name, "complete", START, parents=list(parents))


def test_dependants_are_followed_through_generations():
    runs = [run("ingest"), run("prior"), run("network", "ingest"), run("effects", "network", "prior"), run("other")]
    assert [r.id for r in with_dependants(runs[0], runs)] == ["ingest", "network", "effects"]
    assert [r.id for r in with_dependants(runs[1], runs)] == ["prior", "effects"]
    assert [r.id for r in with_dependants(runs[4], runs)] == ["other"]


@given(st.lists(st.integers(0, 2**16), min_size=2, max_size=20))
def test_ids_sort_by_start(seconds):
    ids = [(s, new_run_id(START + timedelta(seconds=s))) for s in seconds]
    assert [s for s, _ in sorted(ids, key=lambda x: x[1])] == sorted(seconds)
    assert len({i for _, i in ids}) == len(ids)


def test_a_run_survives_its_row():
    original = Run(
        "a", "infer", None, "complete", START, START, ["p"], ["d"], {"k": 1.5}, {"f": "h"}, "v", {"m": [1]}, {"t": 2}
    )
    assert Run.from_row(original.row()) == original
