"""A table's Arrow schema says what its columns say."""

import pyarrow as pa

from perturbome.platform.schema.table import Column, Table

TABLE = Table("t", "row", (Column("a", pa.int32(), "whole", required=True), Column("b", pa.string(), "word")))


def test_the_arrow_schema_keeps_order_types_and_which_columns_may_be_null():
    assert TABLE.arrow == pa.schema([pa.field("a", pa.int32(), nullable=False), pa.field("b", pa.string())])


def test_names_are_in_order():
    assert TABLE.names == ["a", "b"]
