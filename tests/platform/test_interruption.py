"""What a command says that was interrupted: the truth about what is lost and what is kept."""

import sys
from types import SimpleNamespace

import pytest

from perturbome.platform import cli
from perturbome.platform.interruption import LOST, going_on, interrupted


def stopped(kept):
    with pytest.raises(KeyboardInterrupt), going_on(lambda: kept):
        raise KeyboardInterrupt
    return interrupted()


def test_what_is_kept_is_said_and_of_nothing_that_it_is_lost():
    assert stopped("Two fits are kept.") == "Interrupted. Two fits are kept."
    assert stopped(None) == f"Interrupted. {LOST}"


def test_work_that_ended_keeps_nothing_of_one_before():
    stopped("Two fits are kept.")
    with going_on(lambda: "never"):
        pass
    assert interrupted() == f"Interrupted. {LOST}"


def test_another_error_is_no_interruption():
    stopped(None)
    with pytest.raises(ValueError, match="no"), going_on(lambda: "never"):
        raise ValueError("no")
    assert interrupted() == f"Interrupted. {LOST}"


def test_the_program_says_it_and_ends_with_130(monkeypatch, capsys):
    def command(standalone_mode):
        stopped("Two fits are kept.")
        return cli.INTERRUPTED  # as typer ends a command in which it caught the signal

    monkeypatch.setattr(cli, "build", lambda: command)
    monkeypatch.setattr(cli, "sys", SimpleNamespace(exit=sys.exit, stderr=sys.stderr))
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 130
    assert "Two fits are kept." in capsys.readouterr().err
