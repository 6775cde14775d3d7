"""`perturbome query`: Cypher, or a question of the catalogue by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perturbome.platform.console import JsonOption, StoreOption, say, show_table


def register_query(app: typer.Typer) -> None:
    """Add `query`."""
    app.command("query")(query)


def query(
    text: Annotated[str | None, typer.Argument(help="Cypher, or the name of a query of the catalogue.")] = None,
    values: Annotated[
        list[str] | None, typer.Argument(help="Its parameters, name=value.", metavar="[NAME=VALUE]...")
    ] = None,
    parameter: Annotated[list[str] | None, typer.Option("--param", "-p", help="The same as NAME=VALUE.")] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the Cypher from a file.")] = None,
    catalogue: Annotated[bool, typer.Option("--list", help="List the queries of the catalogue.")] = False,
    row_limit: Annotated[int | None, typer.Option(help="Most rows to return.", show_default="100000")] = None,
    time_limit: Annotated[float | None, typer.Option(help="Most seconds to take.", show_default="30")] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Ask the graph in Cypher, or by the name of a catalogued query.

    Example: perturbome query regulators_of gene=STAT1

    Example: perturbome query "MATCH (g:Gene) RETURN g.symbol LIMIT 5"
    """
    from perturbome.platform.errors import InputError, UnknownName
    from perturbome.platform.graph.catalogue import catalogue as all_queries
    from perturbome.platform.store import open_store

    if catalogue:
        _list(json)
        return
    if (text is None) == (file is None):
        raise InputError("Give Cypher, the name of a catalogued query (see --list), or --file; exactly one of them.")
    parameters = _parameters([*(values or []), *(parameter or [])])
    cypher = file.read_text() if file is not None else str(text)
    if cypher.isidentifier() and cypher not in all_queries():
        raise UnknownName("query", cypher, "the catalogue", list(all_queries()), "See: perturbome query --list")
    with open_store(store) as opened:
        opened.require()
        if cypher in all_queries():
            answer = opened.ask(cypher, **parameters)
        else:
            answer = opened.query(cypher, parameters, row_limit=row_limit, time_limit=time_limit)
    show_table(answer, json=json)
    if not json and answer.num_rows == 0:
        say("No rows.")


def _list(json: bool) -> None:
    import polars as pl

    from perturbome.platform.graph.catalogue import catalogue

    rows = [
        {"query": q.name, "parameters": [p.name for p in q.parameters], "answers": q.description}
        for q in catalogue().values()
    ]
    show_table(pl.DataFrame(rows), json=json)


def _parameters(pairs: list[str]) -> dict[str, object]:
    """`name=value` pairs; values that read as JSON are numbers, lists, true, false or null, others are text."""
    import json as json_module

    from perturbome.platform.errors import InputError

    values: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InputError(
                f"Parameter '{pair}' is not name=value. Example: perturbome query regulators_of gene=STAT1."
            )
        try:
            values[name] = json_module.loads(value)
        except ValueError:
            values[name] = value
    return values
