"""Files that are no prior at all are told apart before anything is read."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import pytest

from perturbome.ingest.priors.formats import read_prior
from perturbome.ingest.priors.opening import look, separator_of
from perturbome.platform.errors import InputError, UnreadableFile

EDGES = "Gene1,Gene2\nSTAT1,IRF1\nJAK2,STAT1\n"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, bz2.compress])
def test_packing_is_transparent(tmp_path: Path, pack) -> None:
    path = tmp_path / "edges.csv"  # the name does not say how it is packed: the first bytes do
    path.write_bytes(pack(EDGES.encode()))
    assert look(path).lines[1] == "STAT1,IRF1"
    assert read_prior(path)[2].rows.height == 2


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"  \n\n ", "empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (b"<html>\n", "web page"),
        (b"\x89HDF\r\n\x1a\n123", "HDF5"),
        (b"PK\x03\x04rest", "zip"),
        (b"STAT1\x00\x01\x02", "binary"),
        (gzip.compress(EDGES.encode() * 9999)[:200], "cut short"),
        (lzma.compress(EDGES.encode() * 9999)[:90], "cut short"),
    ],
)
def test_no_text_table(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "prior.tsv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=word):
        read_prior(path)


def test_absent_and_folder(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No file"):
        look(tmp_path / "nothing.tsv")
    with pytest.raises(UnreadableFile, match="folder"):
        look(tmp_path)


def test_truncation_past_the_first_lines(write, tmp_path: Path) -> None:
    """The head of the file is whole; the end is missing."""
    path = write(
        "edges.csv.gz", "Gene1,Gene2\n" + "".join(f"A{i * 7919 % 99991},B{i * 104729}\n" for i in range(60_000))
    )
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 2000])
    with pytest.raises(UnreadableFile, match="cut short"):
        read_prior(path)


def test_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "edges.csv"
    path.write_bytes(b"\xef\xbb\xbf" + EDGES.replace("\n", "\r\n").encode())
    assert set(read_prior(path)[2].names) == {"STAT1", "IRF1", "JAK2"}


def test_separator_is_what_most_lines_hold() -> None:
    assert separator_of(["a\tb, c", "d\te"]) == "\t"
    assert separator_of(["a,b", "c,d"]) == ","
    assert separator_of(["a b", "c d"]) == " "


def test_unknown_format_names_the_known(write) -> None:
    with pytest.raises(InputError, match=r"Known: string, trrust.*--kind"):
        read_prior(write("x.csv", ",Gene,index\n0,STAT1,5\n1,IRF1,6\n"))
