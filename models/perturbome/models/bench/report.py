"""The report of a benchmark: what was judged, the leaderboard, who beats whom, and what the models said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from perturbome.models.bench.bench import Benchmark
from perturbome.models.bench.challenge import MEANING, READING, SCORE, challenge_grid, why_no_score
from perturbome.models.bench.document import Block, Drawing, Grid, Heading, Items, Text, markdown, page
from perturbome.models.bench.drawing import strips
from perturbome.models.bench.fitted import fitted_blocks
from perturbome.models.bench.plan import CEILING, is_baseline
from perturbome.models.bench.table import JUDGED, SHOWN, leaderboard, means, verdicts
from perturbome.models.referee.library_words import SAYS, kind_of
from perturbome.models.referee.metrics import METRICS
from perturbome.platform.errors import InputError
from perturbome.platform.words import first_few

MOST_SAID = 12
ROUNDING = 1e-12
MOST_AHEAD = 3
WHY_AHEAD = {
    "centred Pearson": "It takes the training mean from prediction and truth alike; where that mean is far from what "
    "is tested, as one of another context is, its own part of both makes even 'no change' look right. "
}
"""Why a baseline may pass what a repeat of the experiment would score."""


def write_report(found: Benchmark, folder: Path) -> list[Path]:
    """Write report.md, report.html (with drawings) and scores.parquet into a folder; gives their paths."""
    make_folder(folder)
    blocks = report_blocks(found)
    paths = [folder / "report.md", folder / "report.html", folder / "scores.parquet"]
    paths[0].write_text(markdown(blocks), encoding="utf-8")
    paths[1].write_text(page(blocks), encoding="utf-8")
    found.scores.write_parquet(paths[2])
    return paths


def make_folder(folder: Path) -> None:
    """The folder of a report, made where it is not there; InputError where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be a folder for the report ({error}). Give another --out.") from error


def report_blocks(found: Benchmark, level: int = 1, drawn: bool = True) -> list[Block]:
    """The parts of the report, its title at a level of headings; without drawings, without legend and all metrics."""
    board = leaderboard(found)
    shown = [name for name in (*SHOWN, SCORE) if name in board.columns]
    order = [CEILING, *(m for m in board["model"] if m != CEILING)]
    blocks: list[Block] = [
        Heading(f"{found.dataset}: {found.split}", level),
        Text(_about(found)),
        Grid(board.select("model", *shown, "seconds")),
    ]
    if drawn:
        blocks.append(Items(legend(shown)))
        drawings = [(m, strips(found.scores, order, m)) for m in JUDGED if m in board.columns]
        blocks += [Drawing(svg, f"{m}: a point is a condition, the bar their mean.") for m, svg in drawings]
    judged = verdicts(found)
    if judged.height:
        blocks += [Heading("Against the best baseline", level + 1), Items(verdict_sentences(judged))]
    blocks += _challenge(board, level + 1)
    if drawn:
        blocks += fitted_blocks(found, level + 1)
        blocks += [Heading("Every metric", level + 1), Grid(board.drop("seconds"))]
    said = report_remarks(found)
    if said:
        blocks += [Heading("What was said", level + 1), Items(said)]
    return blocks


def _challenge(board: pl.DataFrame, level: int) -> list[Block]:
    """The members of the challenge's score beside it, or why there is none; nothing where cell-eval2 was not asked."""
    if not any(name.startswith("cell-eval2 ") for name in board.columns):
        return []
    told = READING if SCORE in board.columns else why_no_score(board)
    grid = challenge_grid(board)
    return [Heading("Virtual Cell Challenge 2025", level), *([Grid(grid)] if grid.height else []), Text(told)]


def verdict_sentences(judged: pl.DataFrame) -> tuple[str, ...]:
    """A sentence per model and judged metric: difference, interval, and what that means."""
    lines = []
    for row in judged.filter(pl.col("metric").is_in(JUDGED)).iter_rows(named=True):
        if row["rival"] is None:
            continue
        ends = "" if row["lower"] is None or row["lower"] != row["lower"] else (
            f" [{_signed(row['lower'])}, {_signed(row['upper'])}]"
        )  # fmt: skip
        verdict = {"better": "better", "worse": "worse", "even": "not told apart"}.get(
            row["verdict"] or "", "too few targets to tell"
        )
        lines.append(
            f"{row['model']}, {row['metric']}: {_signed(row['difference'])}{ends} against '{row['rival']}': {verdict}."
        )
    return tuple(lines)


