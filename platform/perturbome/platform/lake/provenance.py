"""Where a result comes from: the version of the code and the hashes of the input files."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@functools.cache
def code_version() -> str:
    """perturbome's version, with the commit when it runs from a checkout, as in '0.1.0+1a2b3c4'."""
    try:
        number = version("perturbome")
    except PackageNotFoundError:
        number = "unknown"
    commit = _commit(Path(__file__).resolve().parents[4] / ".git")
    return f"{number}+{commit[:7]}" if commit else number


def file_hashes(paths: Iterable[Path]) -> dict[str, str]:
    """Path -> SHA-256 in hexadecimal; a folder is hashed over its files in the order of their names."""
    return {str(path.resolve()): _sha256(path) for path in paths}


def _sha256(path: Path) -> str:
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for file_path in sorted(p for p in path.rglob("*") if p.is_file()):
        digest.update(str(file_path.relative_to(path)).encode())
        digest.update(bytes.fromhex(_sha256(file_path)))
    return digest.hexdigest()


def _commit(git: Path) -> str | None:
    """The commit checked out, read from the repository's files: no process is started for it."""
    try:
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        reference = git / head[5:]
        if reference.is_file():
            return reference.read_text().strip()
        packed = (git / "packed-refs").read_text().splitlines()
        return next((line.split()[0] for line in packed if line.endswith(head[5:])), None)
    except OSError:
        return None
