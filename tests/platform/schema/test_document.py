"""The page names everything that is declared, in tables that hold together."""

import re

from perturbome.platform.schema import NODES, RELATIONSHIPS, TABLES
from perturbome.platform.schema.document import schema_page


def test_every_table_column_label_type_and_property_is_on_the_page():
    page = schema_page()
    for table in TABLES.values():
        assert f"### `{table.name}`" in page
        assert all(f"| `{column.name}` |" in page for column in table.columns)
        assert all(column.meaning in page for column in table.columns if "|" not in column.meaning)
    for node in NODES.values():
        assert f"(:{node.label})" in page
    for relationship in RELATIONSHIPS.values():
        assert f"[:{relationship.type}]" in page


def test_rows_of_a_table_have_as_many_cells_as_its_head():
    width = None
    for line in schema_page().splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        assert cells is None or width in (None, cells), line
        width = cells


def test_the_page_is_the_same_every_time():
    assert schema_page() == schema_page()
