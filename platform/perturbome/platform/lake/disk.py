"""A full disk, told in our words wherever it is met."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perturbome.platform.errors import DiskFull


def is_disk_full(error: BaseException) -> bool:
    """True where an error, or what caused it, is the operating system's 'no space left on device'."""
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in str(cause):
            return True
        cause = cause.__cause__
    return False


@contextmanager
def disk_full_told(folder: Path) -> Iterator[None]:
    """Turn the system's 'no space left' into DiskFull, naming the folder."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise DiskFull(f"No space left on the device that holds {folder}. Free some and try again.") from error
        raise
