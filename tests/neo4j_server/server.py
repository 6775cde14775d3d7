"""A real Neo4j server for tests, without Docker: jars from the Java registry, one process, ended by its id."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from neo4j import GraphDatabase

VERSION = "5.26.31"
"""As in pom.xml; the newest of the LTS line."""
HERE = Path(__file__).parent
READY_WITHIN = 240.0
"""Seconds; 5 on an idle machine, but a machine full of tests is not idle."""
PASSWORD = "a-password-for-tests"


class ServerMissing(RuntimeError):
    """Java, Maven or the jars are not to be had on this machine."""


class Neo4jServer:
    """One server process on a home folder of its own; `restart` opens the same data again.

    `home` is the folder of the data, `address` a bolt address on a free port, `user` and `password` log in.
    """

    user = "neo4j"
    password = PASSWORD

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self._jars = jars()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Bolt address."""
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server and wait until it answers; sets the password at the first start."""
        self.home.mkdir(parents=True, exist_ok=True)
        first = not (self.home / "data").exists()
        log = self.home / "server.log"
        with log.open("ab") as sink:
            begin = sink.tell()
            self._process = subprocess.Popen(
                ["java", "-Xmx1g", "-cp", f"{self._jars}/*", str(HERE / "Server.java"), str(self.home), str(self.port)],
                stdout=sink, stderr=subprocess.STDOUT, stdin=subprocess.PIPE,
            )  # fmt: skip
        deadline = time.monotonic() + READY_WITHIN
        while b"ready\n" not in (said := log.read_bytes()[begin:]):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"Neo4j did not start:\n{said.decode(errors='replace')[-4000:]}")
            time.sleep(0.05)
        if first:
            set_first_password(self.address, self.password)

    def stop(self) -> None:
        """End the server in good order."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def kill(self) -> None:
        """SIGKILL: the server gets no chance to tidy up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Open the same data again, on the same port, whatever happened before."""
        self.stop()
        self.start()


def set_first_password(address: str, password: str) -> None:
    """A new server lets nobody in before the password 'neo4j' is changed."""
    with (
        GraphDatabase.driver(address, auth=("neo4j", "neo4j")) as driver,
        driver.session(database="system") as session,
    ):
        session.run("ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $new", new=password).consume()


def jars() -> Path:
    """Folder of the server's jars, fetched by Maven once and kept outside the tree; ServerMissing without Java."""
    if shutil.which("java") is None:
        raise ServerMissing("a Neo4j server needs Java 17 (apt-get install openjdk-17-jre-headless)")
    default = Path.home() / ".cache" / "perturbome" / f"neo4j-{VERSION}"
    cache = Path(os.environ.get("PERTURBOME_NEO4J_CACHE", default))
    if cache.is_dir():
        return cache
    if shutil.which("mvn") is None:
        raise ServerMissing(f"no Neo4j jars in {cache}, and no Maven to fetch them (apt-get install maven)")
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.parent) as scratch:
        command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
        fetched = subprocess.run(
            [*command, f"-DoutputDirectory={scratch}/jars", "-DincludeScope=runtime"],
            capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
        if fetched.returncode != 0:
            raise ServerMissing(f"Maven could not fetch Neo4j {VERSION}: {fetched.stdout[-2000:]}")
        # A rename, so that a cut-off download is never taken for a whole one; another session may have been faster.
        try:
            Path(scratch, "jars").rename(cache)
        except OSError:
            if not cache.is_dir():
                raise
    return cache


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
