"""Queries with a limit are answered by processes that can be killed, and are never left behind."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from perturbome.platform.errors import GraphError, QueryTooLong
from perturbome.platform.graph import embedded_workers
from perturbome.platform.graph.embedded import EmbeddedStore

from .conftest import RUNS, hand_made

ONE = [{"one": 1}]
DEAF = "WITH range(1, 300000) AS l RETURN size(list_filter(l, x -> list_contains(l, x + 300000))) AS n"
"""One step of 90,000,000,000 comparisons, in which the engine never looks at its clock."""


def answering(parent: int | None = None) -> set[int]:
    """Processes of a parent (this one) that answer queries."""
    children = psutil.Process(parent).children()
    return {child.pid for child in children if any("embedded_worker" in word for word in child.cmdline())}


def eventually(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether something comes true within a generous time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def before() -> set[int]:
    """Processes of other tests' stores."""
    gc.collect()
    return answering()


@pytest.fixture
def store(before: set[int], limited_store: EmbeddedStore) -> EmbeddedStore:
    """The hand-made graph, and nobody asked it yet."""
    return limited_store


# They are killed


@pytest.mark.parametrize(
    "cypher",
    [
        DEAF,
        "UNWIND range(1, 10*100000000) AS i RETURN count(i) AS n",
        "UNWIND range(1, 100000) AS i UNWIND range(1, 100000) AS j RETURN sum(i * j) AS n",
        "UNWIND range(1, 3000) AS i WITH collect(range(1, 1000000)) AS l UNWIND l AS x RETURN count(x) AS n",
        "UNWIND range(1, $n) AS i WITH collect(range(1, $n)) AS l UNWIND l AS x UNWIND x AS y RETURN count(y) AS n",
    ],
)
def test_a_query_that_runs_away_ends_and_its_process_with_it(store, before, cypher):
    store.query("RETURN 1 AS one")
    (first,) = answering() - before
    given = {"n": 9_000_000} if "$n" in cypher else {}
    with pytest.raises(QueryTooLong):
        store.query(cypher, given, time_limit=0.3)
    assert not psutil.pid_exists(first)
    assert store.query("RETURN 1 AS one").to_pylist() == ONE
    assert len(answering() - before) == 1


def test_what_the_engine_does_not_stop_reads_as_what_it_stops(store):
    counted = "UNWIND range(1, 1000000) AS i UNWIND range(1, 1000000) AS j RETURN sum(i * j) AS n"
    said = set()
    for cypher in (DEAF, counted):
        with pytest.raises(QueryTooLong) as caught:
            store.query(cypher, time_limit=0.25)
        said.add(str(caught.value))
    (words,) = said
    assert words.startswith("The query was stopped after 0.25 seconds. Narrow it")


def test_a_process_that_does_nothing_at_all_is_killed(store, before):
    store.query("RETURN 1 AS one")
    (pid,) = answering() - before
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(QueryTooLong, match="stopped after"):
        store.query("RETURN 1 AS one", time_limit=0.1)
    assert not psutil.pid_exists(pid)


# Processes come and go


def test_a_store_that_is_not_asked_or_asked_without_a_limit_starts_none(store, before):
    store.runs(), store.counts()
    assert store.query("RETURN 1 AS one", time_limit=None).to_pylist() == ONE
    assert answering() == before


def test_one_process_answers_one_query_after_the_other(store, before):
    pids = set()
    for _ in range(5):
        store.query("RETURN 1 AS one")
        with pytest.raises(GraphError, match="Parser"):
            store.query("MATCH (g:Gene RETURN g")
        pids |= answering() - before
    assert len(pids) == 1


def test_none_is_left_when_the_store_is_closed_and_it_can_be_asked_again(store, before):
    for _ in range(2):
        store.query("RETURN 1 AS one")
        assert answering() != before
        store.close()
        assert answering() == before


def test_none_is_left_when_the_store_is_forgotten(before, tmp_path):
    store = EmbeddedStore(tmp_path)
    store.query("RETURN 1 AS one")
    assert answering() != before
    del store
    gc.collect()
    assert answering() == before


def test_a_process_that_died_meanwhile_is_replaced(store, before):
    store.query("RETURN 1 AS one")
    (pid,) = answering() - before
    os.kill(pid, signal.SIGKILL)
    (died,) = store._workers._idle
    assert eventually(lambda: died.process.poll() is not None)
    assert store.query("RETURN 1 AS one").to_pylist() == ONE


def test_a_process_that_cannot_start_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(GraphError, match="did not start"):
        EmbeddedStore(tmp_path).query("RETURN 1 AS one")


