"""Whether a Cypher statement only reads, decided from its tokens, for both engines alike.

Each engine also refuses writes by itself (a read transaction, a read-only file); this check comes first, catches what
those let through (reading files of the server's machine), and says plainly what was wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from perturbome.platform.errors import QueryNotReadOnly

OPENING = frozenset({"MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "CALL"})
"""Words a reading query can begin with, after EXPLAIN or PROFILE."""

WRITING = frozenset({
    "CREATE", "MERGE", "SET", "DELETE", "DETACH", "REMOVE", "DROP", "INSERT", "FOREACH", "LOAD", "COPY", "ALTER",
    "INSTALL", "ATTACH", "EXPORT", "IMPORT",
})  # fmt: skip
"""Words that never stand in a reading query, unless they name a property, a label, a type or a parameter."""

PROCEDURES = frozenset({
    "db.labels", "db.relationshiptypes", "db.propertykeys", "db.schema.visualization", "db.schema.nodetypeproperties",
    "db.schema.reltypeproperties", "dbms.components", "show_tables", "table_info", "db_version", "show_connection",
})  # fmt: skip
"""Procedures of either engine that only describe what is stored."""

_TOKEN = re.compile(
    r"""
    (?P<skip> \s+ | //[^\r\n]* | /\*.*?(?:\*/|\Z) )
  | (?P<string> '(?:\\.|[^'\\])*(?:'|\Z) | "(?:\\.|[^"\\])*(?:"|\Z) )
  | (?P<quoted> `(?:``|[^`])*(?:`|\Z) )
  | (?P<number> \d+ )
  | (?P<word> \w+ )
  | (?P<mark> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\u+([0-9A-Fa-f]{4})")
_NAMES_FOLLOW = frozenset({":", "$", "|", "&", "!"})


@dataclass(frozen=True)
class Token:
    """A word, number or mark that counts; strings and backticked names keep their kind, not their text."""

    kind: str
    text: str


def tokens(cypher: str) -> list[Token]:
    """Split a statement into tokens; comments and blanks are left out, words are in capitals."""
    found = []
    for match in _TOKEN.finditer(cypher):
        kind = str(match.lastgroup)
        if kind != "skip":
            text = match.group()
            found.append(Token(kind, text.upper() if kind == "word" else text if kind in ("mark", "number") else ""))
    return found


def require_read_only(cypher: str) -> None:
    """Raise QueryNotReadOnly unless the statement is a single one that only reads."""
    _check(tokens(cypher))
    # Neo4j turns \uXXXX into its character before it reads the statement, within strings too.
    if "\\u" in cypher:
        _check(tokens(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), cypher)))


def _check(found: list[Token]) -> None:
    while found and found[-1].text == ";":
        found = found[:-1]
    if any(token.text == ";" for token in found):
        raise QueryNotReadOnly("A query is one statement: this one holds a ';' in its middle. Send them one by one.")
    opening = 0
    while opening < len(found) and found[opening].text in ("EXPLAIN", "PROFILE"):
        opening += 1
    if opening == len(found):
        raise QueryNotReadOnly("The query is empty. Begin with MATCH, for example: MATCH (g:Gene) RETURN g.symbol.")
    first = found[opening]
    if first.kind != "word" or first.text not in OPENING:
        raise QueryNotReadOnly(
            f"A query begins with one of {', '.join(sorted(OPENING))}, not with '{first.text or first.kind}': queries "
            "only read. Data are written by the commands (perturbome ingest, infer, ...), as runs."
        )
    for place, token in enumerate(found):
        if token.kind == "word" and not _is_name(found, place):
            if token.text in WRITING:
                raise QueryNotReadOnly(
                    f"{token.text} is refused: queries only read. Data are written by the commands (perturbome "
                    f"ingest, infer, ...), as runs. If it is meant as a name, write it in backticks: "
                    f"`{token.text.lower()}`."
                )
            if token.text == "CALL":
                _check_call(found[place + 1 :])


def _is_name(found: list[Token], place: int) -> bool:
    """Whether the grammar lets only a name stand here: n.set, :Set, $set, {set: 1}."""
    before = found[place - 1] if place else Token("mark", "")
    if before.kind != "mark":
        return False
    if before.text == ".":  # but "1. CREATE" is a number and then a clause
        return place >= 2 and found[place - 2].kind != "number"
    if before.text in ("{", ","):
        return place + 1 < len(found) and found[place + 1].text == ":"
    return before.text in _NAMES_FOLLOW


def _check_call(following: list[Token]) -> None:
    """A subquery's clauses are checked like all others; a procedure must be one that only describes."""
    if following and following[0].text in ("{", "("):
        return
    name = ""
    for token in following:
        if token.text == "(" or (name and not name.endswith(".") and token.text != "."):
            break
        name += token.text
    if name.lower() not in PROCEDURES:
        raise QueryNotReadOnly(
            f"CALL {name.lower()} is refused: only procedures that describe what is stored are allowed "
            f"({', '.join(sorted(PROCEDURES))})."
        )
