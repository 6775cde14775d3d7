"""Parameters come out of the wire as they went in."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perturbome.platform.errors import QueryError
from perturbome.platform.graph.embedded_wire import from_wire, to_wire

PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(),
    st.datetimes().map(lambda moment: moment.replace(fold=0)), st.dates(),
    st.timedeltas(), st.uuids(), st.decimals(allow_nan=False),
)  # fmt: skip
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(), VALUES))
def test_what_goes_in_comes_out_with_its_type(parameters):
    back = from_wire(json.loads(json.dumps(to_wire(parameters))))
    assert repr(back) == repr(parameters)


def test_a_map_may_have_the_names_that_the_wire_uses():
    values = {"x": {"datetime": "no date", "map": {"uuid": 1}}}
    assert from_wire(to_wire(values)) == values


def test_kinds_of_numbers_texts_and_times_arrive_as_the_plain_ones():
    class Name(str):
        __slots__ = ()

    back = from_wire(json.loads(json.dumps(to_wire({"t": pd.Timestamp("2026-01-31"), "s": Name("JAK2")}))))
    assert back == {"t": datetime(2026, 1, 31), "s": "JAK2"}
    assert {type(value) for value in back.values()} == {datetime, str}


@pytest.mark.parametrize("value", [object(), [object()], {"a": [1 + 2j]}])
def test_what_no_engine_takes_is_named(value):
    with pytest.raises(QueryError, match=r"\$gene holds a (object|complex)"):
        to_wire({"gene": value})


def test_times_keep_what_json_has_no_word_for():
    values = {
        "at": datetime(2026, 1, 31, 12, 0, 0, 1),
        "on": date(2026, 1, 31),
        "for": timedelta(days=-1, microseconds=3),
        "id": UUID(int=7),
        "n": Decimal("1.10"),
        "b": b"\x00\xff",
    }
    assert from_wire(to_wire(values)) == values
