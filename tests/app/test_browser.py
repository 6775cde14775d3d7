"""The app in a real browser: the graph is drawn, clicks lead on, no other host is asked, nothing complains."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from perturbome.platform.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOME = {"localhost", "127.0.0.1"}
PATIENCE = 90_000
QUIET = "[data-testid='stApp'][data-test-script-state='notRunning']"


def chromium() -> str:
    """Path of the browser; without one the test is skipped, in CI it fails."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "no Chromium on the PATH: apt-get install chromium"
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must test the app in a real browser: {reason}")
        pytest.skip(reason)
    return found


@pytest.fixture
def server(small: Store, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`perturbome app` on the small store: its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [sys.executable, "-c", "from perturbome.platform.cli import main; main()"]
    options = ["app", "--store", str(small.path), "--port", str(port), "--headless", "--read-only"]
    log = tmp_path / "app.log"
    with log.open("w") as output:
        process = subprocess.Popen([*program, *options], stdout=output, stderr=output, text=True, cwd=tmp_path)
        try:
            _wait(f"http://localhost:{port}/_stcore/health", process, log)
            assert f"http://localhost:{port}" in log.read_text()
            yield f"http://localhost:{port}", process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def _wait(address: str, process: subprocess.Popen[str], log: Path) -> None:
    for _ in range(240):
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"the app did not answer in a minute: {log.read_text()}")


@dataclass
class Overheard:
    """What the page asked for and complained of."""

    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def request(self, request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.hostname not in HOME:
            self.foreign.append(request.url)

    def console(self, message) -> None:
        # A link to a screen makes Streamlit look for its server beside the screen first, and then above it.
        probe = "/_stcore/" in message.location.get("url", "") and "404" in message.text
        if message.type == "error" and not probe:
            self.complaints.append(f"{message.text} ({message.location.get('url')})")


def test_from_a_gene_to_its_neighbour_to_its_knockout(small: Store, server: tuple[str, subprocess.Popen[str]]) -> None:
    path = chromium()
    from playwright.sync_api import expect, sync_playwright

    address, process = server
    overheard = Overheard()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(PATIENCE)
        page.on("request", overheard.request)
        page.on("websocket", overheard.request)
        page.on("console", overheard.console)
        page.on("pageerror", lambda error: overheard.complaints.append(str(error)))

        page.goto(address)
        expect(page.get_by_role("heading", name="perturbome")).to_be_visible(timeout=PATIENCE)
        page.get_by_role("link", name="Gene", exact=True).click()
        gene = _busiest(small)
        page.get_by_role("button", name=gene, exact=True).click()
        expect(page.get_by_role("heading", name=gene, exact=True)).to_be_visible(timeout=PATIENCE)
        assert f"gene={gene}" in page.url

        neighbour, x, y = _neighbour(page, gene)
        page.wait_for_selector(QUIET)
        page.frame_locator("iframe[title*='st_link_analysis']").locator("#cy").click(position={"x": x, "y": y})
        expect(page.get_by_role("heading", name=neighbour, exact=True)).to_be_visible(timeout=PATIENCE)
        assert f"gene={neighbour}" in page.url

        page.go_back()
        expect(page.get_by_role("heading", name=gene, exact=True)).to_be_visible(timeout=PATIENCE)
        page.get_by_role("button", name=f"Knock out {gene}").click()
        expect(page.get_by_role("heading", name="Knock-out", exact=True)).to_be_visible(timeout=PATIENCE)
        expect(page.locator(".js-plotly-plot")).to_be_visible(timeout=PATIENCE)
        assert f"genes={gene}" in page.url

        page.goto(f"{address}/gene")
        page.get_by_role("combobox", name="Search").fill(gene[:-1].lower())  # no gene's whole name
        page.keyboard.press("Enter")
        expect(page.get_by_text("Genes that begin with")).to_be_visible(timeout=PATIENCE)
        page.wait_for_selector(QUIET)
        page.get_by_role("button", name=gene, exact=True).click()
        expect(page.get_by_role("heading", name=gene, exact=True)).to_be_visible(timeout=PATIENCE)

        for screen in ("targets", "compare", "runs", "gene?gene=" + gene):  # as links, each from nothing
            page.goto(f"{address}/{screen}")
            page.wait_for_selector("h1")
            page.wait_for_selector(QUIET)
            expect(page.locator("[data-testid='stException'], [data-testid='stAlertContentError']")).to_have_count(0)
        browser.close()
    assert overheard.foreign == []
    assert overheard.complaints == []

    process.send_signal(signal.SIGINT)  # Ctrl-C
    assert process.wait(timeout=30) == 0


def _busiest(store: Store) -> str:
    """The regulator with the most targets, which the gene screen offers first."""
    edges = store.lake.scan("regulation").select("source", "target").unique().collect()
    counts = edges.group_by("source").len().sort("len", "source", descending=[True, False])
    return str(store.find_gene(counts["source"][0])["symbol"])


def _neighbour(page, gene: str) -> tuple[str, float, float]:
    """Another gene of the drawing and where it stands in it, read from Cytoscape itself; the canvas holds ink."""
    page.wait_for_selector("iframe[title*='st_link_analysis']")
    frame = next(f for f in page.frames if "st_link_analysis" in f.url)
    frame.wait_for_function("document.getElementById('cy')?._cyreg?.cy?.nodes().length > 1", timeout=PATIENCE)
    frame.wait_for_timeout(1000)
    ink = """() => [...document.querySelectorAll('#cy canvas')].some(c => c.width && c.height &&
        c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v))"""
    assert frame.evaluate(ink)
    found = frame.evaluate(
        """gene => { const node = document.getElementById('cy')._cyreg.cy.nodes().filter(n => n.id() !== gene)[0];
        const at = node.renderedPosition(); return [node.id(), at.x, at.y]; }""",
        gene,
    )
    return str(found[0]), float(found[1]), float(found[2])
