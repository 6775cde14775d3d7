"""The statements of both engines follow from the declared schema and are taken by the engine itself."""

import ladybug
import pyarrow as pa
import pytest

from perturbome.platform.schema import NODES, RELATIONSHIPS, Link
from perturbome.platform.schema.ddl import (
    ARROW_TYPES,
    fingerprint,
    key_type,
    ladybug_statements,
    neo4j_statements,
    node_schema,
    relationship_schema,
)


@pytest.fixture(scope="module")
def connection():
    database = ladybug.Database(":memory:", buffer_pool_size=256 << 20, max_db_size=1 << 36)
    connection = ladybug.Connection(database)
    for statement in ladybug_statements():
        connection.execute(statement)
    return connection


def test_the_engine_makes_every_table(connection):
    tables = {row[1]: row[2] for row in connection.execute("CALL show_tables() RETURN *").get_all()}
    assert tables == dict.fromkeys(NODES, "NODE") | dict.fromkeys(RELATIONSHIPS, "REL")


@pytest.mark.parametrize("label", NODES)
def test_a_node_table_has_the_declared_properties_and_key(connection, label):
    rows = connection.execute(f"CALL table_info('{label}') RETURN *").get_all()
    named = {row[1]: row[2].replace("BOOL", "BOOLEAN").replace("BOOLEANEAN", "BOOLEAN") for row in rows}
    assert named == NODES[label].properties
    assert [row[1] for row in rows if row[4]] == [NODES[label].key]


@pytest.mark.parametrize("type_", RELATIONSHIPS)
def test_a_relationship_table_joins_the_declared_labels(connection, type_):
    rows = connection.execute(f"CALL show_connection('{type_}') RETURN *").get_all()
    assert {(row[0], row[1]) for row in rows} == {(k.source, k.target) for k in RELATIONSHIPS[type_].links}


def test_every_type_word_of_the_schema_has_an_arrow_type():
    kinds = [*NODES.values(), *RELATIONSHIPS.values()]
    assert {word for kind in kinds for word in kind.properties.values()} <= set(ARROW_TYPES)


def test_part_schemas():
    assert node_schema("Gene").field("aliases").type == pa.list_(pa.string())
    assert key_type("Cell") == pa.int64()
    columns = relationship_schema("IS_A", Link("Cell", "CellType"))
    assert columns.names == ["source", "target", "run"]
    assert columns.types == [pa.int64(), pa.string(), pa.string()]


def test_neo4j_has_a_constraint_per_key_an_index_per_searched_property_and_one_per_type():
    statements = neo4j_statements()
    assert sum("CONSTRAINT" in s for s in statements) == len(NODES)
    searched = sum(len(node.indexed) for node in NODES.values())
    assert sum("INDEX" in s for s in statements) == searched + len(RELATIONSHIPS)
    assert len({s.split()[2] for s in statements}) == len(statements)
    assert all("IF NOT EXISTS" in s for s in statements)


def test_the_fingerprint_follows_the_schema(monkeypatch):
    before = fingerprint()
    monkeypatch.setitem(NODES["Gene"].properties, "chromosome", "STRING")
    assert fingerprint() != before
