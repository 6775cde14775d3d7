"""Cell graphs against what is published and what was simulated, by the measures of benchmarks/transitions.py."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))
from benchmarks import transitions as bench


@pytest.fixture
def data(data_dir, monkeypatch) -> Path:
    monkeypatch.setattr(bench, "DATA", data_dir)
    return data_dir


def test_measures_of_agreement() -> None:
    same = np.array([[0.2, 0.0], [0.1, 0.1]])
    early, late = np.array(["a", "b"]), np.array(["x", "y"])
    assert bench.agreement(same, same, early, late)["overlap"] == pytest.approx(1)
    turned = bench.agreement(same[:, ::-1], same, early, late)
    assert turned["overlap"] == pytest.approx(0.5)
    np.testing.assert_allclose(bench.fates(same, early, late, np.ones(2)), [[1, 0], [0.5, 0.5]])
    source, target, time = np.array([0, 1, 2]), np.array([1, 0, 2]), np.array([0.0, 1, 2])
    assert bench.forward_share(source, target, time, np.ones(3, bool)) == 0.5


def test_every_method_points_forward_in_the_true_time_of_a_simulated_branch() -> None:
    found = bench.simulated()
    assert set(found) == {"transport", "knn", "diffusion"}
    assert min(found.values()) >= 0.95


@pytest.mark.data
def test_published_maps_are_met_with_the_settings_their_file_states(data) -> None:
    """Another implementation's maps, cell by cell; what is missing of 1 is the hundredth of each row that is cut."""
    found = bench.reprogramming("moscot_temporal_tests.h5ad", **bench.as_stated())
    assert found["transport"]["overlap"] > 0.985
    assert found["transport"]["fates"] > 0.99
    assert found["knn"]["overlap"] < 0.5


@pytest.mark.data
def test_published_maps_of_unstated_settings_are_met_better_than_by_nearest_neighbours(data) -> None:
    found = bench.reprogramming("wot_reprogramming_d10-11.h5ad")
    assert found["transport"]["overlap"] > found["knn"]["overlap"] + 0.05
    assert found["transport"]["overlap"] > 0.33
    assert found["transport"]["fates"] > found["knn"]["fates"]


@pytest.mark.data
@pytest.mark.slow
def test_haematopoiesis_runs_as_its_two_lineages_do(data, tmp_path) -> None:
    """Near cells differ by less than noise does, so single edges agree in two thirds; ten steps on, nearly all mass."""
    found = bench.paul15(tmp_path)
    for lineage in found["root type"]["lineages"]:
        assert lineage["edges_forward"] > 0.65
        assert lineage["edges_forward_beyond_5_percent"] > 0.74
        assert lineage["mass_forward_after_10_steps"] > 0.93
    assert any("direction is arbitrary" in sentence for sentence in found["no root"]["said"])
