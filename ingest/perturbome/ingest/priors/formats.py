"""The registry of prior formats, and how a file finds its reader."""

from __future__ import annotations

from pathlib import Path

from perturbome.ingest.priors import edge_lists, gene_lists, regulons, string_links
from perturbome.ingest.priors.opening import Head, look
from perturbome.ingest.priors.record import Ask, Parsed, PriorFormat
from perturbome.platform.errors import InputError, UnknownName

FORMATS: dict[str, PriorFormat] = {
    f.name: f for f in (*string_links.FORMATS, *regulons.FORMATS, *gene_lists.FORMATS, *edge_lists.FORMATS)
}
"""In the order they are tried: the first that recognises a file reads it."""


def recognise(head: Head, kind: str | None = None) -> tuple[PriorFormat, str]:
    """The format of a file and why.

    Raises:
        UnknownName: `kind` is no known format. InputError: no format recognises the file.
    """
    if kind is not None:
        if kind not in FORMATS:
            raise UnknownName("prior format", kind, "the registry", [], f"Known: {', '.join(FORMATS)}.")
        return FORMATS[kind], "as asked"
    for candidate in FORMATS.values():
        why = candidate.recognise(head)
        if why:
            return candidate, why
    raise InputError(
        f"{head.path.name} is no prior format known here; its first line is '{head.lines[0][:80]}'. "
        f"Known: {', '.join(FORMATS)}. Pass kind= (--kind) if it is one of them all the same."
    )


def read_prior(path: Path, *, kind: str | None = None, ask: Ask | None = None) -> tuple[PriorFormat, str, Parsed]:
    """Recognise and read a prior file: its format, why it was taken for that, and what it holds."""
    head = look(path)
    chosen, why = recognise(head, kind)
    return chosen, why, chosen.read(head, ask or Ask())
