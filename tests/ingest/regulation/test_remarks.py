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
