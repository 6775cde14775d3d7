"""The catalogue of queries: each a .cypher file with a description, its parameters, and one text for both engines.

A file begins with comment lines. The first is the description; a line `// name: type = default -- meaning` declares a
parameter (without a default it must be given); others are notes. The Cypher begins after the last of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from perturbome.platform.errors import InputError, UnknownName

TYPES: dict[str, tuple[type, ...]] = {
    "gene": (str,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}
"""What a parameter can be. Integers count something and are not negative; a gene is asked for by id, symbol or alias,
and reaches the text as id."""

REQUIRED = object()
_DECLARED = re.compile(r"(?P<name>\w+): (?P<type>\w+)(?: = (?P<default>.+?))? -- (?P<meaning>.+)")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a query: its type is a key of TYPES; its default is REQUIRED where it must be given."""

    name: str
    type: str
    default: object
    meaning: str

    @property
    def required(self) -> bool:
        """Whether the query cannot be asked without it."""
        return self.default is REQUIRED

    def check(self, value: object, query: str) -> object:
        """The value as the engines take it, None as the default; InputError where it is of another type."""
        plain = value.item() if hasattr(value, "item") else value
        if plain is None and not self.required:
            return self.default
        allowed = TYPES[self.type]
        fits = isinstance(plain, allowed) and (bool in allowed or not isinstance(plain, bool))
        if not fits or (self.type == "integer" and plain < 0):  # type: ignore[operator]
            raise InputError(
                f"Parameter '{self.name}' of query '{query}' is a {self.type} ({self.meaning}), not {plain!r}."
            )
        return float(plain) if self.type == "number" else plain  # type: ignore[arg-type]


@dataclass(frozen=True)
class Query:
    """A question in Cypher that both engines answer with the same rows."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    text: str

    def takes_gene(self, name: str) -> bool:
        """Whether the parameter of this name is a gene."""
        return any(p.name == name and p.type == "gene" for p in self.parameters)

    def bind(self, values: Mapping[str, object]) -> dict[str, object]:
        """All parameters of the text: the values given, defaults for the rest; InputError, UnknownName."""
        known = {p.name: p for p in self.parameters}
        for name in values:
            if name not in known:
                raise UnknownName("parameter", name, f"query '{self.name}'", list(known))
        missing = [p for p in self.parameters if p.required and p.name not in values]
        if missing:
            raise InputError(
                f"Query '{self.name}' needs {', '.join(f'{p.name} ({p.meaning})' for p in missing)}. "
                f"It takes: {', '.join(known)}."
            )
        return {p.name: p.check(values[p.name], self.name) if p.name in values else p.default for p in known.values()}


@cache
def catalogue() -> dict[str, Query]:
    """Every query of the catalogue by name, in alphabetical order."""
    folder = resources.files("perturbome.platform.graph") / "queries"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".cypher")), key=lambda f: f.name)
    return {f.name.removesuffix(".cypher"): parse(f.name.removesuffix(".cypher"), f.read_text("utf-8")) for f in files}


def find_query(name: str) -> Query:
    """The query of this name; UnknownName with the nearest names otherwise."""
    found = catalogue().get(name)
    if found is None:
        raise UnknownName("query", name, "the catalogue", list(catalogue()), "See: perturbome query --list.")
    return found


def parse(name: str, text: str) -> Query:
    """Read one file of the catalogue."""
    lines = text.splitlines()
    head = next((i for i, line in enumerate(lines) if not line.startswith("//")), len(lines))
    said = [line.removeprefix("//").strip() for line in lines[:head]]
    body = "\n".join(lines[head:]).strip()
    if not said or not body:
        raise InputError(
            f"The query file {name}.cypher needs a first comment line that says what it answers, and Cypher."
        )
    declared = [found for line in said[1:] if (found := _DECLARED.fullmatch(line))]
    return Query(name, said[0], tuple(_parameter(found, name) for found in declared), body)


def _parameter(declared: re.Match[str], query: str) -> Parameter:
    name, kind, default, meaning = declared.groups()
    if kind not in TYPES:
        raise InputError(f"Parameter '{name}' in {query}.cypher has the type '{kind}'. Available: {', '.join(TYPES)}.")
    return Parameter(name, kind, REQUIRED if default is None else json.loads(default), meaning)
