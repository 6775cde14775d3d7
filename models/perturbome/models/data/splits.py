"""A split: which conditions train, which validate, which test; named, hashed, and stored with every run that used it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Split:
    """Conditions by name, each on one side only; the names are sorted when it is made.

    `left_out` are conditions on no side because the kind of the split forbids it, as a double whose one gene must
    stay unseen. Raises InputError for a name on two sides, an unknown kind, or an empty training or test side.
    """

    name: str
    kind: str  # one of KINDS: what may not be on both sides
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    seed: int | None = None  # None: not drawn, but given
    left_out: tuple[str, ...] = ()
