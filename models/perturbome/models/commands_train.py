"""`perturbome train` and `perturbome predict`: models that are kept, and what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from perturbome.platform.console import JsonOption, StoreOption, console_report, say, show_json, show_table

MOST_SAID = 12
SCORE = "Pearson-delta"


def register_train(app: typer.Typer) -> None:
    """Add `train` and `predict`."""
    app.command("train")(train)
    app.command("predict")(predict)


def train(
    models: Annotated[
        list[str] | None,
        typer.Argument(help="Predictors, as prior-kernel or gated-prior-kernel.", show_default="the preset's"),
    ] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="Data set; not needed where there is one.")] = None,
    split: Annotated[
        str,
        typer.Option("--split", help="What to hold out: unseen-single, 5-fold, unseen-context=NAME, a file, ..."),
    ] = "none",
    preset: Annotated[str | None, typer.Option("--preset", help="A preset by name, or a .toml or .json file.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="SECTION.NAME=VALUE, as data.n_genes=500; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of every random draw.")] = 0,
    n_genes: Annotated[
        int | None, typer.Option("--n-genes", min=1, help="Most variable genes to keep.", show_default="2000")
    ] = None,
    context: Annotated[
        list[str] | None, typer.Option("--context", help="Context; may be repeated.", show_default="all")
    ] = None,
    min_cells: Annotated[
        int | None, typer.Option("--min-cells", min=1, help="Fewest cells of a condition.", show_default="10")
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Train models of perturbation effects, and keep each as a run that can be asked.

    Interrupted (Ctrl-C, a crash), the finished passes of a model that learns in passes are kept: the same command goes
    on from there.

    Example: perturbome train prior-kernel --split unseen-single

    Example: perturbome train "linear additive" --dataset norman --split unseen-double-2 --set model.penalty=1
    """
    import polars as pl

    from perturbome.models.training.train import train as fit
    from perturbome.platform.store import open_store

    with open_store(store) as opened, console_report() as report:
        opened.require()
        trained = fit(
            opened, models, dataset=dataset, split=split, preset=preset, settings=settings or (), seed=seed,
            n_genes=n_genes, contexts=context, min_cells=min_cells, report=report,
        )  # fmt: skip
    trained = [one for one in trained if one.run is not None]
    if not trained:  # of several processes of one training the first one tells
        return
    if json:
        show_json({"trained": [_as_json(one) for one in trained]})
        return
    rows = [
        {
            "run": one.run, "model": one.model, "split": one.split.name,
            "train / val / test": " / ".join(str(one.metrics[f"n_{side}"]) for side in ("train", "validation", "test")),
            "seconds": one.metrics["fit_seconds"], "Pearson delta": one.metrics.get(f"test: {SCORE}"),
            "of baseline": one.metrics.get(f"test, baseline: {SCORE}"),
        }
        for one in trained
    ]  # fmt: skip
    show_table(pl.DataFrame(rows), f"Trained on {trained[0].dataset}", spare=("seconds", "train / val / test"))
    _say_once([sentence for one in trained for sentence in one.said])
    say(f"Ask it: perturbome predict --run {trained[-1].run} GENE")


def predict(
    genes: Annotated[list[str] | None, typer.Argument(help="Genes perturbed together.")] = None,
    run: Annotated[
        str | None, typer.Option("--run", help="Train run, or the beginning of its id.", show_default="the newest")
    ] = None,
    all_genes: Annotated[
        Path | None, typer.Option("--all-genes", help="A file of perturbations, one a line: GENE or GENE+GENE.")
    ] = None,
    context: Annotated[
        list[str] | None, typer.Option("--context", help="Context; may be repeated.", show_default="all")
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option("--mode", help="knockout, knockdown, activation or compound.", show_default="as in training"),
    ] = None,
    dose: Annotated[float | None, typer.Option("--dose", min=0, help="Dose, in the data set's unit.")] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Rows to show.")] = 20,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Ask a trained model what a perturbation does: the change of every gene, its interval, and the baseline.

    Example: perturbome predict STAT1

    Example: perturbome predict STAT1 IRF1 --run 20261121 --context "B cells" --json
    """
    from perturbome.models.training.predict import predict as ask
    from perturbome.platform.errors import InputError
    from perturbome.platform.store import open_store

    if bool(genes) == (all_genes is not None):
        raise InputError(
            "Name the genes to perturb together, or give --all-genes FILE; not both. Example: perturbome predict STAT1"
        )
    places = None if all_genes is None else _lines(all_genes)
    each = None if places is None else list(places)
    with open_store(store) as opened, console_report() as report:
        opened.require()
        found = ask(
            opened, run, genes, each=each, places=places, context=context, mode=mode, dose=dose, report=report
        )  # fmt: skip
    if json:
        answer: dict[str, Any] = {
            "run": found.run, "model": found.model, "train_run": found.trained, "unit": found.unit,
            "how": found.how, "baseline_how": found.baseline_how, "said": found.said,
        }  # fmt: skip
        first = found.table.group_by("perturbation", "context", maintain_order=True).head(top)
        show_json(answer | {"genes": first.to_dicts()})
        return
    for (perturbation, where), part in found.table.group_by("perturbation", "context", maintain_order=True):
        title = f"{perturbation} in context '{where}' by {found.model}; change in {found.unit}"
        show_table(part.drop("perturbation", "context", "gene"), title, most=top)
    for condition, how in list(found.how.items())[:MOST_SAID]:
        say(f"{condition} was answered by {how}; baseline: {found.baseline_how[condition]}.")
    _say_once(list(found.said))
    if found.run is not None:
        say(f"Stored as run {found.run}.")


def _lines(path: Path) -> dict[str, str]:
    """Perturbations of a file, one a line, and where each stands first; lines that begin with # are remarks."""
    from perturbome.platform.errors import UnreadableFile

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{path} cannot be read as text: {error}") from error
    lines = [line.strip() for line in text.splitlines()]
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if line and not line.startswith("#"):
            found.setdefault(line, f"line {number} of {path}")
    if not found:
        raise UnreadableFile(f"{path} names no perturbation. Write one a line: GENE, or GENE+GENE for several at once.")
    return found


def _as_json(one: Any) -> dict[str, Any]:
    return {
        "run": one.run, "model": one.model, "dataset": one.dataset, "folder": str(one.folder),
        "split": {"name": one.split.name, "hash": one.split.hash}, "configuration": _short(one.configuration),
        "metrics": one.metrics, "curve": [dict(row) for row in one.fit.curve], "said": one.said,
    }  # fmt: skip


def _short(configuration: dict[str, Any]) -> dict[str, Any]:
    """The configuration but for the split, which is named beside it."""
    return {name: value for name, value in configuration.items() if name != "split"}


def _say_once(sentences: list[str]) -> None:
    different = list(dict.fromkeys(sentences))
    for sentence in different[:MOST_SAID]:
        say(sentence)
    if len(different) > MOST_SAID:
        say(f"{len(different) - MOST_SAID} more remarks are kept with the run: perturbome runs show RUN.")
