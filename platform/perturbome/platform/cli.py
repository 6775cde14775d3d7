"""The `perturbome` program: every floor adds its commands through the entry-point group `perturbome.commands`."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points

import typer

from perturbome.platform.errors import PerturbomeError
from perturbome.platform.interruption import interrupted

FLOORS = ("platform", "ingest", "models", "app")
INTERRUPTED = 130


def build() -> typer.Typer:
    """The program with the commands of every floor that is installed, lowest floor first."""
    app = typer.Typer(
        name="perturbome",
        help="A queryable map of what every perturbation does.",
        no_args_is_help=True,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 unusable input, 4 nothing found, 5 store or graph, "
        "6 model, 7 missing package, 130 interrupted.",
    )
    app.callback()(_version)
    points = {point.name: point for point in entry_points(group="perturbome.commands")}
    for name in sorted(points, key=lambda n: (FLOORS.index(n) if n in FLOORS else len(FLOORS), n)):
        points[name].load()(app)
    return app


def _version(
    version: bool = typer.Option(False, "--version", help="Print the version and end.", is_eager=True),
) -> None:
    if version:
        from perturbome.platform.lake.provenance import code_version

        print(f"perturbome {code_version()}")
        raise typer.Exit


def main() -> None:
    """Run the program; an error a user can mend is printed without a traceback and sets its own exit code."""
    try:
        code = build()(standalone_mode=False)  # the exit code of a command that ended by typer.Exit
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(code if isinstance(code, int) else 0)
    except PerturbomeError as error:
        _complain(error)
        sys.exit(error.exit_code)
    except typer.Exit as end:
        sys.exit(end.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        print(interrupted(), file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "exit_code"):  # click's usage errors
            error.show()
            sys.exit(error.exit_code)
        raise


def _complain(error: PerturbomeError) -> None:
    from rich.console import Console

    stderr = Console(stderr=True)
    stderr.print(f"[bold red]Error:[/] {_escape(str(error))}", highlight=False, soft_wrap=True)
    for note in getattr(error, "__notes__", []):
        stderr.print(_escape(note), highlight=False, soft_wrap=True)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


if __name__ == "__main__":
    main()
