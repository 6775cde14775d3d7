"""Typed settings by dotted name: `data.n_genes=500` laid over dataclasses, misspelt names and wrong types refused."""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union

from pydantic import ConfigDict, TypeAdapter, ValidationError

from perturbome.platform.errors import InputError, did_you_mean

NO_VALUE = ("none", "null")
_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", type(None): "none"}
_EXAMPLES = {int: "3", float: "0.5", bool: "true", str: "a-name", type(None): "none"}


@dataclass(frozen=True)
class Setting:
    """One thing that can be set: its name, its type and the value it has where nobody sets it."""

    name: str
    kind: Any
    default: Any


def settings_of(cls: Any, given: Mapping[str, Any] | None = None) -> dict[str, Setting]:
    """The settings of a dataclass by name: fields that its constructor takes, with defaults (`given` ones first).

    A field whose metadata say `setting: False` is none.
    """
    hints = typing.get_type_hints(cls)
    found = {}
    for f in dataclasses.fields(cls):
        if f.init and f.metadata.get("setting", True):
            default = f.default if f.default is not dataclasses.MISSING else None
            if f.default_factory is not dataclasses.MISSING:
                default = f.default_factory()
            found[f.name] = Setting(f.name, hints[f.name], (given or {}).get(f.name, default))
    return found


def read_override(text: str) -> tuple[str, str, str]:
    """Section, name and value of `section.name=value`; InputError for any other form."""
    path, equals, value = text.partition("=")
    section, dot, name = path.strip().partition(".")
    if not (equals and dot and section and name):
        raise InputError(
            f"'{text}' sets nothing: a setting reads SECTION.NAME=VALUE, as in data.n_genes=500 or model.penalty=0.1."
        )
    return section, name, value.strip()


def find_setting(section: str, name: str, settings: Mapping[str, Mapping[str, Setting]], where: str) -> Setting:
    """The setting of that name; InputError with near names and all there are for one that is not there."""
    every = [f"{s}.{n}" for s, of in settings.items() for n in of]
    if section not in settings or name not in settings[section]:
        near = did_you_mean(f"{section}.{name}", every)
        raise InputError(f"There is no setting '{section}.{name}' in {where}.{near} There are: {', '.join(every)}.")
    return settings[section][name]


def typed(setting: Setting, value: Any, path: str, where: str) -> Any:
    """The value as the setting's type; InputError says what was given and what is expected.

    A number stands in for another only where nothing is lost (3 for 3.0); a text is never taken for a number.
    """
    adapter = TypeAdapter(_tuples_as_they_come(setting.kind), config=ConfigDict(strict=True, allow_inf_nan=False))
    try:
        return _as_tuples(adapter.validate_python(value))
    except ValidationError:
        raise InputError(
            f"{path} in {where} is {_shown(value)}; {expected(setting.kind)} is expected, as in {path}="
            f"{_example(setting)}."
        ) from None


def typed_text(setting: Setting, text: str, path: str, where: str) -> Any:
    """A value written on a command line as the setting's type: TOML where it is TOML, `none`, or a text as it is."""
    readings: list[Any] = []
    if text.casefold() in NO_VALUE:
        readings.append(None)
    try:
        readings.append(tomllib.loads(f"value = {text}")["value"])
    except tomllib.TOMLDecodeError:
        if "," in text:
            readings.append([part.strip() for part in text.split(",")])
    for value in (*readings, text, [text]):
        try:
            return typed(setting, value, path, where)
        except InputError:
            continue
    return typed(setting, readings[0] if readings else text, path, where)


def expected(kind: Any) -> str:
    """A type in words."""
    if kind in _WORDS:
        return _WORDS[kind]
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) in (Union, types.UnionType):
        return " or ".join(expected(a) for a in arguments)
    if typing.get_origin(kind) is Literal:
        return "one of " + ", ".join(repr(a) for a in arguments)
    if typing.get_origin(kind) is tuple:
        return f"a list, each of it {expected(arguments[0])}"
    return str(kind)


def _example(setting: Setting) -> str:
    if setting.default not in (None, (), ""):
        return _written(setting.default)
    kind = next((a for a in typing.get_args(setting.kind) if a is not type(None)), setting.kind)
    if typing.get_origin(setting.kind) is Literal:
        return str(typing.get_args(setting.kind)[0])
    return _EXAMPLES.get(kind, "a-name")


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, str):
        return f"the text '{value}'"
    if isinstance(value, bool):
        return str(value).lower()
    return f"the list {value!r}" if isinstance(value, list | tuple) else repr(value)


def _tuples_as_they_come(kind: Any) -> Any:
    """The type with lists beside tuples: files and command lines know lists only."""
    if typing.get_origin(kind) is tuple:
        return list[typing.get_args(kind)[0]]  # type: ignore[misc]
    if typing.get_origin(kind) in (Union, types.UnionType):
        return Union[tuple(_tuples_as_they_come(a) for a in typing.get_args(kind))]  # noqa: UP007
    return kind


def _as_tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def overridden(
    settings: Mapping[str, Mapping[str, Setting]], layers: Iterable[tuple[str, Mapping[str, Mapping[str, Any]]]],
    texts: Iterable[str] = (),
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Every setting's value by section: defaults, then layers (where each came from, and its values), then texts."""
    values = {section: {name: s.default for name, s in of.items()} for section, of in settings.items()}
    for where, layer in layers:
        for section, given in layer.items():
            for name, value in given.items():
                setting = find_setting(section, name, settings, where)
                value = list(value) if isinstance(value, tuple) else value
                values[section][name] = typed(setting, value, f"{section}.{name}", where)
    for text in texts:
        section, name, value = read_override(text)
        setting = find_setting(section, name, settings, "--set")
        values[section][name] = typed_text(setting, value, f"{section}.{name}", "--set")
    return values
