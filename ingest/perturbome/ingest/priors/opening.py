"""Open a prior file whatever packed it, and look at its first lines before anything is read in earnest."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from perturbome.platform.errors import UnreadableFile

LINES_LOOKED_AT = 50
BYTES_LOOKED_AT = 1 << 16
MAGIC = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz", b"BZh": "bzip2"}
OPENERS: dict[str, Callable[[BinaryIO], object]] = {"gzip": gzip.open, "xz": lzma.open, "bzip2": bz2.open}
NOT_TEXT = {
    b"\x89HDF": "an HDF5 file",
    b"PK\x03\x04": "a zip or Excel file",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
}
SEPARATORS = "\t,; "


@dataclass(frozen=True)
class Head:
    """The first lines of a file and how its fields are separated: all that recognition may look at."""

    path: Path
    lines: tuple[str, ...]
    separator: str

    @property
    def rows(self) -> list[list[str]]:
        """The lines split into fields, quotes and blanks taken off; comment lines ('#') past the first left out."""
        kept = [line for i, line in enumerate(self.lines) if i == 0 or not line.startswith("#")]
        return [split(line, self.separator) for line in kept]

    @property
    def header(self) -> list[str]:
        """The fields of the first line in lower case, a leading '#' taken off."""
        return [field.casefold() for field in self.rows[0]]


def stem_of(path: Path) -> str:
    """The file name without the endings that say how it is packed or laid out."""
    name = path.name
    for ending in (".gz", ".xz", ".bz2", ".txt", ".tsv", ".csv", ".gmt", ".sif"):
        name = name.removesuffix(ending)
    return name


def split(line: str, separator: str) -> list[str]:
    """Split one line into clean fields."""
    fields = line.split() if separator == " " else line.split(separator)
    return [field.strip().strip('"').lstrip("#").strip() for field in fields]


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a plain, gzip, xz or bzip2 file for reading bytes; what breaks on the way is told as UnreadableFile."""
    try:
        with path.open("rb") as raw:
            packing = next((kind for magic, kind in MAGIC.items() if raw.peek(6).startswith(magic)), None)
            yield cast(BinaryIO, OPENERS[packing](raw) if packing else raw)
    except FileNotFoundError:
        raise UnreadableFile(f"No file {path}. Check the spelling of the path.") from None
    except IsADirectoryError:
        raise UnreadableFile(f"{path} is a folder, not a file. Name one prior file inside it.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError) as broken:
        raise UnreadableFile(
            f"{path.name} breaks off or is damaged ({broken}). The download was probably cut short: fetch it again."
        ) from None


def look(path: Path) -> Head:
    """Read the first lines of `path`.

    Raises:
        UnreadableFile: the file is absent, a folder, empty, truncated, a web page or not text.
    """
    with opened(path) as stream:
        start = stream.read(BYTES_LOOKED_AT)
    if not start.strip():
        raise UnreadableFile(f"{path.name} is empty: there is no edge, gene set or gene to read in it.")
    said = next((what for magic, what in NOT_TEXT.items() if start.startswith(magic)), None)
    if said is None and b"\x00" in start:
        said = "binary data"
    if said is None and start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        said = "a web page (the download link probably led to a page, not to the file)"
    if said:
        raise UnreadableFile(f"{path.name} is {said}, not a text table of a prior. Fetch the table itself.")
    text = start.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if len(start) == BYTES_LOOKED_AT and len(lines) > 1:
        lines = lines[:-1]  # the last one may be cut
    lines = [line for line in lines if line.strip()][:LINES_LOOKED_AT]
    return Head(path, tuple(lines), separator_of(lines))


def separator_of(lines: list[str]) -> str:
    """The separator most lines hold: tab before comma before semicolon before blank."""
    for separator in SEPARATORS:
        holding = sum(separator in line.strip("\n") for line in lines)
        if holding * 2 > len(lines):
            return separator
    return "\t"


def whole(path: Path) -> io.BytesIO:
    """All bytes of a file, unpacked: for formats whose files fit in memory many times over."""
    with opened(path) as stream:
        return io.BytesIO(stream.read())
