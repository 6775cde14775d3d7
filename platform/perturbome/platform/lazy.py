"""Public verbs that load when first touched (PEP 562), so that importing a floor costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_exports(package: str, exports: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` for `package`, whose name -> module map is `exports`."""

    def load(name: str) -> Any:
        if name not in exports:
            raise AttributeError(f"module {package!r} has no attribute {name!r}. Public: {', '.join(sorted(exports))}")
        return getattr(import_module(exports[name]), name)

    return load, lambda: sorted(exports)
