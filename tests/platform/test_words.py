"""Lists in sentences."""

import pytest

from perturbome.platform.words import first_few


@pytest.mark.parametrize(
    ("names", "most", "text"),
    [([], 3, ""), (["A"], 3, "A"), (["A", "B"], 2, "A, B"), (["A", "B", "C"], 2, "A, B and 1 more")],
)
def test_the_first_few_and_how_many_more(names, most, text):
    assert first_few(names, most) == text


def test_other_joints_and_large_numbers():
    assert first_few(["x"] * 2002, 2, "; ") == "x; x and 2,000 more"
