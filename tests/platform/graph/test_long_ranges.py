"""The embedded engine is never handed a range that it could not stop."""

from __future__ import annotations

import pytest

from perturbome.platform.errors import QueryTooLong
from perturbome.platform.graph.embedded import EmbeddedStore


@pytest.mark.parametrize(
    ("cypher", "parameters"),
    [
        ("UNWIND range(1,1000000000) AS x RETURN count(x) AS n", {}),
        ("UNWIND RANGE ( 0 , $last ) AS x RETURN count(x) AS n", {"last": 10**9}),
        ("UNWIND range(-900000000, 5) AS x RETURN count(x) AS n", {}),
    ],
)
def test_a_long_range_is_refused(tmp_path, cypher, parameters):
    with pytest.raises(QueryTooLong, match="range"):
        EmbeddedStore(tmp_path, read_only=True).query(cypher, parameters)


def test_a_short_range_is_answered(tmp_path):
    answer = EmbeddedStore(tmp_path, read_only=True).query("UNWIND range(1, $n) AS x RETURN sum(x) AS s", {"n": 100})
    assert answer.to_pylist() == [{"s": 5050}]
