"""The examples of the page of effect prediction work as they stand there."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from docs.prediction import PRESET, SPLIT_FILES, page

from perturbome.models.data import Condition
from perturbome.models.data.split_choice import choose_splits
from perturbome.models.training.configuration import resolve
from perturbome.models.training.preset_files import presets, read_preset

NAMES = ["knockout:STAT1::CD4T", "knockout:IRF1::CD4T", "knockout:JAK2::CD4T", "knockout:STAT1+IRF1::CD4T"]
CONDITIONS = [Condition.parse(name) for name in NAMES]


@pytest.mark.parametrize("what", SPLIT_FILES)
def test_split_files_are_read(tmp_path, what):
    suffix = what[what.index("(.") + 1 :].split(")")[0].split(";")[0].split(",")[0]
    path = tmp_path / f"split{suffix}"
    path.write_text(SPLIT_FILES[what].strip())
    [split] = choose_splits(CONDITIONS, str(path), dataset="DATASET")
    assert "knockout:JAK2::CD4T" in split.test
    assert "knockout:STAT1::CD4T" in split.train


def test_the_preset_is_read_and_all_of_ours_are_listed(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(PRESET)
    found = resolve(None, preset=read_preset(str(path)))
    assert (found.model, found.data.n_genes) == ("prior kernel", 500)
    assert all(f"`{name}`" in page() for name in presets())
