"""Classes of novelty, told apart as the words say."""

from perturbome.models.data import Condition
from perturbome.models.predictors.novelty import novelty

TRAINING = [Condition.parse(n) for n in ("knockout:A::X", "knockout:B+C::X", "knockout:D::Y", "compound:J@1::X")]


def of(*names):
    return novelty([Condition.parse(n) for n in names], TRAINING)


def test_singles_doses_and_contexts():
    assert of("knockout:Q::X", "knockdown:Q::X") == ["single, never seen"] * 2
    assert of("knockout:A::Y") == ["seen in another context"]
    assert of("knockdown:A::Y") == ["seen in another context"]  # a loss as well
    assert of("activation:A::Y") == ["single, never seen"]  # a gain is another matter
    assert of("compound:J@2::X") == ["seen at another dose"]
    assert of("knockout:A::Z", "knockout:Q::Z") == [
        "seen in another context, in a context without training conditions",
        "single, never seen, in a context without training conditions",
    ]


def test_combinations_by_how_many_of_their_targets_were_seen():
    found = of("knockout:A+D::X", "knockout:A+Q::X", "knockout:Q+R::X", "knockout:A+B+D::X")
    assert [f.split()[1] for f in found] == ["all", "some", "none", "all"]
    assert of("knockout:B+C::Y") == ["seen in another context"]


def test_a_single_of_a_target_seen_only_in_a_combination_counts_as_never_seen_alone():
    assert of("knockout:B::X") == ["single, never seen"]