def test_a_newer_snapshot_is_seen_by_the_same_process(store, before):
    asked = "MATCH (r:Run) RETURN count(*) AS n"
    seen, pids = [], set()
    for number in range(4):
        seen += store.query(asked)["n"].to_pylist()
        pids |= answering() - before
        writer = EmbeddedStore(store.folder)
        writer.append([f"n{number}"], [part for part in hand_made() if getattr(part, "label", "") == "Gene"])
        store.query(asked)
    assert seen == [len(RUNS)] * 4
    assert len(pids) == 1
    name = next(process for process in store._workers._idle).opened
    assert name == store._snapshots.path(store._snapshots.published())


def test_threads_get_their_own_answers(store, before):
    wrong: list[object] = []

    def ask(number: int) -> None:
        for turn in range(20):
            value = 100 * number + turn
            rows = store.query("MATCH (g:Gene {symbol: 'MYC'}) RETURN $v AS v, g.symbol AS s", {"v": value})
            if rows.to_pylist() != [{"v": value, "s": "MYC"}]:
                wrong.append(rows)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert 1 <= len(answering() - before) <= embedded_workers.MOST


def test_a_slow_query_does_not_hold_up_others(store, before):
    said = []

    def slow() -> None:
        with pytest.raises(QueryTooLong) as caught:
            store.query(DEAF, time_limit=600)
        said.append(str(caught.value))

    thread = threading.Thread(target=slow)
    thread.start()
    assert eventually(lambda: len(answering() - before) == 1)
    for _ in range(3):
        assert store.query("RETURN 1 AS one").to_pylist() == ONE
    assert said == []
    for pid in answering() - before:
        os.kill(pid, signal.SIGKILL)
    thread.join()
    assert "most likely: the engine broke off (SIGKILL)" in said[0]


def test_where_no_process_is_free_in_time_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded_workers, "MOST", 1)
    store = EmbeddedStore(tmp_path)
    with store._workers.one(1.0), pytest.raises(QueryTooLong, match="other queries are being answered"):
        store.query("RETURN 1 AS one", time_limit=0.1)
    assert store.query("RETURN 1 AS one").to_pylist() == ONE
    store.close()


# The parent's end, each in a program of its own

PROGRAM = """
import os, signal, sys, threading
from pathlib import Path
from perturbome.platform.graph.embedded import EmbeddedStore
store = EmbeddedStore(Path(sys.argv[1]))
store.query("RETURN 1 AS one")
"""
BUSY = f"""
threading.Timer(0.5, lambda: print("asked", flush=True)).start()
store.query({DEAF!r}, time_limit=600)
"""


def program(folder: Path, rest: str) -> subprocess.Popen[str]:
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([sys.executable, "-c", PROGRAM + rest, str(folder)], text=True, **pipes)


@pytest.mark.parametrize("rest", ['print("asked", flush=True); input()', BUSY], ids=["idle", "busy"])
def test_none_outlives_a_killed_parent(tmp_path, rest):
    parent = program(tmp_path, rest)
    assert parent.stdout.readline() == "asked\n"
    (pid,) = answering(parent.pid)
    parent.kill()
    parent.communicate()
    assert eventually(lambda: not psutil.pid_exists(pid))


def test_an_interruption_ends_the_query_and_its_process(tmp_path):
    parent = program(tmp_path, BUSY)
    assert parent.stdout.readline() == "asked\n"
    (pid,) = answering(parent.pid)
    parent.send_signal(signal.SIGINT)
    assert parent.stderr.read().strip().endswith("KeyboardInterrupt")
    assert parent.wait() != 0
    parent.communicate()
    assert not psutil.pid_exists(pid)


FORK = """
def pids():
    return [worker.process.pid for worker in store._workers._idle]
ours = pids()
held = store._workers._lock
held.acquire()  # as another thread may at this moment, which the child does not have
child = os.fork()
if child == 0:
    signal.alarm(60)
    answered = store.query("RETURN 2 AS two").to_pylist() == [{"two": 2}]
    apart = pids() != ours
    store.close()
    os._exit(0 if answered and apart else 1)
held.release()
status = os.waitpid(child, 0)[1]
print(status, store.query("RETURN 3 AS three").to_pylist(), pids() == ours)
"""


def test_a_forked_child_asks_a_process_of_its_own_and_leaves_the_parents_alone(tmp_path):
    said, errors = program(tmp_path, FORK).communicate(timeout=120)
    assert (said, errors) == ("0 [{'three': 3}] True\n", "")


def test_listing_the_catalogue_starts_nothing():
    asked = """
import sys
from perturbome.platform.cli import main
sys.argv = ["perturbome", "query", "--list", "--json"]
try:
    main()
finally:
    assert "perturbome.platform.graph.embedded_workers" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", asked], check=True, stdout=subprocess.DEVNULL)
