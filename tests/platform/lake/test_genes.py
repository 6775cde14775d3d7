"""One identity and one key per gene, whatever name a file uses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perturbome.platform.lake import Lake, RunWriter
from perturbome.platform.lake.genes import GeneCatalogue, known_genes


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


def register(lake, *args, **kwargs):
    with RunWriter(lake, "ingest") as run:
        return run.register_genes(*args, **kwargs)


def test_ensembl_id_where_known_else_organism_and_symbol(lake):
    genes = register(lake, ["STAT1", "JAK2"], organism="human", ensembl=["ENSG00000115415", None])
    assert genes["gene"].to_list() == ["ENSG00000115415", "human:JAK2"]
    assert genes["key"].to_list() == [0, 1]


def test_a_later_file_finds_the_same_gene_by_any_name(lake):
    register(lake, ["STAT1", "JAK2"], organism="human", ensembl=["ENSG00000115415", None])
    later = register(
        lake, ["STAT1", "ENSG00000115415", "JAK2"], organism="human", ensembl=[None, None, "ENSG00000096968"]
    )
    assert later["gene"].to_list() == ["ENSG00000115415", "ENSG00000115415", "human:JAK2"]
    known = known_genes(lake)
    assert known.height == 2
    assert known["ensembl"].to_list() == ["ENSG00000115415", "ENSG00000096968"], "an id learnt later is kept"


def test_two_ensembl_ids_under_one_symbol_are_two_genes(lake):
    genes = register(lake, ["MATR3", "MATR3"], organism="human", ensembl=["ENSG00000015479", "ENSG00000280987"])
    assert genes["gene"].n_unique() == 2
    again = register(lake, ["MATR3"], organism="human")
    assert again["gene"].to_list() == ["human:MATR3"], "an ambiguous symbol is not guessed"


def test_the_same_symbol_in_two_organisms_is_two_genes(lake):
    human = register(lake, ["Gata1"], organism="human")
    mouse = register(lake, ["Gata1"], organism="mouse")
    assert human["gene"][0] != mouse["gene"][0]
    assert human["key"][0] != mouse["key"][0]


def test_regulators_of_any_run_are_regulators(lake):
    register(lake, ["A", "B"], organism="human")
    register(lake, ["B"], organism="human", regulator=True)
    assert dict(known_genes(lake).select("symbol", "regulator").iter_rows()) == {"A": None, "B": True}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text("ABC", min_size=1, max_size=2), max_size=8), max_size=5))
def test_ids_and_keys_are_one_to_one_in_any_order_of_files(files):
    catalogue = GeneCatalogue(known_genes(_Empty()))
    seen = {}
    for names in files:
        for name, key in zip(names, catalogue.register(names, organism="human")["key"], strict=True):
            assert seen.setdefault(name, key) == key
    assert len(set(seen.values())) == len(seen)


class _Empty(Lake):
    def __init__(self):
        pass

    def scan(self, table, runs=None, as_of=None):
        import polars as pl

        from perturbome.platform.lake.lake import polars_schema

        return pl.LazyFrame(schema=polars_schema(table))
