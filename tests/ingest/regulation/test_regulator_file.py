"""Regulators from a file: those measured are taken, and the others are told of."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from perturbome.ingest.regulation.regulator_file import listed_names, measured_regulators
from perturbome.platform.errors import InputError, UnreadableFile


def taken_from(path, genes):
    return measured_regulators(path, listed_names(path), genes)


@pytest.fixture
def genes() -> pl.DataFrame:
    return pl.DataFrame(
        {"gene": ["g0", "g1", "g2"], "symbol": ["A", "B", None], "ensembl": ["ENSG0", None, None],
         "gene_index": [0, 1, 2]}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "taken", "said"),
    [
        ("A\nB # known\n\n# none\n", ["A", "B"], []),
        ("ENSG0\ng2 third\n", ["ENSG0", "g2"], []),
        ("A\nX1\nX1\n", ["A"], ["1 of 2 regulators in tfs.txt is not measured and left out: X1."]),
        ("A\n" + "\n".join(f"X{i}" for i in range(9)), ["A"],
         ["9 of 10 regulators in tfs.txt are not measured and left out: X0, X1, X2, X3, X4, X5 and 3 more."]),
    ],
)  # fmt: skip
def test_what_is_measured_is_taken(
    genes: pl.DataFrame, tmp_path: Path, text: str, taken: list[str], said: list[str]
) -> None:
    (tmp_path / "tfs.txt").write_text(text)
    assert taken_from(tmp_path / "tfs.txt", genes) == (taken, said)


def test_files_of_no_use(genes: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "tfs.txt"
    with pytest.raises(UnreadableFile, match=r"No file .*tfs.txt"):
        taken_from(path, genes)
    path.write_text("# nothing\n")
    with pytest.raises(InputError, match=r"tfs.txt names no regulator"):
        taken_from(path, genes)
    path.write_text("a\nX\n")
    with pytest.raises(InputError, match=r"tfs.txt names 2 regulators, none of which.*: a, X. It measures A, B, g2"):
        taken_from(path, genes)
    path.write_bytes(b"\xff\xfe\x00A")
    with pytest.raises(UnreadableFile, match="not text"):
        taken_from(path, genes)
