"""Tables on screens of every width: ids of runs in one piece, words of headers too, and what was left out is said."""

import polars as pl
import pytest
from rich.console import Console

from perturbome.platform import console as module
from perturbome.platform.console import show_table
from perturbome.platform.lake.runs import new_run_id

ROW = {
    "run": new_run_id(), "model": "gated feature elastic net", "split": "unseen single, seed 0",
    "train / val / test": "16 / 2 / 7", "seconds": 12.3, "Pearson delta": 0.123, "of baseline": 0.111,
}  # fmt: skip


def shown(monkeypatch, width, *rows, **asked):
    screen = Console(width=width, record=True)
    monkeypatch.setattr(module, "console", screen)
    show_table(pl.DataFrame(list(rows)), **asked)
    return screen.export_text()


@pytest.mark.parametrize("width", [20, 60, 80, 100, 110, 200])
def test_ids_of_runs_are_in_one_piece(monkeypatch, width):
    rows = [ROW | {"run": new_run_id()} for _ in range(3)]
    text = shown(monkeypatch, width, *rows, spare=("seconds",))
    assert all(row["run"] in text for row in rows)


@pytest.mark.parametrize("width", [80, 100, 110, 200])
def test_words_of_headers_are_in_one_piece(monkeypatch, width):
    spare = ("seconds", "train / val / test")
    text = shown(monkeypatch, width, ROW, spare=spare)
    gone = [name for name in spare if f"narrow: {name}" in text or f", {name}." in text]
    words = {word for name in ROW if name not in gone for word in (name, str(ROW[name])) for word in word.split()}
    assert words <= set(text.split()), text
    assert max(map(len, text.splitlines())) <= width


def test_what_is_spared_is_said_and_nothing_more_than_is_needed(monkeypatch):
    narrow, wide = (shown(monkeypatch, width, ROW, spare=("seconds", "split")) for width in (86, 200))
    assert "Not shown on a screen this narrow: seconds.\n" in narrow
    assert "12.3" not in narrow
    assert "unseen" in narrow
    assert "Not shown" not in wide
    assert "12.3" in wide


def test_a_table_of_no_rows_has_its_header(monkeypatch):
    monkeypatch.setattr(module, "console", screen := Console(width=80, record=True))
    show_table(pl.DataFrame(schema={"run": pl.String, "kind": pl.String}))
    assert "kind" in screen.export_text()
