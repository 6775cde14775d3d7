"""Which columns of obs say cell type, time, batch and the like: by name, or as the user tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from perturbome.platform.errors import InputError, MissingColumn


@dataclass(frozen=True)
class Role:
    """A role, the flag that sets it, the column names that stand for it in order, and beginnings of such names."""

    name: str
    flag: str
    names: tuple[str, ...]
    begins: tuple[str, ...] = ()


ROLES: dict[str, Role] = {
    r.name: r
    for r in (
        Role("cell_type", "cell_type_column",
             ("cell_type", "celltype", "cell_types", "cell type", "cell.type", "cell_type_name", "celltypes",
              "cell_ontology_class", "cell_annotation", "cell_label", "annotation", "cell_line", "cell_line_id",
              "cell_name", "cellline", "cluster", "clusters", "leiden", "louvain", "seurat_clusters"),
             ("celltype", "cell_type")),
        Role("time", "time_column",
             ("time", "timepoint", "time_point", "hour", "hours", "h", "day", "days", "time_h", "time_hours", "time_hr",
              "timepoint_h", "age_days", "stage", "collection_time", "time_value", "timepoints")),
        Role("pseudotime", "pseudotime_column",
             ("pseudotime", "dpt_pseudotime", "palantir_pseudotime", "latent_time", "velocity_pseudotime",
              "monocle3_pseudotime", "slingpseudotime_1", "ct_pseudotime"), ("pseudotime", "slingpseudotime")),
        Role("batch", "batch_column",
             ("batch", "batch_id", "gem_group", "gemgroup", "gem_well", "lane", "lane_id", "channel", "library",
              "library_id", "plate", "sample", "sample_id", "orig.ident")),
        Role("replicate", "replicate_column",
             ("replicate", "biological_replicate", "bio_rep", "biorep", "rep", "donor", "donor_id", "individual",
              "patient", "patient_id", "mouse", "mouse_id")),
        Role("guide", "guide_column",
             ("guide", "guide_id", "guide_ids", "guide_identity", "sgrna", "sgrna_id", "grna", "grna_id", "grna_top",
              "sgid_ab", "feature_call", "guide_call", "grna_bam", "sgrna_name")),
        Role("dose", "dose_column",
             ("dose", "dose_value", "dose_um", "drug_dose", "dose_val", "concentration", "conc", "drug_concentration",
              "pert_dose")),
        Role("fraction", "min_guide_fraction",
             ("grna_top_frac", "guide_fraction", "top_guide_fraction", "grna_frac", "guide_frac", "sgrna_fraction",
              "fraction_top_guide")),
    )
}  # fmt: skip

ROLE_WORDS = frozenset(name for role in ROLES.values() for name in role.names)


def find_column(
    obs: pd.DataFrame, role: Role, told: str | None, where: str, used: Sequence[str] = ()
) -> tuple[str | None, str]:
    """The column for a role and what to say of it; `told` is the user's word, `used` columns are not looked at.

    Raises MissingColumn for a told column that obs does not have.
    """
    available = [str(c) for c in obs.columns]
    if told is not None:
        if told not in available:
            raise MissingColumn(
                told, f"obs of {where}", available, f"Pass {role.flag}= (or --{role.flag.replace('_', '-')})."
            )
        return told, ""
    folded = {c.casefold(): c for c in available if c not in used and obs[c].notna().any()}
    found = [folded[n] for n in role.names if n in folded]
    found += (
        [c for f, c in sorted(folded.items()) if f.startswith(role.begins) and c not in found] if role.begins else []
    )
    if not found:
        return None, ""
    others = [c for c in found[1:] if obs[c].nunique() > 1]
    rest = f"; also there: {', '.join(others[:5])} (--{role.flag.replace('_', '-')})" if others else ""
    return found[0], f"{role.name.replace('_', ' ').capitalize()}: column '{found[0]}'{rest}."


# -- time -------------------------------------------------------------------------------------------------

_TIME = re.compile(
    r"^\s*(?:(?P<before>day|days|d|hour|hours|hr|hrs|h|week|weeks|wk|w|e|p|t|time|tp|min|minutes?)[\s_.\-]*)?"
    r"(?P<number>-?\d+(?:\.\d+)?)"
    r"[\s_.\-]*(?P<after>days?|d|hours?|hrs?|hr|h|weeks?|wks?|w|min|mins|minutes?)?\s*$",
    re.IGNORECASE,
)
_UNITS = {"d": "day", "day": "day", "days": "day", "e": "day", "p": "day", "h": "hour", "hr": "hour", "hrs": "hour",
          "hour": "hour", "hours": "hour", "w": "week", "wk": "week", "wks": "week", "week": "week", "weeks": "week",
          "min": "minute", "mins": "minute", "minute": "minute", "minutes": "minute"}  # fmt: skip


@dataclass(frozen=True)
class Times:
    """Times of the cells (NaN where unknown), their unit, and the first text that is no time."""

    values: np.ndarray
    unit: str | None
    unreadable: str | None = None


def read_times(column: pd.Series) -> Times:
    """Read numbers, `24h`, `day 10`, `D10`, `E8.5`; the unit comes from the values, else from the column's name."""
    named = _unit_of_name(str(column.name))
    if column.dtype == "category":
        labels = column.cat.categories
        of_labels = read_times(pd.Series(labels, name=column.name))
        codes = column.cat.codes.to_numpy()
        values = np.append(of_labels.values, np.nan)[codes]
        return Times(values, of_labels.unit, of_labels.unreadable)
    if pd.api.types.is_timedelta64_dtype(column):
        return Times(column.dt.total_seconds().to_numpy() / 3600, "hour")
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return Times(column.to_numpy(dtype=np.float64, na_value=np.nan), named)
    values = np.full(len(column), np.nan)
    units = set()
    for i, text in enumerate(column):
        if pd.isna(text) or str(text).strip() in ("", "nan", "NA", "None"):
            continue
        match = _TIME.match(str(text))
        if match is None:
            return Times(values, None, str(text))
        values[i] = float(match["number"])
        unit = _UNITS.get((match["after"] or match["before"] or "").lower())
        if unit:
            units.add(unit)
    if len(units) > 1:
        return Times(values, None, f"several units: {', '.join(sorted(units))}")
    return Times(values, next(iter(units), named))


