"""Which side of a text matrix is genes, by the names along its sides; what cannot be told is asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perturbome.ingest.experiment.delimited import read_delimited
from perturbome.ingest.experiment.orientation import rows_are_genes
from perturbome.platform.errors import AmbiguousInput

SYMBOLS = ["STAT1", "JAK2", "IRF1", "HLA-A", "MYC", "TP53", "GAPDH", "CD86"]
MOUSE = ["Stat1", "Jak2", "Gm12345", "Hba-a1", "Myc", "Trp53"]
ENSEMBL = ["ENSG00000115415", "ENSG00000096968.13", "ENSG00000125347"]
ENTREZ = ["10007", "1001", "10013", "780", "5982"]
BARCODES = ["AAACCTGAGAAACCAT-1", "AAACCTGAGCCCAATT-1", "AAACGGGCATTTGCTT-1"]
CELLS = ["cell_1", "cell_2", "cell_3"]
COUNT = ["0", "1", "2", "3", "4"]
DRUGBANK = ["DB00014", "DB00091", "DB00117", "DB00121"]
CHEMBL = ["CHEMBL25", "CHEMBL1642", "CHEMBL941"]
BROAD = ["BRD-K12343256", "BRD-A00147595", "BRD-K81418486"]
SAMPLES = ["GSM1234567", "GSM1234568", "GSM1234569"]
SERIES = ["PX000012", "PX000107", "PX000345", "PX004567"]
TISSUES = ["Brain", "Liver", "Kidney", "Spleen"]


@pytest.mark.parametrize("genes", [SYMBOLS, MOUSE, ENSEMBL, ["KIAA0319", "KIAA1549", "KIAA0101"], ["Gene00012"] * 4])
@pytest.mark.parametrize("others", [ENTREZ, BARCODES, CELLS, COUNT, DRUGBANK, CHEMBL, BROAD, SAMPLES, SERIES])
def test_symbols_and_ensembl_ids_are_genes_beside_anything_else(genes: list[str], others: list[str]) -> None:
    if genes[0] in ("KIAA0319", "Gene00012"):
        others = [n for n in others if not n.isdigit()] or CELLS
    assert rows_are_genes(genes, others)[0] is True
    assert rows_are_genes(others, genes)[0] is False


@pytest.mark.parametrize("others", [DRUGBANK, CHEMBL, BROAD, SAMPLES, BARCODES, CELLS])
def test_whole_numbers_are_genes_where_the_other_side_cannot_be(others: list[str]) -> None:
    answer, why = rows_are_genes(others, ENTREZ)
    assert answer is False
    assert "Entrez" in why
    assert others[0] in why
    assert rows_are_genes(ENTREZ, others)[0] is True


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(SERIES, ENTREZ), (DRUGBANK, COUNT), (ENTREZ, ENTREZ[::-1]), (SYMBOLS, MOUSE), (TISSUES, ENTREZ),
     (DRUGBANK, CHEMBL), (BARCODES, SERIES), (CELLS, COUNT)],
)  # fmt: skip
def test_what_cannot_be_told_is_left_open_unless_the_corner_says_it(rows: list[str], columns: list[str]) -> None:
    assert rows_are_genes(rows, columns)[0] is None
    assert rows_are_genes(columns, rows)[0] is None
    assert rows_are_genes(rows, columns, "Gene Symbol")[0] is True
    assert rows_are_genes(rows, columns, "perturbagen")[0] is False


def test_no_axis_speaks_louder_for_being_given_first() -> None:
    sides = [SYMBOLS, ENSEMBL, ENTREZ, BARCODES, COUNT, DRUGBANK, SERIES, TISSUES]
    for a in sides:
        for b in sides:
            first, second = rows_are_genes(a, b)[0], rows_are_genes(b, a)[0]
            assert second is (None if first is None else not first)


@given(st.permutations(range(len(SYMBOLS))), st.permutations(range(len(DRUGBANK))))
def test_order_does_not_matter(one: list[int], other: list[int]) -> None:
    for names in (SYMBOLS, ENTREZ):
        shuffled = [names[i] for i in one if i < len(names)]
        assert rows_are_genes([DRUGBANK[i] for i in other], shuffled)[0] is rows_are_genes(DRUGBANK, names)[0]


def written(path: Path, rows: list[str], columns: list[str], corner: str) -> Path:
    values = np.random.default_rng(0).normal(size=(len(rows), len(columns))).round(3)
    pd.DataFrame(values, index=pd.Index(rows, name=corner), columns=columns).to_csv(path)
    return path


def test_drugs_by_entrez_ids_are_read_as_they_lie(tmp_path: Path) -> None:
    source = read_delimited(written(tmp_path / "a.csv", DRUGBANK, ENTREZ, "drug id"))
    assert (list(source.obs.index), list(source.var.index)) == (DRUGBANK, ENTREZ)
    assert "Rows are taken as cells" in source.said[0]
    with pytest.raises(AmbiguousInput, match=r"PX000012.*10007.*--transpose.*--no-transpose"):
        read_delimited(written(tmp_path / "b.csv", SERIES, ENTREZ, "thing"))
    assert list(read_delimited(tmp_path / "b.csv", transpose=False).var.index) == ENTREZ
    assert list(read_delimited(tmp_path / "b.csv", transpose=True).obs.index) == ENTREZ


def test_numbers_below_a_header_of_genes_are_their_names_and_no_values(tmp_path: Path) -> None:
    source = read_delimited(written(tmp_path / "a.tsv", ENTREZ, TISSUES, "entrez_id").rename(tmp_path / "a.csv"))
    assert (list(source.var.index), list(source.obs.index)) == (ENTREZ, TISSUES)
