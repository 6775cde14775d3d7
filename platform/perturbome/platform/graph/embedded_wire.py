"""Parameters of a query as JSON and back, so that nothing but plain values passes between the two processes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from perturbome.platform.errors import QueryError

_TO: tuple[tuple[type | tuple[type, ...], str, Callable[[Any], object]], ...] = (
    (datetime, "datetime", lambda value: value.isoformat()),
    (date, "date", lambda value: value.isoformat()),
    (timedelta, "timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    (UUID, "uuid", str),
    (Decimal, "decimal", str),
    ((bytes, bytearray), "bytes", lambda value: value.hex()),
)
_FROM: dict[str, Callable[[Any], object]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "timedelta": lambda value: timedelta(*value),
    "uuid": UUID,
    "decimal": Decimal,
    "bytes": bytes.fromhex,
    "map": lambda value: {name: _back(item) for name, item in value.items()},
}


def to_wire(parameters: dict[str, Any]) -> dict[str, object]:
    """What JSON can hold: lists and plain values as they are, all others as {kind: value}; QueryError for the rest."""
    return {name: _there(value, name) for name, value in parameters.items()}


def from_wire(parameters: dict[str, Any]) -> dict[str, object]:
    """The values that `to_wire` was given."""
    return {name: _back(value) for name, value in parameters.items()}


def _there(value: object, name: str) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_there(item, name) for item in value]
    if isinstance(value, dict):
        return {"map": {str(key): _there(item, name) for key, item in value.items()}}
    for type_, kind, plain in _TO:
        if isinstance(value, type_):
            return {kind: plain(value)}
    raise QueryError(
        f"Parameter ${name} holds a {type(value).__name__}, which the engine does not take. Give numbers, texts, "
        "truths, dates, times, or lists and maps of these."
    )


def _back(value: Any) -> Any:
    if isinstance(value, list):
        return [_back(item) for item in value]
    if isinstance(value, dict):
        ((kind, plain),) = value.items()
        return _FROM[kind](plain)
    return value
