"""Parameters of a query as plain Python values, for either engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa


def to_parameters(parameters: Mapping[str, object] | None) -> dict[str, Any]:
    """Parameters as Python values; numpy scalars and arrays, Arrow scalars and arrays, and paths are converted."""
    return {str(name): _to_python(value) for name, value in (parameters or {}).items()}


def _to_python(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, pa.Scalar):
        return value.as_py()
    if isinstance(value, pa.Array | pa.ChunkedArray):
        return value.to_pylist()
    if isinstance(value, Mapping):
        return to_parameters(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_to_python(item) for item in value]
    return str(value) if isinstance(value, Path) else value
