"""The declared tables hold together: every name once, every run known, every order of columns that are there."""

import pytest

from perturbome.platform.schema.tables import TABLES
from perturbome.platform.schema.tables_answers import ANSWERS
from perturbome.platform.schema.tables_experiments import EXPERIMENTS
from perturbome.platform.schema.tables_networks import NETWORKS


def test_no_table_is_declared_twice():
    assert len(TABLES) == len(EXPERIMENTS) + len(NETWORKS) + len(ANSWERS)


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_a_table_names_each_column_once_sorts_by_its_own_and_tells_the_run(table):
    assert len(set(table.names)) == len(table.names)
    assert set(table.sort) <= set(table.names)
    assert table.name == "runs" or any(c.name == "run" and c.required for c in table.columns)