def _signed(value: float) -> str:
    return "0" if abs(value) < ROUNDING else f"{value:+.3g}"


def _about(found: Benchmark) -> str:
    n_splits = len({cell.split.hash for cell, _ in found.cells})
    tested = found.scores.filter(model=CEILING)["condition"].n_unique()
    ways = Counter(way for cell, outcome in found.cells if cell.model == CEILING for way in outcome.how)
    way = {"bootstrap": "resampled cells", "halves": "halves of the cells", "moments": "means drawn by their noise"}
    ceiling = " and ".join(way.get(w, w) for w in ways)
    return (
        f"{found.n_conditions} conditions, {tested} of them tested; {_count(n_splits, 'split')}, "
        f"{_count(len(found.seeds), 'seed')}, "
        f"{found.n_genes} genes; unit {found.unit}. Truth and prediction stand on disjoint halves of the control "
        f"cells. '{CEILING}' is an upper bound of what a repeat of the experiment would score ({ceiling}; it shares "
        f"the measured noise, so that even of nothing it scores more than 0). Run {found.run}."
    )


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def legend(shown: Sequence[str]) -> tuple[str, ...]:
    """What the columns of a leaderboard mean, a sentence each."""
    parts = [f"{name}: {METRICS[name].meaning} ({METRICS[name].better} is better)" for name in shown if name in METRICS]
    parts += [MEANING] if SCORE in shown else []
    parts = [p.replace("(higher is better)", "(90 % is right)") if p.startswith("coverage") else p for p in parts]
    return (
        *parts, "seconds: of one fit and prediction. All are means over conditions, own targets left out; empty where "
        "a metric is not defined for half of the conditions, as no change has no correlation.",
    )  # fmt: skip


def taken_before(found: Benchmark) -> tuple[str, ...]:
    """A sentence on what an interrupted benchmark had finished; none where nothing was interrupted."""
    n = sum(outcome.taken for _, outcome in found.cells)
    told = (
        f"{n} of {len(found.cells)} fits were taken from before an interruption; their seconds and memory are of then."
    )
    return (told,) if n else ()


def scorer_words(found: Benchmark) -> tuple[str, ...]:
    """What the published scorer warned of, once for the whole benchmark: each kind's first, and in how many fits."""
    first: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for _, outcome in found.cells:
        told = {kind_of(text): text for text in outcome.said if text.startswith(SAYS)}
        counted.update(told.keys())
        first = told | first
    return tuple(f"In {_count(n, 'fit')}{', the first' if n > 1 else ''}: {first[key]}" for key, n in counted.items())


def passed_bound(found: Benchmark) -> tuple[str, ...]:
    """A sentence for each judged metric in which a baseline comes out ahead of the replicate."""
    table = means(found.scores, [CEILING, *filter(is_baseline, found.models)])
    told = []
    for metric in (m for m in JUDGED if m in table.columns):
        of = {row["model"]: row[metric] for row in table.iter_rows(named=True) if row[metric] is not None}
        bound, sign = of.pop(CEILING, None), 1 if METRICS[metric].better == "higher" else -1
        ahead = [name for name, value in of.items() if bound is not None and sign * (value - bound) > ROUNDING]
        if ahead:
            told.append(
                f"{metric}: {first_few([f'{n} ({of[n]:.3g})' for n in ahead], MOST_AHEAD)} stands ahead of "
                f"'{CEILING}' ({bound:.3g}). {WHY_AHEAD.get(metric, '')}This metric tells little here: read the others."
            )
    return tuple(told)


def report_remarks(found: Benchmark) -> tuple[str, ...]:
    """Sentences on the data, on failures, and on answers that were not a model's own; the commonest first."""
    failed = [f"{cell.name} failed: {o.failed}" for cell, o in found.cells if o.failed]
    fallen: Counter[tuple[str, str]] = Counter()
    for cell, outcome in found.cells:
        if cell.model != CEILING:
            for how, n in outcome.how.items():
                if not cell.model.startswith(how):
                    fallen[cell.model, how] += n
    answered = [f"{model}: {n} conditions were answered by {how}." for (model, how), n in fallen.most_common()]
    said = [*found.said, *taken_before(found), *passed_bound(found), *scorer_words(found), *failed, *answered]
    more = [f"{len(said) - MOST_SAID} more sentences are kept with the run."] if len(said) > MOST_SAID else []
    return (*said[:MOST_SAID], *more)
