"""From labels to perturbations: each cell gets one, or is a control, or is left unassigned."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from perturbome.ingest.experiment.choose import Choice, is_chemical
from perturbome.ingest.experiment.columns import as_text
from perturbome.ingest.experiment.conventions import Survey
from perturbome.ingest.experiment.genes import Genes
from perturbome.ingest.experiment.guides import Guides, Names
from perturbome.ingest.experiment.modes import modes
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError, did_you_mean
from perturbome.platform.perturbation import (
    SPELLINGS,
    Mode,
    Perturbation,
    is_control,
    is_stand_in,
    is_unassigned,
)


@dataclass(frozen=True)
class Assignment:
    """`code` [n_cells] points into `perturbations`; -1 is a control, -2 unassigned. `labels` are the file's words."""

    code: np.ndarray
    perturbations: list[Perturbation]
    labels: list[str]
    said: list[str] = field(default_factory=list)
    ensembl: dict[str, str] = field(default_factory=dict)  # ids of targets that the file describes but not measures

    @property
    def control(self) -> np.ndarray:
        """[n_cells] true for controls."""
        return np.asarray(self.code == -1)


def unperturbed(n_cells: int) -> Assignment:
    """No cell is perturbed: each counts as its own kind's control."""
    return Assignment(np.full(n_cells, -1), [], [])


def assign(
    survey: Survey,
    choice: Choice,
    genes: Genes,
    where: str,
    *,
    control: str | Sequence[str] | None = None,
    mode: Mode | None = None,
    dose_column: str | None = None,
    others: pl.DataFrame | None = None,
) -> Assignment:
    """Read the chosen column; `others` are the store's genes of this organism.

    Raises InputError, listing the values and the flag, where no cell is a control.
    """
    assert choice.column is not None
    obs, said = survey.obs, []
    labels = survey.labels(choice.column)
    known = Names(genes, others, labels)
    text = as_text(obs[choice.column])
    reader = Guides(survey.uns, known) if choice.convention.name == "cellxgene" else None

    controls = _controls(labels, choice, known, control, where)
    types, type_said = modes(survey, labels, controls, choice, known, genes.organism, mode, dose_column)
    doses = _doses(obs, choice, dose_column, types)
    most = _most_targets(survey, choice)

    # One reading per distinct (label, type, dose), not per cell.
    frame = pd.DataFrame({"label": text, "type": types, "dose": doses})
    groups = frame.groupby(["label", "type", "dose"], dropna=False, sort=True).ngroup().to_numpy()
    distinct = frame.iloc[np.unique(groups, return_index=True)[1]].itertuples(index=False)
    code_of: dict[Perturbation, int] = {}
    words: defaultdict[int, set[str]] = defaultdict(set)
    code_of_group: list[int] = []
    for label, kind, dose in distinct:
        if label is None or (is_unassigned(label) and label not in controls and label not in known.exact):
            code_of_group.append(-2)
            continue
        if label in controls:
            code_of_group.append(-1)
            continue
        dose = None if dose is None or np.isnan(dose) else float(dose)
        if reader is not None:
            found = reader.read(label, kind)
        else:
            found = _read(label, kind, dose, choice, known, most.get(label))
        if found is None:
            code_of_group.append(-1)
            continue
        number = code_of.setdefault(found, len(code_of))
        words[number].add(label)
        code_of_group.append(number)
    code = np.asarray(code_of_group)[groups]

    if not (code == -1).any():
        raise _no_control(labels, choice.column, where)
    said += type_said + _said(code, labels, controls, list(code_of), words, known)
    return Assignment(code, list(code_of), [", ".join(sorted(words[i])[:8]) for i in range(len(code_of))], said,
                      reader.ensembl if reader else {})  # fmt: skip


def _read(
    label: str, mode: Mode, dose: float | None, choice: Choice, known: Names, most: int | None
) -> Perturbation | None:
    if mode == "compound":
        parts = label.split("+")
        named = [p for p in parts if not is_control(p)]  # JQ1+ctrl is JQ1
        return Perturbation((label if named == parts else "+".join(named),), mode, dose) if named else None
    found = SPELLINGS[choice.spelling].parse(label, mode, known.exact)
    if found is None:
        return None
    if most is not None and len(found.targets) > most:  # the file says fewer genes than underscores suggest
        found = Perturbation((label,), mode)
    return Perturbation(tuple(known.symbol(t) for t in found.targets), mode)