def unit_name(text: str) -> str:
    """Our word for a unit of time: `hours`, `hr` and `H` are `hour`; any other word as it stands."""
    return _UNITS.get(text.strip().casefold(), text.strip())


def _unit_of_name(name: str) -> str | None:
    words = re.split(r"[\W_]+", name.casefold())
    return next((_UNITS[w] for w in words if w in _UNITS and w not in ("e", "p", "t", "w", "d")), None)


def read_numbers(obs: pd.DataFrame, column: str, flag: str, where: str) -> np.ndarray:
    """A column as numbers; InputError with the first text that is none."""
    values = pd.to_numeric(obs[column].astype(object), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = (
        np.isnan(values) & obs[column].notna().to_numpy() & ~obs[column].astype(str).isin(["nan", "NA", ""]).to_numpy()
    )
    if bad.any():
        first = obs[column].iloc[int(np.flatnonzero(bad)[0])]
        raise InputError(
            f"Column '{column}' of obs of {where} should hold numbers, but has {first!r}. Pass another by {flag}."
        )
    return values


def as_text(column: pd.Series) -> np.ndarray:
    """A column as an object array of text, None where missing; whole floats lose their `.0`."""
    if column.dtype == "category":
        labels = np.append(as_text(pd.Series(column.cat.categories)), [None])
        return labels[column.cat.codes.to_numpy()]
    missing = column.isna().to_numpy()
    if pd.api.types.is_float_dtype(column):
        texts = [f"{v:g}" for v in column.fillna(0)]
    else:
        texts = [v.decode() if isinstance(v, bytes) else str(v) for v in column]
    out = np.array(texts, dtype=object) if texts else np.empty(0, dtype=object)
    out[missing] = None
    return out
