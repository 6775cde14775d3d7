"""Names of conditions: one for each, and read back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perturbome.models.data import Condition, Context
from perturbome.platform.errors import InputError
from perturbome.platform.perturbation import Perturbation

cell_types = st.text(st.characters(blacklist_categories=["Cs"]) | st.sampled_from(":%3A|"), min_size=1, max_size=12)
genes = st.sampled_from(["STAT1", "JAK2", "HLA-A", "NKX2-1", "Y_RNA"])
perturbations = st.builds(
    Perturbation, st.lists(genes, min_size=1, max_size=3).map(tuple), st.sampled_from(["knockout", "activation"]),
    st.sampled_from([None, 0.5, 10.0]),
)  # fmt: skip
conditions = st.builds(
    Condition, perturbations, st.builds(Context, cell_types, st.none() | st.integers(-5, 500).map(float))
)


@given(conditions)
def test_a_name_is_read_back(condition):
    assert Condition.parse(condition.name) == condition


@given(conditions, conditions)
def test_no_two_conditions_share_a_name(a, b):
    assert (a.name == b.name) == (a == b)


def test_names_read_as_a_person_writes_them():
    double = Condition(Perturbation(("JAK2", "STAT1")), Context("CD4::T | B", 6.0))
    assert double.name == "knockout:JAK2+STAT1::CD4%3A%3AT | B::6"
    assert Condition(Perturbation(("JQ1",), "compound", 0.5)).name == "compound:JQ1@0.5::all"


@pytest.mark.parametrize("text", ["STAT1", "a::b::c::d", "knockout:A::T::late"])
def test_other_texts_are_refused(text):
    with pytest.raises(InputError, match="condition"):
        Condition.parse(text)
