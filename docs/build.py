"""Write the pages that come from the code: the schema, the catalogue of queries, the commands.

Run with `python -m docs.build`; a test compares the files with what this writes.
"""

from __future__ import annotations

import inspect
from pathlib import Path

DOCS = Path(__file__).parent


def pages() -> dict[str, str]:
    """File name -> Markdown of every page written from the code."""
    from docs.bad_input import page as bad_input_page
    from docs.methods import page as methods_page
    from docs.prediction import page as prediction_page

    from perturbome.platform.schema.document import schema_page

    return {
        "schema.md": schema_page(),
        "queries.md": queries_page(),
        "commands.md": commands_page(),
        "methods.md": methods_page(),
        "prediction.md": prediction_page(),
        "bad-input.md": bad_input_page(),
    }


def queries_page() -> str:
    """The catalogue of queries with their parameters and Cypher."""
    from perturbome.platform.graph.catalogue import catalogue

    lines = [
        "# Queries",
        "",
        "The same text runs on the embedded engine and on Neo4j and gives the same rows. Ask one by its name with",
        "`perturbome query NAME -p parameter=value`, or `store.ask(name, parameter=value)` in Python; genes may be",
        "given by symbol, alias or id. *This page is written from the code.*",
    ]
    for query in catalogue().values():
        lines += ["", f"## {query.name}", "", query.description, ""]
        if query.parameters:
            lines += ["| parameter | type | default | meaning |", "|---|---|---|---|"]
            for p in query.parameters:
                default = "required" if p.required else f"`{p.default}`"
                lines.append(f"| `{p.name}` | {p.type} | {default} | {p.meaning} |")
            lines.append("")
        lines += ["```cypher", query.text.strip(), "```"]
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Every command with its help and options."""
    import typer

    from perturbome.platform.cli import build

    lines = [
        "# Commands",
        "",
        "Answers go to stdout, explanations and progress to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage,",
        "3 unusable input, 4 nothing found, 5 store or graph, 6 model, 7 missing package, 130 interrupted.",
        "*This page is written from the code.*",
    ]
    lines += _command_lines(typer.main.get_command(build()), "perturbome")
    return "\n".join(lines) + "\n"


def _command_lines(command: object, name: str) -> list[str]:
    lines: list[str] = []
    for sub_name, sub in sorted(getattr(command, "commands", {}).items()):
        full = f"{name} {sub_name}"
        if hasattr(sub, "commands"):
            lines += _command_lines(sub, full)
            continue
        lines += [
            "",
            f"## {full}",
            "",
            inspect.cleandoc(sub.help or "").replace("Example:", "\nExample:").replace("\n\n\n", "\n\n").strip(),
            "",
        ]
        lines += ["| option | meaning |", "|---|---|"]
        for parameter in sub.params:
            options = (
                " ".join(f"`{o}`" for o in parameter.opts)
                if parameter.opts[0].startswith("-")
                else f"`{parameter.name.upper()}`"
            )
            lines.append(f"| {options} | {(getattr(parameter, 'help', '') or '').replace('|', '/')} |")
    return lines


def main() -> None:
    """Write every page."""
    for name, text in pages().items():
        (DOCS / name).write_text(text)
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
