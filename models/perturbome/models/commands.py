"""The models' commands: knockout, targets, effects, and those of `commands_train`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from perturbome.models.commands_bench import register_bench
from perturbome.models.commands_train import register_train
from perturbome.platform.console import JsonOption, StoreOption, console_report, say, show_json, show_table

if TYPE_CHECKING:
    import polars as pl

DatasetOption = Annotated[str | None, typer.Option("--dataset", help="Data set; not needed where there is only one.")]
ContextOption = Annotated[str | None, typer.Option("--context", help="Cell type.", show_default="all")]
RunOption = Annotated[str | None, typer.Option("--regulation", help="Regulation run.", show_default="the newest")]
TopOption = Annotated[int, typer.Option("--top", min=1, help="Rows to show.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of every random draw.")]


def register(app: typer.Typer) -> None:
    """Add the models' commands to the program."""
    app.command("knockout")(knockout)
    app.command("targets")(targets)
    app.command("effects")(effects)
    register_train(app)
    register_bench(app)


def knockout(
    genes: Annotated[list[str] | None, typer.Argument(help="Genes to knock out together.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every regulator, one at a time.")] = False,
    dataset: DatasetOption = None,
    context: ContextOption = None,
    mode: Annotated[str, typer.Option("--mode", help="knockout, knockdown, activation or compound.")] = "knockout",
    model: Annotated[str, typer.Option("--model", help="propagation or gated-propagation.")] = "propagation",
    regulation: RunOption = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps along the network.")] = 3,
    damping: Annotated[
        float, typer.Option("--damping", min=0, max=1, help="Share that each further step keeps.")
    ] = 0.5,
    strength: Annotated[
        float | None, typer.Option("--strength", help="Fraction lost, or SDs gained.", show_default="of the mode")
    ] = None,
    bootstraps: Annotated[int, typer.Option("--bootstraps", min=0, help="Networks drawn for the interval.")] = 50,
    seed: SeedOption = 0,
    top: TopOption = 20,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Predict what a knock-out does, beside the baseline and, where it was made, the measurement.

    Example: perturbome knockout STAT1

    Example: perturbome knockout STAT1 IRF1 --context "B cells" --json
    """
    from perturbome.models.knockouts import knockout as predict
    from perturbome.models.knockouts import knockout_all
    from perturbome.platform.errors import InputError
    from perturbome.platform.store import open_store

    if every == bool(genes):
        raise InputError("Name one gene or more, or give --all; not both. Example: perturbome knockout STAT1")
    options: dict[str, Any] = {
        "dataset": dataset, "context": context, "mode": mode, "model": model, "run": regulation, "steps": steps,
        "damping": damping, "strength": strength, "n_bootstraps": bootstraps, "seed": seed,
    }  # fmt: skip
    with open_store(store) as opened, console_report() as report:
        if every:
            whole = knockout_all(opened, **options, report=report)
        else:
            one = predict(opened, list(genes or []), **options, report=report)
    if every:
        if json:
            show_json(
                {
                    "run": whole.run,
                    "said": whole.said,
                    "unit": whole.unit,
                    "knockouts": whole.table.head(top).to_dicts(),
                }
            )
            return
        show_table(whole.table, f"Predicted {mode} of every regulator; change in {whole.unit}", most=top)
        _say_all(whole.said, whole.run)
        return
    if json:
        answer = {"run": one.run, "perturbation": one.perturbation.id, "scores": one.scores, "said": one.said}
        show_json(answer | {"unit": one.unit, "genes": one.table.head(top).to_dicts()})
        return
    shown = one.table.drop("gene")
    if one.table["measured"].null_count() == one.table.height:
        shown = shown.drop("measured", "measured_error")
    title = f"Predicted {one.perturbation.mode} of {one.perturbation.label}; change in {one.unit}; interval 90 %"
    show_table(shown.rename({"baseline": f"baseline: {one.scores['baseline_name']}"}), title, most=top)
    if "pearson_delta" in one.scores:
        show_table(_scores_table(one.scores), "Pearson-delta with the measurement (disjoint control halves)")
    _say_all(one.said, one.run)


def targets(
    before: Annotated[str, typer.Option("--from", help="Cells before: control, a perturbation, or column=value.")],
    after: Annotated[str, typer.Option("--to", help="Cells after, named the same way.")],
    dataset: DatasetOption = None,
    context: ContextOption = None,
    model: Annotated[str, typer.Option("--model", help="inversion, regulon or difference.")] = "inversion",
    gene: Annotated[list[str] | None, typer.Option("--gene", help="Only these candidates; may be repeated.")] = None,
    regulation: RunOption = None,
    seed: SeedOption = 0,
    top: TopOption = 20,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Rank the genes that may have caused the change from one group of cells to another.

    Example: perturbome targets --from control --to STAT1

    Example: perturbome targets --from "time=0" --to "time=24" --model regulon
    """
    from perturbome.models.targets import rank_targets
    from perturbome.platform.store import open_store

    with open_store(store) as opened, console_report() as report:
        found = rank_targets(
            opened, before, after, dataset=dataset, context=context, model=model, genes=gene or None, run=regulation,
            seed=seed, report=report,
        )  # fmt: skip
    if json:
        answer: dict[str, Any] = {
            "run": found.run,
            "contrast": found.contrast,
            "model": found.model,
            "said": found.said,
        }
        answer |= {"n_before": found.n_before, "n_after": found.n_after}
        show_json(answer | {"targets": found.table.head(top).to_dicts()})
        return
    title = f"Likely causes of {found.contrast} ({found.n_before} against {found.n_after} cells), by {found.model}"
    show_table(found.table.drop("gene"), title, most=top)
    _say_all(found.said, found.run)


def effects(
    dataset: Annotated[str | None, typer.Argument(help="Data set; not needed where there is only one.")] = None,
    min_cells: Annotated[int, typer.Option("--min-cells", min=2, help="Fewest cells of a condition.")] = 10,
    compare: Annotated[bool, typer.Option("--compare", help="Also predict each one, and compare.")] = False,
    context: Annotated[list[str] | None, typer.Option("--context", help="Cell type; may be repeated.")] = None,
    top: TopOption = 50,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Measure what every perturbation of a data set did, and store it as observed effects.

    Example: perturbome effects papalexi

    Example: perturbome effects papalexi --compare
    """
    from perturbome.models.comparison import compare_with_measured
    from perturbome.models.conditions import choose_dataset, expression_unit
    from perturbome.models.effects import measure_effects
    from perturbome.platform.store import open_store

    with open_store(store) as opened, console_report() as report:
        measured = measure_effects(opened, dataset, contexts=context or None, min_cells=min_cells, report=report)
        unit = expression_unit(opened, choose_dataset(opened, dataset))
        compared = None
        if compare:
            chosen = context[0] if context else None
            compared = compare_with_measured(opened, dataset, context=chosen, min_cells=min_cells, report=report)
    if json:
        rows = {"effects": measured.head(top).to_dicts()}
        show_json(rows if compared is None else rows | {"comparison": compared.to_dicts()})
        return
    show_table(measured, f"Measured effects in {unit}; genes changed at 5 % false discovery rate", most=top)
    if compared is not None:
        title = "Pearson-delta without the perturbation's own measurement"
        show_table(compared.drop("baseline_name"), title, most=top)
        say(_verdict(compared))
        if not compared["blind"].all():
            say(
                "Not blind: the network was inferred from these cells as well. For a blind comparison: "
                "perturbome infer regulation --leave-out GENE, or --cells control."
            )


def _scores_table(scores: dict[str, Any]) -> pl.DataFrame:
    import polars as pl

    found = scores["pearson_delta"]
    names = {"baseline": f"baseline: {scores['baseline_name']}", "replicate": "replicate (noisy for few cells)"}
    rows = [{"prediction": names.get(name, name), "pearson_delta": value} for name, value in found.items()]
    return pl.DataFrame(rows, schema={"prediction": pl.String, "pearson_delta": pl.Float64})


def _verdict(compared: pl.DataFrame) -> str:
    """How often each model came closer than the baseline; a prediction without correlation counts as not closer."""
    import polars as pl

    from perturbome.models.network_model import GATED, PROPAGATION

    wins = {
        name: int((compared[name].fill_null(-2) > compared["baseline"].fill_null(-1)).sum())
        for name in (PROPAGATION, GATED)
    }
    means = compared.select(pl.mean(PROPAGATION, GATED, "baseline", "replicate")).row(0, named=True)
    listed = ", ".join(f"{name} none" if value is None else f"{name} {value:.2f}" for name, value in means.items())
    closer = ", ".join(f"{name} in {n} of {compared.height}" for name, n in wins.items())
    return (
        f"Mean Pearson-delta: {listed}. Closer than the baseline: {closer}. Replicate: one half of the cells "
        "against the other, scaled to a whole experiment; noisy for few cells."
    )


def _say_all(sentences: tuple[str, ...], run: str | None) -> None:
    for sentence in sentences:
        say(sentence)
    if run is not None:
        say(f"Stored as run {run}.")
