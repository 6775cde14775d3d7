"""How much memory a piece of work takes: the most that the process held meanwhile, as the kernel counts it."""

from __future__ import annotations

import ctypes
from pathlib import Path
from types import TracebackType

OF_PROCESS = Path("/proc/self")
SLACK = 8.0
"""Megabytes by which a peak that was just forgotten may lie above what is held: pages come and go between two looks."""


class PeakMemory:
    """A block whose peak resident memory is `peak_mb`, and `added_mb` more than was held when it began, in MB (2^20).

    The peak has all that the process holds, data and libraries too, but no other processes that the block starts.
    What was freed before is given back first, as far as it can be, so that the block does not live on it unseen. Both
    None where the kernel does not let a process forget its earlier peak (Linux does; its own counter, VmHWM, then
    starts anew, so that blocks do not nest).
    """

    peak_mb: float | None = None
    added_mb: float | None = None

    def __enter__(self) -> PeakMemory:
        """Give back what is free, and forget the peak so far."""
        self._held: float | None = None
        _give_back()
        try:
            (OF_PROCESS / "clear_refs").write_text("5")
            held, peak = _memory()
        except (OSError, KeyError):
            return self
        self._held = held if peak <= held + SLACK else None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Read the peak."""
        if self._held is not None:
            self.peak_mb = _memory()[1]
            self.added_mb = max(self.peak_mb - self._held, 0.0)


def _give_back() -> None:
    """Free memory to the system, where the C library can (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _memory() -> tuple[float, float]:
    """What this process holds and the most it held, in MB."""
    lines = (line.split() for line in (OF_PROCESS / "status").read_text().splitlines())
    told = {line[0]: float(line[1]) / 1024 for line in lines if line and line[0] in {"VmRSS:", "VmHWM:"}}
    return told["VmRSS:"], told["VmHWM:"]
