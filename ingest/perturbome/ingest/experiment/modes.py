"""Whether labels name genes or compounds, and which technique was used, decided by evidence and said aloud."""

from __future__ import annotations

import re
from collections.abc import Sequence

from perturbome.ingest.experiment.choose import Choice, is_chemical
from perturbome.ingest.experiment.columns import as_text
from perturbome.ingest.experiment.conventions import GENE_COLUMNS, Survey
from perturbome.ingest.experiment.guides import Names
from perturbome.ingest.symbols import ENSEMBL, YEAST
from perturbome.platform.perturbation import SPELLINGS, Mode, is_unassigned

TYPE_COLUMNS = ("perturbation_type", "genetic_perturbation_strategy", "pert_type", "crispr_type", "modality")
DOSE_COLUMNS = ("dose", "dose_value", "dose_um", "concentration", "conc", "drug_dose", "pert_dose")
GENETIC = frozenset({"cellxgene", "norman", "gears", "replogle", "arc"})
"""Conventions of CRISPR screens: what they name is a gene, measured or not."""

_HUMAN = re.compile(r"^[A-Z][A-Z][A-Z0-9]{0,10}(-[A-Z0-9]{1,5})?(\.\d+)?$|^C(\d+|X|Y)orf\d+$")
_MOUSE = re.compile(r"^[A-Z][a-z]{1,7}\d{0,4}[a-z]?\d{0,2}$|^H2-[A-Z][a-z]?\d?$|^mt-[A-Z][a-z0-9]+$")
_YEAST = re.compile(r"^[A-Z]{3}\d{1,3}$", re.I)
_CODE = re.compile(r"^(?!KIAA|LINC|MIR)[A-Z]{1,4}-?\d{4,}[A-Z]?$|^JQ-?1$|^R848$|^GSK-?J?\d+$|^BX-?\d+$")
"""The number of a compound in its maker's list: AZD6244, PD0325901, GSK126; hardly a gene has four digits."""

_STIMULUS = re.compile(
    r"""^(?: stim(?:ul\w+)?|treat(?:ed|ment)\w*|activated?|infected|drug\w*|compound\w*|exposed
      | heat(?:[\W_]*shock\w*)?|cold|hypoxi\w*|normoxi\w*|starv\w*
      | irradiat\w*|uv|case|disease\w*|tumou?r|perturbed|resting
      | ifn[\W_]*(?:a|b|g|l|alpha|beta|gamma|lambda)?\d*|tnf[\W_]*(?:a|alpha)?|tgf[\W_]*b(?:eta)?\d?|il[\W_]*\d+[abr]?
      | [evfhp]d?gf[\W_]*\d*|lif|m?csf\d?|g-?m?-?csf|bmp\d+|wnt\d*a?|insulin
      | lps|pma|poly[\W_]*i:?c|pic|cpg|ova|bcg|pge2|ionomycin|pha|con[\W_]*a|cd3[\W_]*(?:cd28)?|tcr
      | dex|atra|tsa|saha|dapt|fbs|bsa|h2o2|etoh|dht|e2|rapa|5-?fu|hiv\d?|iav|hcmv|cmv|ebv|sars\S* )$""",
    re.IGNORECASE | re.VERBOSE,
)


def mode_of(text: str) -> Mode | None:
    """The mode that a word for a technique means; None for one we do not know, or for control."""
    word = text.casefold()
    if any(k in word for k in ("crispra", "activation", "overexpress", "orf", "cdna", "transgene")):
        return "activation"
    if any(k in word for k in ("crispri", "interference", "shrna", "sirna", "rnai", "knockdown", "knock-down")):
        return "knockdown"
    if any(k in word for k in ("drug", "compound", "chemical", "cytokine", "small molecule", "ligand", "treatment")):
        return "compound"
    return "knockout" if any(k in word for k in ("crispr", "cas9", "knockout", "knock-out", "ko", "tap-seq")) else None


def is_stimulus(name: str) -> bool:
    """Whether a word names a treatment or the number of a compound, though its letters may look like a gene."""
    return bool(_STIMULUS.match(name) or _CODE.match(name))


