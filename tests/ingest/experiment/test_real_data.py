"""Every real data set is read as what it is, with a flag at most."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest

from perturbome.ingest.experiment.add import add_experiment
from perturbome.platform.store import Store

pytestmark = pytest.mark.data

H5AD: dict[str, dict[str, Any]] = {
    "perturb_papalexi_thp1/papalexi_thp1_eccite_299g.h5ad": {
        "state": "counts",
        "organism": "human",
        "n": 25,
        "control": 2386,
        "first": "knockout:ATF2",
        "guide": True,
    },
    "perturb_norman19_mcfaline23/norman19_singles_mcfaline23.h5ad": {
        "state": "log1p",
        "organism": "human",
        "n": 22,
        "first": "activation:HK2",
        "types": 4,
    },
    "perturb_dixit_bmdc/dixit_bmdc_24tf.h5ad": {
        "state": "other",
        "organism": "mouse",
        "n": 8,
        "control": 992,
        "first": "knockout:Cebpb",
    },
    "perturb_datlinger_tcr/datlinger21_tcr_7500x2000.h5ad": {
        "state": "counts",
        "organism": "human",
        "n": 20,
        "first": "knockout:DOK2",
        "types": 2,
    },
    "perturb_kang_ifnb/kang18_ifnb.h5ad": {
        "state": "log1p",
        "organism": "human",
        "n": 1,
        "first": "compound:stimulated",
        "types": 7,
    },
    "spatial_mouse_embryo/seqfish_mouse_embryo_5000x351.h5ad": {
        "state": "log1p",
        "organism": "mouse",
        "n": 0,
        "space": True,
        "types": 22,
    },
    "temporal_paul15/paul15_240g.h5ad": {
        "state": "counts",
        "organism": "mouse",
        "n": 0,
        "time_unit": "pseudotime",
        "types": 7,
    },
    "temporal_reprogramming/moscot_temporal_tests.h5ad": {
        "state": "log1p",
        "organism": "mouse",
        "n": 0,
        "time_unit": "day",
    },
    "temporal_reprogramming/wot_reprogramming_d10-11.h5ad": {
        "state": "log1p",
        "organism": "mouse",
        "n": 0,
        "time_unit": "day",
    },
}


@pytest.mark.parametrize("name", H5AD)
def test_anndata_files(store: Store, data_dir: Path, name: str) -> None:
    expected = H5AD[name]
    done = add_experiment(store, data_dir / name)
    found = store.expression(done.dataset)
    assert found.dataset["raw_state"] == expected["state"]
    assert found.dataset["organism"] == expected["organism"]
    assert found.dataset["time_unit"] == expected.get("time_unit")
    assert len(done.perturbations) == expected["n"]
    assert done.perturbations[:1] == ([expected["first"]] if expected["n"] else [])
    assert done.n_control == expected.get("control", done.n_control) > 0
    assert found.cells["cell_type"].n_unique() == expected.get("types", found.cells["cell_type"].n_unique())
    assert (found.cells["x"].null_count() == 0) == expected.get("space", False)
    assert (found.cells["guide"].null_count() == 0) == expected.get("guide", False)

    original = ad.read_h5ad(data_dir / name).X[:200]
    matrix = np.asarray(original.todense() if hasattr(original, "todense") else original, dtype=float)
    if expected["state"] == "counts":
        matrix = np.log1p(matrix / np.maximum(1, matrix.sum(1, keepdims=True)) * 1e4)
    np.testing.assert_allclose(found.X[:200].toarray(), matrix, rtol=1e-4, atol=1e-6)


def test_clean_guides_of_papalexi(store: Store, data_dir: Path) -> None:
    path = data_dir / "perturb_papalexi_thp1" / "papalexi_thp1_eccite_299g.h5ad"
    done = add_experiment(store, path, min_guide_fraction=0.8)
    assert 0.75 < done.n_cells / 20_729 < 0.8
    assert store.expression(done.dataset).cells["replicate"].n_unique() == 3
    measured = {"IFNGR2", "STAT1", "CD86"} & set(store.expression(done.dataset).genes["symbol"])
    assert measured


@pytest.mark.parametrize(
    ("name", "shape", "time_unit"),
    [
        ("grn_beeline_curated/GSD_2000_0/ExpressionData.csv", (2000, 19), "pseudotime"),
        ("grn_beeline_curated/VSC_2000_2/ExpressionData.csv", (2000, 8), "pseudotime"),
        ("temporal_calista/bargaje_hiPSC_cardio_qPCR.csv", (1896, 96), "hour"),
        ("temporal_calista/moignard_123stages_qPCR.csv", (597, 18), "hour"),
        ("grn_mouse_dendritic/BL--ExpressionData.csv", (383, 821), None),
        ("grn_dream4/network_1/insilico_size100_1_timeseries.tsv", (210, 100), "not stated"),
        ("causal_sachs/sachs.2005.continuous.txt", (7466, 11), None),
    ],
)
def test_text_files(store: Store, data_dir: Path, name: str, shape: tuple[int, int], time_unit: str | None) -> None:
    done = add_experiment(store, data_dir / name)
    found = store.expression(done.dataset)
    assert (done.n_cells, done.n_genes) == shape == found.X.shape
    assert found.dataset["time_unit"] == time_unit
    assert done.n_control == done.n_cells
