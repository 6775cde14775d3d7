"""Small prior files as their sources publish them, written by the tests that read them."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perturbome.platform.store import Store

Write = Callable[[str, str], Path]

INFO = (
    "#string_protein_id\tpreferred_name\tprotein_size\tannotation\n"
    '9606.ENSP1\tSTAT1\t750\tSignal transducer; "alpha" form\n'
    "9606.ENSP2\tJAK2\t1132\tKinase\n"
    '9606.ENSP3\tIRF1\t325\tA lone " quote\n'
    "9606.ENSP4\tSTAT1\t712\tSecond protein of the same gene\n"
)
LINKS = (
    "protein1 protein2 combined_score\n"
    "9606.ENSP1 9606.ENSP2 900\n"
    "9606.ENSP2 9606.ENSP1 900\n"
    "9606.ENSP1 9606.ENSP3 400\n"
    "9606.ENSP3 9606.ENSP1 400\n"
    "9606.ENSP2 9606.ENSP9 700\n"
    "9606.ENSP9 9606.ENSP2 700\n"
)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a text file, gzipped if its name says so."""

    def put(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return put


@pytest.fixture
def string_links(write: Write) -> Path:
    """STAT1 - JAK2 (0.9) and STAT1 - IRF1 (0.4), both listed twice; ENSP9 is in no companion."""
    write("9606.protein.info.v12.0.txt.gz", INFO)
    return write("9606.protein.links.v12.0.txt.gz", LINKS)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store(tmp_path / "store") as opened:
        yield opened
