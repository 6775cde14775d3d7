"""How communities lay out an experiment: which columns say what, recognised from obs and uns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from perturbome.platform.perturbation import Mode, is_control


@dataclass(frozen=True)
class Survey:
    """What a convention may look at: obs, uns, and the labels of a column (cached)."""

    obs: pd.DataFrame
    uns: Mapping[str, Any]
    _labels: dict[str, list[str]] = field(default_factory=dict)

    def find(self, names: Sequence[str]) -> str | None:
        """The first of these columns that obs has, in whatever case."""
        folded = {str(c).casefold(): str(c) for c in self.obs.columns}
        return next((folded[n.casefold()] for n in names if n.casefold() in folded), None)

    def has(self, *names: str) -> int:
        """How many of these columns obs has."""
        return sum(self.find([n]) is not None for n in names)

    def labels(self, column: str) -> list[str]:
        """The distinct values of a column as text, missing ones left out."""
        if column not in self._labels:
            values = self.obs[column]
            unique = values.cat.remove_unused_categories().cat.categories if values.dtype == "category" else values
            self._labels[column] = [str(v) for v in pd.unique(pd.Series(unique).dropna())]
        return self._labels[column]

    def share(self, column: str | None, fits: Callable[[str], bool]) -> float:
        """Share of a column's labels that fit; 0 without the column."""
        labels = self.labels(column) if column else []
        return sum(map(fits, labels)) / len(labels) if labels else 0.0


@dataclass(frozen=True)
class Convention:
    """One layout: `recognise` gives 0 (no) to 1 (certain); `columns` are candidates for the perturbation, in order."""

    name: str
    title: str
    columns: tuple[str, ...]
    spelling: str
    recognise: Callable[[Survey], float]
    mode: Mode | None = None
    guide: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    dose: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    reference: str = ""


def _cellxgene(s: Survey) -> float:
    return 1.0 if s.has("genetic_perturbation_id") and "genetic_perturbations" in s.uns else 0.0


def _norman(s: Survey) -> float:
    column = s.find(("guide_identity", "guide_identities", "guide_merged", "guide_ids"))
    return 0.95 if s.share(column, lambda t: "__" in t) > 0.5 else 0.0


def _gears(s: Survey) -> float:
    column = s.find(("condition", "perturbation"))
    tagged = s.share(column, lambda t: "+ctrl" in t or "ctrl+" in t or t == "ctrl")
    paired = s.share(column, lambda t: "+" in t or t == "ctrl")
    return 0.92 if tagged > 0 and paired > 0.8 else 0.0


def _replogle(s: Survey) -> float:
    return (
        0.9
        if s.has("gene") and s.has("gene_transcript", "sgID_AB", "gene_id") >= 1 and _has_control(s, "gene")
        else 0.0
    )


def _arc(s: Survey) -> float:
    return 0.85 if s.has("target_gene") and _has_control(s, "target_gene") else 0.0


def _tahoe(s: Survey) -> float:
    return 0.9 if s.has("drug") and s.has("drugname_drugconc", "plate", "cell_line_id", "cell_line") >= 2 else 0.0


def _sciplex(s: Survey) -> float:
    return 0.9 if s.has("product_name") and s.has("dose", "pathway", "vehicle") >= 1 else 0.0


def _openproblems(s: Survey) -> float:
    return 0.85 if s.has("sm_name") else 0.0


def _scperturb(s: Survey) -> float:
    marks = s.has("nperts", "perturbation_type", "perturbation_2", "ncounts", "ngenes", "percent_mito", "percent_ribo",
                  "tissue_type", "celltype", "disease", "cancer", "dose_value", "chembl-ID")  # fmt: skip
    return 0.0 if not s.has("perturbation") else 0.88 if s.has("nperts") else 0.8 if marks >= 3 else 0.0


def _plain(s: Survey) -> float:
    best = s.find(PLAIN_COLUMNS)
    return 0.5 if best is not None else 0.0


def _has_control(s: Survey, column: str) -> bool:
    found = s.find([column])
    return found is not None and any(map(is_control, s.labels(found)))


GENE_COLUMNS = (
    "perturbation", "perturbations", "target", "target_gene", "targets", "gene_target", "guide_target",
    "perturbed_gene", "pert", "pert_name", "perturbation_name", "gene_call", "grna_target", "sgrna_target",
    "assigned_gene", "perturbation_raw",
)  # fmt: skip
"""Names that promise a perturbation: one without controls is an error."""

CONDITION_COLUMNS = ("condition", "genotype", "ko", "knockout", "crispr")
TREATMENT_COLUMNS = ("treatment", "stim", "stimulation", "drug", "compound", "cytokine", "agent")
GUIDE_COLUMNS = ("feature_call", "guide_id", "guide", "sgrna", "grna")
PLAIN_COLUMNS = GENE_COLUMNS + CONDITION_COLUMNS + TREATMENT_COLUMNS + GUIDE_COLUMNS

CONVENTIONS: dict[str, Convention] = {
    c.name: c
    for c in (
        Convention("cellxgene", "CELLxGENE schema 7.1", ("genetic_perturbation_id",), "cellxgene", _cellxgene,
                   guide=("genetic_perturbation_id",), reference="chanzuckerberg/single-cell-curation schema 7.1.0"),
        Convention("norman", "Norman 2019 (guide_identity)",
                   ("guide_identity", "guide_identities", "guide_merged", "guide_ids"), "norman", _norman, "activation",
                   guide=("guide_identity", "guide_identities", "guide_merged"), reference="Norman 2019, GSE133344"),
        Convention("gears", "GEARS (A+ctrl, A+B)", ("condition", "perturbation"), "gears", _gears,
                   reference="Roohani 2023, GEARS"),
        Convention("replogle", "Replogle 2022 (gene, gene_transcript)", ("gene",), "plain", _replogle, "knockdown",
                   guide=("sgID_AB", "gene_transcript"), reference="Replogle 2022"),
        Convention("arc", "Arc Virtual Cell Challenge (target_gene)", ("target_gene",), "arc", _arc, "knockdown",
                   guide=("guide_id",), reference="Arc Virtual Cell Challenge 2025: CRISPR interference"),
        Convention("tahoe", "Tahoe-100M (drug)", ("drug",), "plain", _tahoe, "compound",
                   dose=("drugname_drugconc", "dose", "concentration"), controls=("DMSO_TF",), reference="Tahoe-100M"),
        Convention("sciplex", "sci-Plex (product_name, dose)", ("product_name",), "plain", _sciplex, "compound",
                   dose=("dose",), controls=("Vehicle",), reference="Srivatsan 2020"),
        Convention("openproblems", "Open Problems (sm_name)", ("sm_name",), "plain", _openproblems, "compound",
                   dose=("dose_uM", "dose"), controls=("Dimethyl Sulfoxide",),
                   reference="Open Problems perturbation prediction 2023"),
        Convention("scperturb", "scPerturb (perturbation)", ("perturbation",), "scperturb", _scperturb,
                   guide=("guide_id", "guide_ids", "grna"), context=("perturbation_2",), dose=("dose_value", "dose"),
                   reference="Peidli 2024, scPerturb"),
        Convention("plain", "plain columns", PLAIN_COLUMNS, "scperturb", _plain, reference="column names"),
    )
}  # fmt: skip
