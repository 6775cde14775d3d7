"""How the app is started: flags, environment, port, and the errors before the start."""

import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from perturbome.app import commands, server
from perturbome.platform.errors import InputError, MissingExtra


@pytest.fixture
def taken() -> int:
    """A port somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_in_use_is_refused(taken: int) -> None:
    with pytest.raises(InputError, match=f"Port {taken} at 127.0.0.1 is in use"):
        server.choose_port("127.0.0.1", taken)


def test_without_a_port_a_free_one_is_found(monkeypatch: pytest.MonkeyPatch, taken: int) -> None:
    monkeypatch.setattr(server, "FIRST_PORT", taken)
    monkeypatch.setattr(server, "LAST_PORT", min(taken + 50, 65535))
    found = server.choose_port("127.0.0.1", None)
    assert found > taken
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", found))


def test_an_unknown_host_is_told() -> None:
    with pytest.raises(InputError, match=r"No address 'no\.such\.host\.invalid'"):
        server.choose_port("no.such.host.invalid", 8501)


def test_an_absent_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "find_spec", lambda name: None if name == "plotly" else object())
    with pytest.raises(MissingExtra, match=r"plotly.*perturbome\[app\]"):
        server.check_installed()


def test_telemetry_is_off_and_the_theme_is_in_the_flags() -> None:
    line = server.command_line("localhost", 8600, headless=True)
    assert "--browser.gatherUsageStats=false" in line
    assert "--server.port=8600" in line
    assert "--server.headless=true" in line
    assert any(word.startswith("--theme.primaryColor=") for word in line)


def test_a_server_address_goes_to_the_graph() -> None:
    assert "PERTURBOME_GRAPH" not in server.environment(Path("/s"), "/s", False)
    assert server.environment(Path("/s"), "bolt://h:7687", True) == {
        "PERTURBOME_STORE": "/s",
        "PERTURBOME_GRAPH": "bolt://h:7687",
        server.READ_ONLY: "1",
    }


def test_the_command_starts_streamlit_on_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr("os.execve", lambda *call: started.append(call))
    app = typer.Typer()
    app.callback()(lambda: None)
    app.command("app")(commands.start)
    done = CliRunner().invoke(app, ["app", "--store", str(tmp_path / "new"), "--headless", "--read-only"])
    assert done.exit_code == 0, done.output
    ((program, line, environment),) = started
    assert line[:4] == [program, "-m", "streamlit", "run"]
    assert environment["PERTURBOME_STORE"] == str(tmp_path / "new")
    assert environment[server.READ_ONLY] == "1"
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_no_store_is_refused_before_the_start(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(InputError, match="holds something else"):
        commands.start(str(tmp_path))