def looks_like_gene(name: str, organism: str) -> bool:
    """Whether a word has the shape of a gene symbol of the organism, or is a gene's id."""
    if ENSEMBL.match(name) or YEAST.match(name):
        return True
    shapes = {"human": (_HUMAN,), "mouse": (_MOUSE,), "yeast": (_YEAST,)}.get(organism, (_HUMAN, _MOUSE))
    return any(shape.match(name) for shape in shapes) and not is_stimulus(name)


def modes(
    survey: Survey,
    labels: Sequence[str],
    controls: set[str],
    choice: Choice,
    known: Names,
    organism: str,
    told: Mode | None,
    dose_column: str | None = None,
) -> tuple[Mode | list[Mode], list[str]]:
    """The mode of all cells, or of each, and what to say of it: as told, as the file says, or by its labels."""
    if told is not None:
        return told, [f"Mode of the perturbations: {told}, as told."]
    column = survey.find(TYPE_COLUMNS)
    if column is not None:
        read = {t: mode_of(t) for t in survey.labels(column)}
        if any(read.values()):
            usual = next(m for m in read.values() if m)
            words = ", ".join(f"{t} = {m}" for t, m in read.items() if m)
            return [read.get(t) or usual for t in as_text(survey.obs[column])], [
                f"Mode from column '{column}': {words}."
            ]
    if choice.convention.mode is not None:
        return choice.convention.mode, [
            f"Mode: {choice.convention.mode}, usual for {choice.convention.title} (--mode)."
        ]
    rest = [t for t in labels if t not in controls and not is_unassigned(t)]
    if not rest:
        return "knockout", []
    unsaid = "because the file does not say (--mode knockdown or activation if it was)"
    if choice.convention.name in GENETIC:
        return "knockout", [f"Mode: knockout, {unsaid}."]
    return _by_labels(survey, rest, choice, known, organism, dose_column, unsaid)


def _by_labels(
    survey: Survey, rest: list[str], choice: Choice, known: Names, organism: str, dose: str | None, unsaid: str
) -> tuple[Mode, list[str]]:
    """Genes or compounds, by the column's name, the file's and the store's genes, doses, and the labels' shape."""
    compound = f"Mode: compound, as these are not genes of the file: {_listing(rest)} (--mode if they are)."
    if is_chemical(choice.column or ""):
        return "compound", [compound]
    parsed = [SPELLINGS[choice.spelling].parse(t, known=known.exact) for t in rest]
    targets = sorted({t for p in parsed if p for t in p.targets}) or rest
    named = any(w in (choice.column or "").casefold() for w in ("gene", "target", "guide", "grna", "ko", "knockout",
                                                                "crispr"))  # fmt: skip
    stimuli = [t for t in targets if is_stimulus(t)]
    measured = sum(t in known for t in targets) >= 0.3 * len(targets)
    promised = named or (measured and (choice.column or "").casefold() in GENE_COLUMNS)
    if len(stimuli) == len(targets) and not promised:
        return "compound", [f"Mode: compound, as these are stimuli or compounds: {_listing(stimuli)} "
                            "(--mode knockout, knockdown or activation if they are genes)."]  # fmt: skip
    if measured:
        return "knockout", [f"Mode: knockout, {unsaid}."]
    shaped = [t for t in targets if known.anywhere(t) or looks_like_gene(t, organism)]
    if len(shaped) >= 0.8 * len(targets):
        column = dose or survey.find(DOSE_COLUMNS)
        if column is not None and len(survey.labels(column)) > 1 and not named:
            return "compound", [f"Mode: compound, as column '{column}' gives doses; yet these look like genes: "
                                f"{_listing(shaped)} (--mode knockout, ... if they are)."]  # fmt: skip
        return "knockout", [f"Mode: knockout, {unsaid}. The labels look like genes, though the file measures few "
                            f"of them or none: {_listing(targets)} (--mode compound if not)."]  # fmt: skip
    if len(shaped) >= 0.3 * len(targets):
        return "compound", [f"Mode: compound, though undecided: some labels look like genes ({_listing(shaped)}), "
                            f"others do not ({_listing([t for t in targets if t not in shaped])}). "
                            "Pass --mode knockout, knockdown or activation if they are genes."]  # fmt: skip
    return "compound", [compound]


def _listing(values: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(str(v) for v in values[:most])
    return shown + (f", ... ({len(values)} in all)" if len(values) > most else "")
