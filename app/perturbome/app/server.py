"""How Streamlit is started: its command line, its environment, its port. Nothing is asked of another host."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from perturbome.app.theme import THEME
from perturbome.platform.errors import InputError, MissingExtra
from perturbome.platform.store_folder import is_server

MAIN = Path(__file__).with_name("main.py")
READ_ONLY = "PERTURBOME_APP_READ_ONLY"
NEEDED = {"streamlit": "streamlit", "st_link_analysis": "st-link-analysis", "plotly": "plotly", "networkx": "networkx"}
FIRST_PORT, LAST_PORT = 8501, 8599

OPTIONS: Mapping[str, str] = {
    "browser.gatherUsageStats": "false",
    "server.showEmailPrompt": "false",
    "server.fileWatcherType": "none",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "type",  # a fault of ours goes to the terminal with its traceback, not to the reader
    "client.showErrorLinks": "false",
    "logger.hideWelcomeMessage": "true",
    **THEME,
}


def check_installed() -> None:
    """MissingExtra names the first package of the app that is absent."""
    for module, package in NEEDED.items():
        if find_spec(module) is None:
            raise MissingExtra(package, "app", "The app")


def choose_port(host: str, port: int | None) -> int:
    """The port asked for, or the first free one; InputError where there is none."""
    if port is not None:
        if not _free(host, port):
            raise InputError(f"Port {port} at {host} is in use. Give another with --port, or none to have one found.")
        return port
    for candidate in range(FIRST_PORT, LAST_PORT + 1):
        if _free(host, candidate):
            return candidate
    raise InputError(f"No port from {FIRST_PORT} to {LAST_PORT} is free at {host}. Give one with --port.")


def _free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise InputError(f"No address '{host}' on this machine. Give --host localhost or --host 0.0.0.0.") from error
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
        except OSError:
            return False
    return True


def address(host: str, port: int) -> str:
    """What to type into the browser."""
    return f"http://{'localhost' if host in ('0.0.0.0', '::') else host}:{port}"


def command_line(host: str, port: int, headless: bool) -> list[str]:
    """The whole command, Python first; every option is a flag, so that no file of the reader's changes the look."""
    options = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": str(headless).lower(),
        "browser.serverAddress": "localhost" if host in ("0.0.0.0", "::") else host,
        **OPTIONS,
    }
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(MAIN),
        *(f"--{name}={value}" for name, value in options.items()),
    ]


def environment(path: Path, store: str | None, read_only: bool) -> dict[str, str]:
    """What the app must know: the store's folder, the graph server if one was named, whether it may write."""
    known = {"PERTURBOME_STORE": str(path), READ_ONLY: "1" if read_only else ""}
    if store is not None and is_server(store):
        known["PERTURBOME_GRAPH"] = store
    return known
