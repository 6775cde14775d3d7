"""Which column says how each cell was perturbed, and in which convention: chosen by evidence, told aloud."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from perturbome.ingest.experiment.conventions import (
    CONDITION_COLUMNS,
    CONVENTIONS,
    GENE_COLUMNS,
    GUIDE_COLUMNS,
    PLAIN_COLUMNS,
    Convention,
    Survey,
)
from perturbome.platform.errors import AmbiguousInput, InputError, MissingColumn
from perturbome.platform.perturbation import SPELLINGS, is_control

_CLOSE = 0.05


@dataclass(frozen=True)
class Choice:
    """The convention and the column chosen; no column, and nothing said, where the cells were not perturbed."""

    convention: Convention
    column: str | None
    spelling: str
    said: list[str] = field(default_factory=list)


def choose(
    survey: Survey,
    where: str,
    known: Collection[str],
    *,
    convention: str | None = None,
    column: str | None = None,
    control: str | Sequence[str] | None = None,
) -> Choice:
    """Choose the perturbation column; `control` is what the user says controls are called.

    Raises MissingColumn for a told column that is absent, InputError for an unknown convention or a control that
    no column holds, AmbiguousInput where two columns are equally likely and do not agree.
    """
    available = [str(c) for c in survey.obs.columns]
    if convention is not None and convention not in CONVENTIONS:
        raise InputError(f"Unknown convention '{convention}'. Known: {', '.join(CONVENTIONS)}.")
    if column is not None:
        if column not in available:
            raise MissingColumn(
                column, f"obs of {where}", available, "Pass perturbation_column= (or --perturbation-column)."
            )
        told = CONVENTIONS[convention] if convention else _convention_of(survey, column)
        return Choice(told, column, _spelling(survey, column, told), [f"Perturbations: column '{column}', as told."])
    if convention is not None:
        told = CONVENTIONS[convention]
        found = survey.find(told.columns)
        if found is None:
            raise MissingColumn(told.columns[0], f"obs of {where}", available,
                                "The convention needs it; name another by --perturbation-column.")  # fmt: skip
        return Choice(
            told, found, _spelling(survey, found, told), [f"Convention: {told.title}, as told; column '{found}'."]
        )

    candidates = _candidates(survey, known)
    misspelt = [_misspelt(c, k) for c, k in near_misses(available)]
    if control is not None:
        wanted = [control] if isinstance(control, str) else list(control)
        holding = _holding(survey, wanted)
        if not any(c in holding for _, c, _ in candidates):
            named = _by_control(survey, wanted, holding, where, [c for _, c, _ in candidates])
            if named is not None:
                return replace(named, said=named.said + misspelt)
        candidates = [f for f in candidates if f[1] in holding] or candidates
    if not candidates:
        return Choice(CONVENTIONS["plain"], None, "plain", misspelt)
    score, best, chosen = candidates[0]
    rivals = [(s, c, n) for s, c, n in candidates[1:] if c != best]
    close = [c for s, c, _ in rivals if score - s < _CLOSE and not _agree(survey, best, c)]
    if close and chosen.name == "plain":
        shown = ", ".join(f"'{c}' ({', '.join(survey.labels(c)[:4])}, ...)" for c in [best, *close])
        raise AmbiguousInput(f"Several columns of obs of {where} may say how cells were perturbed: {shown}. "
                             "Choose one with --perturbation-column.")  # fmt: skip
    others = list(dict.fromkeys(c for _, c, _ in rivals))
    rest = f"; also there: {', '.join(others[:5])} (--perturbation-column)" if others else ""
    return Choice(chosen, best, _spelling(survey, best, chosen),
                  [f"Convention: {chosen.title}; perturbations from column '{best}'{rest}.", *misspelt])  # fmt: skip


def _holding(survey: Survey, wanted: Sequence[str]) -> list[str]:
    """Columns of words, not of measurements, in which one of these values occurs; exact case first."""
    columns = [str(c) for c in survey.obs.columns if survey.obs[c].dtype.kind != "f"]
    exact = [c for c in columns if set(wanted) & set(survey.labels(c))]
    folded = {w.casefold() for w in wanted}
    return exact or [c for c in columns if folded & {t.casefold() for t in survey.labels(c)}]


def _by_control(
    survey: Survey, wanted: Sequence[str], holding: list[str], where: str, candidates: Sequence[str]
) -> Choice | None:
    """The one column that holds the controls told; None leaves it to a candidate to say that it lacks them.

    Raises InputError where no column holds them, AmbiguousInput where several do.
    """
    told = ", ".join(wanted)
    usual = [c for c in holding if c.casefold() in PLAIN_COLUMNS]
    if len(holding) == 1 or len(usual) == 1:
        column = (usual if len(usual) == 1 else holding)[0]
        convention = _convention_of(survey, column)
        return Choice(convention, column, _spelling(survey, column, convention),
                      [f"Perturbations: column '{column}', the one that holds the control '{told}' "
                       "(--perturbation-column)."])  # fmt: skip
    if holding:
        shown = "; ".join(_values(survey, c) for c in holding)
        raise AmbiguousInput(f"Several columns of obs of {where} hold the control '{told}': {shown}. "
                             "Choose one with --perturbation-column.")  # fmt: skip
    if candidates:
        return None
    columns = [str(c) for c in survey.obs.columns if survey.obs[c].dtype.kind != "f"]
    shown = "; ".join(_values(survey, c) for c in columns[:20]) or "none of words"
    raise InputError(f"No cell of {where} has the control '{told}' in any column of obs. Columns: {shown}. "
                     "Name the perturbations by --perturbation-column and one of its values by --control.")  # fmt: skip


def _values(survey: Survey, column: str) -> str:
    labels = survey.labels(column)
    return f"'{column}' ({', '.join(labels[:5])}{', ...' if len(labels) > 5 else ''})"


def near_misses(columns: Sequence[str]) -> list[tuple[str, str]]:
    """(column of obs, known name of a column for perturbations it is nearly spelt as), such as pertrubation.

    Names with a further word (perturbation_2) and short ones, which resemble too many words, are none.
    """
    known = {c.casefold() for convention in CONVENTIONS.values() for c in (*convention.columns, *convention.context)}
    known |= set(PLAIN_COLUMNS)
    found = []
    for column in columns:
        name = column.casefold()
        near = difflib.get_close_matches(name, [k for k in known if len(k) >= 5], n=1, cutoff=0.85)
        if near and name not in known and abs(len(name) - len(near[0])) <= 2 and not _further(name, near[0]):
            found.append((column, near[0]))
    return found


def _further(name: str, known: str) -> bool:
    return name.startswith(known) and not name[len(known) :].isalpha()


def _misspelt(column: str, known: str) -> str:
    return f"Column '{column}' looks like a misspelt '{known}'; --perturbation-column {column} if it is."


def _candidates(survey: Survey, known: Collection[str]) -> list[tuple[float, str, Convention]]:
    """(score, column, convention), best first."""
    found: list[tuple[float, str, Convention]] = []
    for convention in CONVENTIONS.values():
        score = convention.recognise(survey)
        if score <= 0:
            continue
        if convention.name != "plain":
            column = survey.find(convention.columns)
            if column is not None and survey.labels(column):
                found.append((score, column, convention))
            continue
        for name in PLAIN_COLUMNS:
            column = survey.find([name])
            if column is None or not survey.labels(column):
                continue
            has_control = any(is_control(t) and t not in known for t in survey.labels(column))
            genes = survey.share(column, lambda t: t in known)
            promised = name in GENE_COLUMNS or genes > 0.5
            if (has_control and len(survey.labels(column)) < 2) or not (has_control or promised):
                continue
            tier = 0.3 if name in GENE_COLUMNS else 0.2 if name not in GUIDE_COLUMNS else 0.0
            found.append((tier + 0.3 * has_control + 0.1 * (genes > 0.3), column, convention))
    return sorted(found, key=lambda f: -f[0])


def _agree(survey: Survey, a: str, b: str) -> bool:
    """Whether two columns divide the cells alike: each label of one goes with one label of the other."""
    pairs = survey.obs[[a, b]].astype(str).drop_duplicates()
    return len(pairs) == pairs[a].nunique() == pairs[b].nunique()


def _convention_of(survey: Survey, column: str) -> Convention:
    fitting = [c for c in CONVENTIONS.values() if column in c.columns and c.recognise(survey) > 0]
    return max(fitting, key=lambda c: c.recognise(survey), default=CONVENTIONS["plain"])


def _spelling(survey: Survey, column: str, convention: Convention) -> str:
    """The convention's spelling, unless the labels plainly show another one."""
    if convention.name == "cellxgene":
        return "cellxgene"
    for name, mark in (("norman", "__"), ("cellxgene", " || "), ("gears", "+")):
        if survey.share(column, lambda t, mark=mark: mark in t) > 0.2:  # type: ignore[misc]
            return name
    return convention.spelling if convention.spelling in SPELLINGS else "plain"


def is_chemical(column: str) -> bool:
    """Whether a column's name speaks of a treatment rather than of a gene."""
    return (
        column.casefold() not in GENE_COLUMNS + CONDITION_COLUMNS + GUIDE_COLUMNS and column.casefold() in PLAIN_COLUMNS
    )