def _controls(
    labels: list[str], choice: Choice, known: Names, told: str | Sequence[str] | None, where: str
) -> set[str]:
    """The labels that mean control: as told, else by word, else by stand-ins such as AAVS1 or GFP."""
    if told is not None:
        wanted = [told] if isinstance(told, str) else list(told)
        found = {t for t in labels if t in wanted} or {
            t for t in labels if t.casefold() in {w.casefold() for w in wanted}
        }
        if not found:
            raise InputError(f"No cell of {where} has '{', '.join(wanted)}' in column '{choice.column}'."
                             f"{did_you_mean(wanted[0], labels)} Values: {_listing(labels)}.")  # fmt: skip
        return found
    found = {t for t in labels if t in choice.convention.controls}
    found |= {t for t in labels if t not in known.exact and (is_control(t) or _all_control(t, choice))}
    if choice.convention.mode == "compound" or (choice.column and is_chemical(choice.column)):
        found = found or {t for t in labels if t.casefold() in ("none", "no", "na")}
    return found or {t for t in labels if is_stand_in(t)}


def _all_control(label: str, choice: Choice) -> bool:
    """Whether a combination names controls only, as NegCtrl0_NegCtrl0__NegCtrl0_NegCtrl0 does."""
    separated = choice.spelling != "plain" and any(mark in label for mark in ("_", "+"))
    return separated and SPELLINGS[choice.spelling].parse(label) is None


def _doses(obs: pd.DataFrame, choice: Choice, told: str | None, types: Any) -> Any:
    """Dose per cell for compounds, NaN elsewhere."""
    compound = np.asarray(
        [types == "compound"] * len(obs) if isinstance(types, str) else [t == "compound" for t in types]
    )
    folded = {str(c).casefold(): c for c in obs.columns}
    column = told or next((folded[n.casefold()] for n in choice.convention.dose if n.casefold() in folded), None)
    if column is None or not compound.any():
        return np.full(len(obs), np.nan)
    values = obs[column]
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        texts = as_text(values)
        read = {t: _dose_of(t) for t in set(texts)}
        numbers = np.array([read[t] for t in texts], dtype=np.float64)
    return np.where(compound, numbers, np.nan)


def _dose_of(text: str | None) -> float:
    """`0.1`, `10 uM`, or Tahoe's `[('Bortezomib', 0.05, 'uM')]` as a number; NaN where there is none."""
    if text is None:
        return float("nan")
    if text.startswith("["):
        try:
            return float(ast.literal_eval(text)[0][1])
        except (ValueError, SyntaxError, IndexError, TypeError):
            return float("nan")
    number = pd.to_numeric(text.split()[0] if text.split() else text, errors="coerce")
    return float(number)


def _most_targets(survey: Survey, choice: Choice) -> dict[str, int]:
    """How many targets the file allows each label (scPerturb's nperts, which also counts a second stimulus)."""
    column = survey.find(["nperts"])
    if column is None or survey.find(["perturbation_2"]) or not pd.api.types.is_numeric_dtype(survey.obs[column]):
        return {}
    most = survey.obs.groupby(survey.obs[choice.column].astype(str), observed=True)[column].max()
    return {str(label): int(n) for label, n in most.items() if n >= 1}


def _no_control(labels: list[str], column: str, where: str) -> InputError:
    return InputError(
        f"No control cells: none of the {len(labels)} values of column '{column}' in obs of {where} says control "
        f"(control, ctrl, non-targeting, NT, DMSO, ...). Values: {_listing(labels)}. Name them by --control VALUE."
    )


def _said(
    code: np.ndarray,
    labels: list[str],
    controls: set[str],
    perturbations: list[Perturbation],
    words: Mapping[int, set[str]],
    known: Names,
) -> list[str]:
    n_control, n_unassigned = int((code == -1).sum()), int((code == -2).sum())
    lines = [f"Controls: {many(n_control, 'cell')} ({_listing(sorted(controls)) or 'combinations of controls'})."]
    if n_unassigned:
        lines.append(
            f"{many(n_unassigned, 'cell says', 'cells say')} nothing of the perturbation: kept, "
            "neither control nor perturbed."
        )
    several = sum(len(p.targets) > 1 for p in perturbations)
    merged = sum(len(w) > 1 for w in words.values())
    lines.append(
        many(len(perturbations), "perturbation")
        + (f", {several} of several genes" if several else "")
        + (f"; guides of one gene are joined ({many(merged, 'gene')} with several labels)" if merged else "")
        + "."
    )
    targets = {t for p in perturbations if p.mode != "compound" for t in p.targets}
    away = sorted(t for t in targets if not known.measured(t))
    if away:
        lines.append(f"{len(away)} of {many(len(targets), 'target gene')} not measured in the file: {_listing(away)}.")
    if known.mended:
        pairs = ", ".join(f"{a} -> {b}" for a, b in list(known.mended.items())[:8])
        lines.append(f"Labels that a spreadsheet had turned into dates were mended: {pairs}.")
    if not perturbations and not n_unassigned:
        lines.append("Every cell is a control: nothing is perturbed in this data set.")
    return lines


def _listing(values: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(str(v) for v in values[:most])
    return shown + (f", ... ({len(values)} in all)" if len(values) > most else "")
