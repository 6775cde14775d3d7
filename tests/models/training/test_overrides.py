"""Settings by dotted name: types held, near names said, nothing taken for something else."""

from dataclasses import dataclass, field
from typing import Literal

import pytest

from perturbome.models.training.overrides import overridden, read_override, settings_of
from perturbome.platform.errors import InputError


@dataclass
class Toy:
    penalty: float = 0.1
    k: int = 5
    way: Literal["ridge", "neighbours"] = "ridge"
    embedding: str = ""
    share: float | None = None
    contexts: tuple[str, ...] | None = None
    quick: bool = False
    made: int = field(init=False, default=0)


SETTINGS = {"model": settings_of(Toy)}


def set_one(text):
    path = text.partition("=")[0].split(".")[1]
    return overridden(SETTINGS, [], [text])["model"][path]


def test_settings_are_what_the_constructor_takes():
    assert list(SETTINGS["model"]) == ["penalty", "k", "way", "embedding", "share", "contexts", "quick"]
    assert settings_of(Toy, {"penalty": 2.0})["penalty"].default == 2.0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("model.penalty=0.5", 0.5), ("model.penalty=1e-3", 1e-3), ("model.penalty=2", 2.0), ("model.k=3", 3),
        ("model.way=neighbours", "neighbours"), ("model.embedding=control loadings", "control loadings"),
        ("model.embedding=12", "12"), ("model.share=none", None), ("model.share=0.2", 0.2), ("model.quick=true", True),
        ("model.contexts=B cells,T cells", ("B cells", "T cells")), ("model.contexts=none", None),
        ("model.contexts=NK", ("NK",)), ('model.contexts=["a, b"]', ("a, b",)), ("model.embedding=a=b", "a=b"),
    ],
)  # fmt: skip
def test_texts_become_their_types(text, value):
    found = set_one(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model.penalty=abc", "is the text 'abc'; a number is expected, as in model.penalty=0.1"),
        ("model.k=2.5", "is 2.5; a whole number is expected"),
        ("model.k=true", "is true; a whole number is expected"),
        ("model.penalty=nan", "a number is expected"),
        ("model.quick=1", "true or false is expected"),
        ("model.way=rigde", "one of 'ridge', 'neighbours' is expected"),
        ("model.k=none", "is none; a whole number is expected"),
        ("model.penalti=1", "Did you mean 'model.penalty'"),
        ("modle.penalty=1", "Did you mean 'model.penalty'"),
        ("model.made=1", "There are: model.penalty, model.k"),
        ("penalty=1", "SECTION.NAME=VALUE"),
        ("model.penalty", "SECTION.NAME=VALUE"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(text, said):
    with pytest.raises(InputError) as caught:
        overridden(SETTINGS, [], [text])
    assert said in str(caught.value)


def test_later_layers_win_and_files_are_typed_too():
    layers = [("a file", {"model": {"penalty": 3, "contexts": ["a"]}}), ("flags", {"model": {"k": 7}})]
    found = overridden(SETTINGS, layers, ["model.k=9"])["model"]
    assert (found["penalty"], found["k"], found["contexts"], found["share"]) == (3.0, 9, ("a",), None)
    with pytest.raises(InputError, match="in a file is the text '3'"):
        overridden(SETTINGS, [("a file", {"model": {"penalty": "3"}})])


def test_read_override_keeps_everything_behind_the_first_sign():
    assert read_override(" data.contexts = a=b ") == ("data", "contexts", "a=b")
