"""Which names genes get where a file has several."""

from __future__ import annotations

import pandas as pd
import pytest

from perturbome.ingest.experiment.genes import read_genes

ENTREZ = ["10007", "1001", "10013", "780"]
SYMBOLS = ["GNPDA1", "CDH3", "HDAC6", "DDR1"]
IDS = ["ENSG00000113552", "ENSG00000062038", "ENSG00000094631", "ENSG00000204580"]


@pytest.mark.parametrize("index", [ENTREZ, IDS])
@pytest.mark.parametrize("column", ["gene_symbol", "Symbol"])
def test_a_column_of_symbols_names_genes_that_are_numbered(index: list[str], column: str) -> None:
    found = read_genes(pd.DataFrame({column: SYMBOLS}, index=index))
    assert found.symbols == SYMBOLS
    assert found.organism == "human"
    assert f"Gene symbols are taken from var['{column}']." in found.said
    assert not any("plain numbers" in s for s in found.said)


def test_numbers_without_a_symbol_stay_and_are_told() -> None:
    for var in (pd.DataFrame(index=ENTREZ), pd.DataFrame({"name": ENTREZ}, index=ENTREZ)):
        found = read_genes(var)
        assert found.symbols == ENTREZ
        assert any("plain numbers" in s for s in found.said)
    partly = read_genes(pd.DataFrame({"symbol": [*SYMBOLS[:3], "nan"]}, index=ENTREZ))
    assert partly.symbols == [*SYMBOLS[:3], "780"]
