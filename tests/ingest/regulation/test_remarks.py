"""What a reader is told of groups."""

from __future__ import annotations

import pytest

from perturbome.ingest.regulation.registry import METHODS, find_method
from perturbome.ingest.regulation.remarks import Group, remarks


def group(n_cells: int, n_regulators: int, penalty: float | None = None) -> Group:
    return Group("T", None, n_cells, n_regulators, 100, penalty, 5)


@pytest.mark.parametrize("method", METHODS)
def test_few_cells_are_told_of_whatever_the_method_but_for_experiments(method: str) -> None:
    penalty = 0.1 if find_method(method).penalised and method != "consensus" else None
    groups = [group(40, 40, penalty), group(41, 40, penalty)]
    thin = [s for s in remarks(groups, 100, find_method(method)) if "no more cells than regulators" in s]
    assert len(thin) == (method != "interventional")
    assert all(s.startswith("1 of 2 groups has") for s in thin)
    assert all(("the penalty carries the fit" in s) == (penalty is not None) for s in thin)
    assert not remarks(groups[1:], 100, find_method(method))


def test_where_nothing_is_found_what_can_be_done_is_told() -> None:
    empty = Group("T", None, 900, 40, 100, 0.1, 0)
    for method, course in (("dynamic", True), ("ridge", False)):
        said = " ".join(remarks([empty, empty], 100, find_method(method), 0.754))
        assert "2 of 2 groups have no edge" in said
        assert "least q of any pair is 0.75" in said
        assert "--max-q" in said
        assert "--regulators" in said
        assert ("--method ridge" in said) == course
    assert "least q" not in " ".join(remarks([empty], 100, find_method("trees")))
    assert "--max-q" not in " ".join(remarks([empty, group(900, 40)], 100, find_method("dynamic"), 0.9))
