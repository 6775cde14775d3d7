"""Ladybug's errors in this house's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perturbome.platform.errors import GraphError, QueryError, QueryTooLong, StoreError, did_you_mean
from perturbome.platform.graph.snapshots import disk_full
from perturbome.platform.graph.statements import tokens
from perturbome.platform.schema import NODES, RELATIONSHIPS

MISSING_IN_ENGINE: tuple[tuple[str, str], ...] = (
    ("SHORTESTPATH", "shortestPath() is Neo4j's; here write (a)-[:REGULATES* SHORTEST 1..4]->(b)."),
    ("ALLSHORTESTPATHS", "allShortestPaths() is Neo4j's; here write (a)-[:REGULATES* ALL SHORTEST 1..4]->(b)."),
    ("TYPE", "type(r) is Neo4j's; here write label(r)."),
    ("LABELS", "labels(n) is Neo4j's; here write label(n)."),
    ("ELEMENTID", "elementId() is Neo4j's; every node has a key property instead, such as g.id."),
    ("DATETIME", "datetime() is Neo4j's; here write timestamp('2026-01-31')."),
    ("REDUCE", "reduce() is Neo4j's; here UNWIND the list and aggregate, as in sum(x)."),
    ("APOC", "APOC is a Neo4j extension; the embedded engine has none."),
    ("CALL", "Subqueries (CALL { ... }) are Neo4j's; here chain the parts with WITH."),
    ("IN", "List comprehensions ([x IN list | ...]) are Neo4j's; here UNWIND the list, or use list_transform()."),
)


@contextmanager
def query_errors(
    cypher: str, added: str, time_limit: float | None = None, memory_gb: float | None = None
) -> Iterator[None]:
    """Turn the engine's errors on a query into ours; `added` is text of ours that its words should not show."""
    try:
        yield
    except RuntimeError as error:
        words = str(error).replace(added, "") if added else str(error)
        if words.lower().startswith("interrupted"):
            raise QueryTooLong(
                f"The query was stopped after {time_limit:g} seconds. Narrow it (fewer hops, a WHERE on a gene or a "
                "run), or raise the time limit (--time-limit, time_limit=, PERTURBOME_TIME_LIMIT)."
            ) from error
        if "bad_alloc" in words and memory_gb is not None:
            how = words.partition("bad_alloc: ")[2]
            broke_off = f", most likely: the engine broke off ({how})" if how else ""
            raise QueryTooLong(
                f"The query needs more memory than the {memory_gb:g} GB it may take{broke_off}. Narrow it (fewer hops, "
                "a LIMIT, shorter lists), or raise the limit (PERTURBOME_QUERY_MEMORY_GB)."
            ) from error
        if "buffer pool" in words.lower() or "bad_alloc" in words:
            raise QueryTooLong(
                "The query needs more memory than it may take. Narrow it: fewer hops, a LIMIT, or a WHERE on a run."
            ) from error
        raise QueryError(f"{words.strip()}{_hint(cypher, words)}") from error


@contextmanager
def write_errors(folder: Path, doing: str) -> Iterator[None]:
    """Turn the engine's errors while a snapshot is built into ours."""
    try:
        yield
    except StoreError:
        raise
    except (RuntimeError, MemoryError) as error:
        words = str(error)
        if re.search(r"no space left|disk quota|error 28\b|file too large", words, re.IGNORECASE):
            raise disk_full(folder) from error
        missing = re.search(r"unable to find primary key value (.+?)\.?$", words, re.IGNORECASE)
        if missing:
            raise GraphError(
                f"{doing}: it names {missing[1]}, which is not a node of the graph. Nothing was published. "
                "If the run that wrote it was removed, remove the runs that read it too."
            ) from error
        raise GraphError(f"{doing}: {words.strip()} Nothing was published.") from error


def _hint(cypher: str, words: str) -> str:
    """What to write instead, where a query uses what this engine lacks or a name that is not there."""
    table = re.search(r"Table (\w+) does not exist", words)
    if table:
        known = [*NODES, *RELATIONSHIPS]
        return did_you_mean(table[1], known) or f" There are {', '.join(known)}."
    name = re.search(r"Cannot find property (\w+)", words)
    if name:
        properties = {p for node in NODES.values() for p in node.properties}
        properties |= {p for relationship in RELATIONSHIPS.values() for p in relationship.properties}
        return did_you_mean(name[1], sorted(properties)) or " See: docs/schema.md"
    found = tokens(cypher)
    for before, token, after in zip([None, *found], found, [*found[1:], None], strict=False):
        for word, hint in MISSING_IN_ENGINE:
            if token.kind == "word" and token.text == word and _means_it(word, before, after, words):
                return f" {hint}"
    return ""


def _means_it(word: str, before: object, after: object, words: str) -> bool:
    follows = getattr(after, "text", "")
    if word == "CALL":
        return follows in ("{", "(")
    if word == "IN":
        return "not in scope" in words or "|" in words
    if word == "APOC":
        return True
    return follows == "(" and getattr(before, "text", "") != "."
