"""What to say of a file without a perturbation column: which columns could be one."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from perturbome.ingest.experiment.columns import ROLE_WORDS
from perturbome.ingest.experiment.conventions import PLAIN_COLUMNS, Survey
from perturbome.platform.perturbation import is_control
from perturbome.platform.words import first_few

MOST_VALUES = 200
CELLS_PER_VALUE = 3


def no_perturbation_column(survey: Survey, used: Collection[str], known: Collection[str]) -> str:
    """The sentence that every cell is taken as unperturbed, with the columns that a person may have meant."""
    unclear = [c for c in PLAIN_COLUMNS if survey.find([c])]
    why = f" ({', '.join(unclear)} does not tell controls from perturbed cells)" if unclear else ""
    sentence = f"No perturbation column{why}: every cell is taken as unperturbed."
    columns = could_be(survey, used, known)
    if not columns:
        return f"{sentence} If a column says otherwise: --perturbation-column and --control."
    shown = first_few([f"'{c}' ({_some(survey.labels(c))})" for c in columns], 4, "; ")
    which = "it is one of these" if len(columns) > 1 else "it is this one"
    return f"{sentence} If {which}, name it by --perturbation-column, and its controls by --control: {shown}."


def could_be(survey: Survey, used: Collection[str], known: Collection[str]) -> list[str]:
    """Unused columns of obs with a few values in words, those with a control or genes among them first.

    Columns that usually say something else (sample, donor, cluster, ...) count only if a value says control.
    """
    obs = survey.obs
    found: list[tuple[float, int, str]] = []
    for column in map(str, obs.columns):
        values = obs[column]
        numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
        if column in used or numeric or not 2 <= values.nunique() <= min(MOST_VALUES, len(obs) / CELLS_PER_VALUE):
            continue
        control = any(map(is_control, survey.labels(column)))
        if control or column.casefold() not in ROLE_WORDS:
            genes = survey.share(column, lambda t: t in known)
            found.append((-(control + genes), len(found), column))
    return [column for _, _, column in sorted(found)]


def _some(labels: list[str]) -> str:
    return ", ".join(labels[:3]) + (", ..." if len(labels) > 3 else "")
