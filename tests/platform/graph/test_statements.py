"""The statement check: what reads passes, what writes does not, wherever the words stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perturbome.platform.errors import QueryNotReadOnly
from perturbome.platform.graph.statements import OPENING, PROCEDURES, WRITING, require_read_only, tokens

READS = [
    "MATCH (g:Gene) RETURN g.symbol",
    "match (g:Gene) where g.set = 1 and g.create = $delete return g.merge",
    "MATCH (n:Set)-[:CREATE|DELETE]->(m:Gene:Drop) RETURN n",
    "MATCH (n) WHERE n:Set RETURN {set: 1, delete: n.x} AS map",
    "MATCH (n {set: 1, drop: 2}) RETURN n",
    "MATCH (`create`) RETURN `create`.x AS `set`",
    "RETURN 'CREATE (n)' AS text, \"it's SET\" AS other",
    "RETURN 'it\\'s; DELETE n' AS text",
    "// CREATE (n)\nMATCH (n) /* SET; n.x = 1 */ RETURN n;",
    "EXPLAIN MATCH (n) RETURN n",
    "PROFILE MATCH (n) RETURN n ;; ",
    "UNWIND [1, 2] AS x WITH x WHERE x > 1 RETURN x",
    "OPTIONAL MATCH (n) RETURN n UNION ALL MATCH (n) RETURN n",
    "CALL db.labels() YIELD label RETURN label",
    "CALL db . labels ( ) YIELD label RETURN label",
    "CALL show_tables() RETURN *",
    "MATCH (n) CALL { WITH n MATCH (n)--(m) RETURN m } RETURN m",
    "MATCH (n) CALL (n) { MATCH (n)--(m) RETURN m } RETURN m",
    "MATCH (n) RETURN n.created, n.settings, n.deleted",
    "MATCH p = (a)-[:REGULATES*1..4]->(b) RETURN length(p)",
    "MATCH (n) RETURN n {.set, .*}",
]
WRITES = [
    "CREATE (n)",
    "MATCH (n) SET n.x = 1",
    "MATCH (n)\n\tsEt n.x = 1 RETURN n",
    "MATCH (n) DETACH DELETE n",
    "MATCH (n) REMOVE n.x",
    "MERGE (n:Gene)",
    "MATCH (n) WITH n MERGE (m)",
    "MATCH (n) WITH n, 1. CREATE (m)",
    "MATCH (n) WITH n, n.as CREATE (m)",
    "MATCH (as) WITH as CREATE (m)",
    "MATCH (n) RETURN 1SET n.x = 1",
    "RETURN 'a' // \nCREATE (n)",
    "RETURN '\\\\' CREATE (n) //'",
    "RETURN `a``b` CREATE (n)",
    "MATCH (n) /**/ CREATE/**/(m)",
    "MATCH (n) FOREACH (x IN [1] | SET n.x = x)",
    "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
    "MATCH (n) LOAD CSV FROM 'http://host/' AS line RETURN line",
    "LOAD FROM '/etc/passwd' RETURN *",
    "COPY Gene FROM 'x.parquet'",
    "COPY (MATCH (n) RETURN n) TO 'x.csv'",
    "EXPLAIN COPY (MATCH (n) RETURN n) TO 'x.csv'",
    "DROP TABLE Gene",
    "ALTER TABLE Gene ADD x INT64",
    "INSTALL json",
    "ATTACH 'other' AS o (dbtype duckdb)",
    "EXPORT DATABASE '/tmp/x'",
    "IMPORT DATABASE '/tmp/x'",
    "INSERT (n:Gene)",
    "BEGIN TRANSACTION",
    "CHECKPOINT",
    "USE system MATCH (n) RETURN n",
    "SHOW USERS",
    "GRANT ROLE admin TO me",
    "STOP DATABASE neo4j",
    "CALL dbms.security.createUser('a', 'b', false)",
    "CALL `db.labels`()",
    "CALL db.labelsX()",
    "CALL apoc.cypher.runWrite('CREATE (n)', {})",
    "CALL timeout = 1000",
    "MATCH (n) CALL { CREATE (m) } RETURN n",
    "MATCH (n) RETURN n; CREATE (m)",
    "MATCH (n) RETURN n;;MATCH (n) RETURN n",
    "MATCH (n) \\u0053ET n.x = 1",
    "RETURN '\\u0027 CREATE (n) //'",
    "RETURN '\\uu0027 CREATE (n) //'",
    "",
    " ; ",
    "// nothing",
    "EXPLAIN",
    "(n) RETURN n",
]


@pytest.mark.parametrize("cypher", READS)
def test_reading_passes(cypher):
    require_read_only(cypher)


@pytest.mark.parametrize("cypher", WRITES)
def test_anything_else_is_refused(cypher):
    with pytest.raises(QueryNotReadOnly):
        require_read_only(cypher)


def test_the_message_names_the_word_and_the_way_out():
    with pytest.raises(QueryNotReadOnly, match=r"DELETE is refused: queries only read.*`delete`"):
        require_read_only("MATCH (n) DELETE n")
    with pytest.raises(QueryNotReadOnly, match="not with 'COPY'"):
        require_read_only("COPY Gene FROM 'x'")
    with pytest.raises(QueryNotReadOnly, match=r"CALL dbms.shutdown is refused.*db\.labels"):
        require_read_only("CALL dbms.shutdown()")


def test_tokens_leave_out_comments_and_the_text_of_strings():
    found = tokens("MATCH (n) /* x */ WHERE n.a = 'SET' // y\nRETURN `b`, 1.5")
    assert [t.text for t in found if t.kind in ("word", "number")] == [
        "MATCH",
        "N",
        "WHERE",
        "N",
        "A",
        "RETURN",
        "1",
        "5",
    ]
    assert [t.kind for t in found if t.kind in ("string", "quoted")] == ["string", "quoted"]


words = st.sampled_from(sorted(WRITING))
blank = st.sampled_from([" ", "\n", "\t", " /* c */ ", " // c\n", "\r\n"])
any_case = words.flatmap(lambda w: st.tuples(*(st.sampled_from([c.lower(), c]) for c in w)).map("".join))
harmless = st.text(alphabet=st.characters(exclude_characters="\\", exclude_categories=["Cs"]), max_size=20)
reading = st.sampled_from([
    "MATCH (n) RETURN n", "MATCH (n) WHERE n.x = 'a' WITH n", "UNWIND [1, 2] AS x", "RETURN 1.5", "MATCH (n:`a b`)",
    "RETURN {a: 'x'}", "MATCH (a)-[r:A|B*1..3]->(b)",
])  # fmt: skip


@given(reading, blank, any_case, blank)
def test_a_writing_word_as_a_clause_is_always_seen(before, gap, word, after):
    with pytest.raises(QueryNotReadOnly):
        require_read_only(f"{before}{gap}{word}{after}(m)")


@given(any_case, blank)
def test_a_writing_word_as_a_name_is_never_refused(word, gap):
    require_read_only(f"MATCH (n:{word})-[:{word}|X]->(m {{{word}: $ {word}}}) RETURN n.{word},{gap}m . {word}")


@given(harmless, any_case)
def test_a_writing_word_within_a_string_name_or_comment_is_never_refused(text, word):
    quoted = text.replace("'", "")
    named = text.replace("`", "``")
    comment = text.replace("*/", "").replace("\r", "").replace("\n", "")
    require_read_only(
        f"MATCH (n) RETURN '{quoted} {word} {quoted}' AS `{named} {word}` /* {word} {comment} */ // {word}"
    )


@given(harmless, any_case)
def test_what_follows_a_closed_string_is_seen(text, word):
    quoted = text.replace("'", "")
    with pytest.raises(QueryNotReadOnly):
        require_read_only(f"MATCH (n) WHERE n.x = '{quoted}' {word} n.x")


@given(st.text(max_size=60))
def test_any_text_is_either_passed_or_refused(text):
    try:
        require_read_only(text)
    except QueryNotReadOnly:
        return
    assert tokens(text)[0].text in {*OPENING, "EXPLAIN", "PROFILE"}


@given(st.sampled_from(sorted(PROCEDURES)), st.text(alphabet="abcdefgh._", min_size=1, max_size=5))
def test_only_the_listed_procedures_are_called(name, tail):
    require_read_only(f"CALL {name.upper()}() RETURN *")
    with pytest.raises(QueryNotReadOnly):
        require_read_only(f"CALL {name}x{tail}() RETURN *")
