"""Arrays that cannot be used say why; what is thin is kept and flagged."""

import numpy as np
import pytest

from perturbome.models.data import from_arrays
from perturbome.platform.errors import BadValues, InputError, NothingFound, UnknownName


def test_a_context_without_controls_is_named_with_the_way_out(screen):
    screen["perturbation"] = [
        None if p == "control" and t == "K562" else p
        for p, t in zip(screen["perturbation"], screen["cell_type"], strict=True)
    ]
    with pytest.raises(NothingFound, match=r"K562 \(0\).*needs 8.*--context A549"):
        from_arrays(**screen)
    assert {c.context.name for c in from_arrays(**screen, contexts=["A549"]).conditions} == {"A549"}


def test_too_few_controls_to_halve_are_refused(screen):
    keep = [i for i, p in enumerate(screen["perturbation"]) if p != "control" or i % 60 < 7]
    few = {k: v if k == "genes" else [v[i] for i in keep] for k, v in screen.items()}
    with pytest.raises(NothingFound, match=r"A549 \(7\), K562 \(7\).*--control LABEL"):
        from_arrays(**few)


def test_three_cells_are_kept_and_their_noise_is_said(data):
    row = data.names.index("knockout:G06::K562")
    assert data.treated.n[row] == 3
    [said] = [s for s in data.said if s.startswith("knockout:G06::K562")]
    table = data.table()
    noise = np.median(table.error[row])
    assert f"has 3 cells: the standard error of its change is {noise:.2g}" in said
    assert "times that of the median condition" in said


def test_doubles_without_singles_and_unmeasured_targets_are_said(screen):
    said = " ".join(from_arrays(**screen, n_genes=None).said)
    assert "2 of 4 combinations lack a single of theirs: knockout:G03+G05::A549, knockout:G03+G05::K562." in said
    screen["perturbation"] = [p and p.replace("G04", "LONELY") for p in screen["perturbation"]]
    assert "2 conditions perturb genes that were not measured" in " ".join(from_arrays(**screen).said)


def test_min_cells_leaves_conditions_out(screen):
    assert not [n for n in from_arrays(**screen, min_cells=4).names if "G06" in n]
    with pytest.raises(NothingFound, match=r"No perturbation .* has 400 cells"):
        from_arrays(**screen, min_cells=400)


def test_unknown_genes_and_contexts_are_named(screen):
    with pytest.raises(UnknownName, match="No gene 'STAT9'"):
        from_arrays(**screen, keep_genes=["G01", "STAT9"])
    with pytest.raises(UnknownName, match=r"No context 'K563'.*Did you mean 'K562'"):
        from_arrays(**screen, contexts=["K563"])
    with pytest.raises(InputError, match=r"contexts=\['K562'\]"):
        from_arrays(**screen, contexts="K562")


@pytest.mark.parametrize("what", ["perturbation", "cell_type", "names"])
def test_lengths_must_fit(screen, what):
    screen[what] = screen[what][:-1]
    with pytest.raises(InputError, match=f"'{what}' has .* entries"):
        from_arrays(**screen)


def test_gene_ids_must_be_one_for_each_column(screen):
    with pytest.raises(InputError, match="59 different"):
        from_arrays(**{**screen, "genes": ["G00", *screen["genes"][:-1]]})


def test_expression_must_be_finite(screen):
    screen["x"][3, 4] = np.nan
    with pytest.raises(BadValues, match="1 values"):
        from_arrays(**screen)


def test_a_dose_of_the_cell_becomes_the_perturbations(screen):
    screen["perturbation"] = ["compound:JQ1" if p.startswith("compound") else p for p in screen["perturbation"]]
    dose = [0.5 if i % 2 else 2.0 for i in range(len(screen["perturbation"]))]
    screen["dose"] = [d if p == "compound:JQ1" else np.nan for d, p in zip(dose, screen["perturbation"], strict=True)]
    found = [n for n in from_arrays(**screen).names if "JQ1" in n and "K562" in n]
    assert found == ["compound:JQ1@0.5::K562", "compound:JQ1@2::K562"]


def test_time_is_part_of_the_context_where_it_is_given(screen):
    screen["time"] = [float(i % 2) * 6 for i in range(len(screen["names"]))]
    data = from_arrays(**screen)
    assert [c.name for c in data.contexts] == ["A549::0", "A549::6", "K562::0", "K562::6"]


def test_genes_are_chosen_by_controls_alone_or_with_training_cells(screen):
    blind = from_arrays(**screen, n_genes=20)
    x = screen["x"].copy()
    perturbed = np.array([p != "control" for p in screen["perturbation"]])
    x[perturbed] = np.random.default_rng(9).permuted(x[perturbed], axis=1)
    assert from_arrays(**{**screen, "x": x}, n_genes=20).genes == blind.genes
    assert blind.gene_choice.looked_at == ()
    assert {"G01", "G02", "G03", "G04", "G05", "G06"} <= set(blind.genes)
    assert 20 <= len(blind.genes) <= 26
