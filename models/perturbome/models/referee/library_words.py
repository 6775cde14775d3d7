"""What cell-eval2 warns of while it scores, gathered into a sentence for each kind of warning."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from perturbome.platform.words import first_few

LIBRARY = "cell_eval2"
SAYS = "cell-eval2"
"""With which the sentences begin."""
MOST_NAMED = 6
_DETAIL = re.compile(r"\([^)]*(\([^)]*\)[^)]*)*\)|\d[\d,.]*")
_ASIDE = re.compile(
    r" The gate (reads the reference alone|is real-side only)[^.]*\.| ?\(issue #\d+[^)]*\)|; issue #\d+|issue #\d+"
)


class _Listener(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__(logging.WARNING)
        self.records = records

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def heard() -> Iterator[list[logging.LogRecord]]:
    """The library's warnings, kept from the screen; its logger is left as it was found."""
    logger, records = logging.getLogger(LIBRARY), list[logging.LogRecord]()
    before, listener = logger.propagate, _Listener(records)
    others = list(logger.handlers)
    logger.handlers, logger.propagate = [listener], False
    try:
        yield records
    finally:
        logger.handlers, logger.propagate = others, before


def sentences(records: Sequence[logging.LogRecord]) -> tuple[str, ...]:
    """A sentence for each kind of warning, the first with what it has in brackets, and the metrics it is of."""
    kinds: dict[str, tuple[str, list[str]]] = {}
    for record in records:
        text = record.getMessage()
        metric, colon, rest = text.partition(": ")
        named = bool(colon) and re.fullmatch(r"\w+", metric) is not None
        told = _ASIDE.sub("", rest if named else text).strip().replace(" -- ", ": ")
        metrics = kinds.setdefault(kind_of(told), (told, []))[1]
        if named and metric not in metrics:
            metrics.append(metric)
    return tuple(
        f"{SAYS}{', ' if metrics else ''}{first_few(metrics, MOST_NAMED)}: {told}" for told, metrics in kinds.values()
    )


def kind_of(text: str) -> str:
    """A sentence without its metrics, numbers and brackets: the same for warnings of one kind."""
    return _DETAIL.sub("#", text.partition(": ")[2] if text.startswith(SAYS) else text)
