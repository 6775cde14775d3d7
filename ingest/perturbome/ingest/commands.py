"""The ingest floor's commands: ingest and infer with what they take and make, simulate, compare."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the ingest floor's commands to the program."""
    from perturbome.ingest.commands_compare import register_compare
    from perturbome.ingest.commands_experiment import register_experiment
    from perturbome.ingest.commands_features import register_features
    from perturbome.ingest.commands_prior import register_prior
    from perturbome.ingest.commands_regulation import register_regulation
    from perturbome.ingest.commands_simulate import register_simulate
    from perturbome.ingest.commands_transitions import register_transitions

    ingest = typer.Typer(no_args_is_help=True, help="Take files into the store: experiments and prior knowledge.")
    register_experiment(ingest)
    register_prior(ingest)
    app.add_typer(ingest, name="ingest")

    infer = typer.Typer(
        no_args_is_help=True, help="Infer regulation, cell transitions and features from a stored experiment."
    )
    register_regulation(infer)
    register_transitions(infer)
    register_features(infer)
    app.add_typer(infer, name="infer")
    register_simulate(app)
    register_compare(app)
