"""Numbers as a person writes them."""

import pytest

from perturbome.app.markdown import plain
from perturbome.app.theme import number, plural


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (0, "0"),
        (0.0, "0"),
        (1234567, "1,234,567"),
        (2000.0, "2,000"),
        (0.123456, "0.123"),
        (-1.23456, "-1.23"),
        (1e-8, "1.0e-08"),
    ],
)
def test_number(value: float | None, words: str) -> None:
    assert number(value) == words


def test_plural() -> None:
    assert (plural(1, "gene"), plural(2000, "gene"), plural(0, "entry", "entries")) == (
        "1 gene",
        "2,000 genes",
        "0 entries",
    )


def test_markdown_is_shown_as_it_is_written() -> None:
    assert plain("a_b*c [x](y)") == "a\\_b\\*c \\[x\\](y)"
