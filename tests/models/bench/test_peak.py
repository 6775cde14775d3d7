"""The peak of a block is what was allocated in it, however briefly, and not what was before or after."""

import numpy as np
import pytest

from perturbome.models.bench import peak as module
from perturbome.models.bench.peak import PeakMemory

MEGABYTES = 300


def allocate(megabytes):
    return np.ones(megabytes << 17)


@pytest.fixture
def counted():
    with PeakMemory() as found:
        pass
    if found.peak_mb is None:
        pytest.skip("this kernel does not count a peak anew")


def test_what_was_allocated_and_freed_within_is_the_peak(counted):
    with PeakMemory() as found:
        allocate(MEGABYTES)
    assert found.added_mb == pytest.approx(MEGABYTES, rel=0.1)
    assert found.peak_mb > found.added_mb


def test_what_was_there_before_is_in_the_peak_but_was_not_added(counted):
    before = allocate(MEGABYTES)
    with PeakMemory() as found:
        allocate(MEGABYTES // 3)
    assert found.added_mb == pytest.approx(MEGABYTES / 3, rel=0.2)
    assert found.peak_mb > MEGABYTES * 4 / 3 - 20
    assert before.sum() > 0


def test_a_larger_block_before_leaves_no_trace_and_one_without_work_adds_nothing(counted):
    with PeakMemory():
        allocate(MEGABYTES)
    with PeakMemory() as found:
        pass
    assert found.added_mb < MEGABYTES / 10


def test_a_block_that_fails_still_has_its_peak(counted):
    found = PeakMemory()
    with pytest.raises(ValueError, match="no"), found:
        allocate(MEGABYTES)
        raise ValueError("no")
    assert found.added_mb > MEGABYTES / 2


def test_where_nothing_is_counted_nothing_is_claimed(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "OF_PROCESS", tmp_path / "absent")
    with PeakMemory() as found:
        pass
    assert found.peak_mb is None
    # a kernel that takes the wish and does nothing: the old peak stays
    (tmp_path / "status").write_text("Name:\tx\nVmHWM:\t 900000 kB\nVmRSS:\t 100000 kB\n")
    monkeypatch.setattr(module, "OF_PROCESS", tmp_path)
    with PeakMemory() as found:
        pass
    assert found.peak_mb is found.added_mb is None


def test_memory_that_was_freed_before_is_not_lived_on_unseen(counted):
    """Small arrays come from memory that the process keeps: kept, later blocks would add little."""
    added, between = [], []
    for _ in range(3):
        with PeakMemory() as found:
            parts = [np.ones(3000) for _ in range(5000)]
        between.append(np.ones(3000))  # above them, so that the heap cannot shrink by itself
        added.append(found.added_mb)
        del parts
    assert added == pytest.approx([5000 * 3000 * 8 / 2**20] * 3, rel=0.2)
