"""Real screens: several cell types of one stimulation, and two modes of perturbation over four cell lines."""

import numpy as np
import pytest

from perturbome.ingest import add_experiment
from perturbome.models.data import k_fold, perturbation_data, unseen_context, unseen_single
from perturbome.models.data.audit import audit
from perturbome.platform import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory, data_dir):
    with Store(tmp_path_factory.mktemp("real") / "store") as store:
        add_experiment(store, data_dir / "perturb_kang_ifnb" / "kang18_ifnb.h5ad", dataset="kang")
        add_experiment(
            store, data_dir / "perturb_norman19_mcfaline23" / "norman19_singles_mcfaline23.h5ad", dataset="norman"
        )
        yield store


@pytest.mark.data
@pytest.mark.slow
def test_cell_types_can_be_held_out_one_by_one(store):
    data = perturbation_data(store, "kang", cells=True)
    assert len(data.genes) >= 2000
    dense = data.cells.matrix[data.cells.rows(0)].toarray().astype(float)
    np.testing.assert_allclose(dense.mean(axis=0), data.treated.mean[0], rtol=1e-5, atol=1e-7)
    for context in data.contexts:
        split = unseen_context(data.conditions, [context.name])
        assert audit(data, split).clean
        assert data.with_split(split).hidden().control(context).shape == (len(data.genes),)


@pytest.mark.data
@pytest.mark.slow
def test_genes_can_be_held_out_over_cell_lines_and_modes(store):
    data = perturbation_data(store, "norman")
    assert {c.perturbation.mode for c in data.conditions} == {"activation", "knockdown"}
    for split in [unseen_single(data.conditions), *k_fold(data.conditions, 5)]:
        assert audit(data, split).clean
    assert data.table().cells_per_weight() > 0
