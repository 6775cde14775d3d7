"""The writing half of a store: runs are written, removed and replaced in the lake, and the graph follows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perturbome.platform.errors import PerturbomeError, StoreError, StoreReadOnly
from perturbome.platform.progress import Report, silent
from perturbome.platform.store_folder import StoreFolder

if TYPE_CHECKING:
    from perturbome.platform.graph.base import GraphStore
    from perturbome.platform.lake import Lake, Run, RunWriter


class StoreWriting(ABC):
    """What `Store` does under the writer's lock; a store says where its lake, its graph and its folder are."""

    path: Path
    read_only: bool
    lake: Lake
    _folder: StoreFolder
    _writing: bool = False

    @property
    @abstractmethod
    def graph(self) -> GraphStore:
        """The graph engine that runs are projected into."""

    @contextmanager
    def run(
        self,
        kind: str,
        *,
        name: str | None = None,
        configuration: dict[str, Any] | None = None,
        inputs: Sequence[Path] = (),
        parents: Sequence[str] = (),
        datasets: Sequence[str] = (),
        started: datetime | None = None,
        replaces: Sequence[str] = (),
        report: Report = silent,
    ) -> Iterator[RunWriter]:
        """Write a run: its rows become visible all at once when the block is left well, and are then projected.

        `started` is when its work began, where that was before the block was entered. Runs that it `replaces`, and
        those that stand on them, are gone in the moment it is complete.
        """
        from perturbome.platform.lake import RunWriter
        from perturbome.platform.lake.writing import sweep

        with self._writer(f"{kind}: {name or 'unnamed'}"):
            self.graph.runs()  # an unreachable graph is better found before the work than after it
            gone = self._with_dependants(replaces)
            with RunWriter(
                self.lake,
                kind,
                name=name,
                configuration={**(configuration or {}), **({"replaces": gone} if gone else {})},
                inputs=inputs,
                parents=parents,
                datasets=datasets,
                started=started,
            ) as writer:
                yield writer
            try:
                sweep(self.lake)
                self.catch_up(report)
            except PerturbomeError as error:
                error.add_note(f"Run {writer.id} is complete in the lake; the graph catches up with the next command.")
                raise

    def remove(self, run_id: str, report: Report = silent, *, dependants: bool = False) -> list[Run]:
        """Take a complete run out of the lake and the graph; time travel to it still works.

        Runs that read it would be left without what they stand on: they go with it if `dependants`, else StoreError
        names them. Returns the runs removed.
        """
        from perturbome.platform.graph import sync
        from perturbome.platform.lake.runs import with_dependants
        from perturbome.platform.lake.writing import remove_run, sweep

        with self._writer(f"remove {run_id}"):
            sweep(self.lake)
            run = self.lake.run(run_id)
            if run.status != "complete":
                raise StoreError(f"Run {run.id} is {run.status}, so there is nothing to remove.")
            going = with_dependants(run, self.lake.runs())
            if len(going) > 1 and not dependants:
                names = ", ".join(f"{r.id} ({r.name})" for r in going[1:6])
                raise StoreError(
                    f"{len(going) - 1} later runs stand on {run.id}: {names}. Remove them first, or all at once with "
                    "--with-dependants (dependants=True)."
                )
            for each in reversed(going):
                remove_run(self.lake, each)
            sync.remove(self.lake, self.graph, [r.id for r in going], report)
        return going

    def _with_dependants(self, runs: Sequence[str]) -> list[str]:
        """Ids of these runs and of all that stand on them."""
        from perturbome.platform.lake.runs import with_dependants

        complete = self.lake.runs()
        going = {r.id for run in complete if run.id in runs for r in with_dependants(run, complete)}
        return sorted(going)

    def catch_up(self, report: Report = silent) -> None:
        """Project the complete runs that the graph does not hold yet."""
        from perturbome.platform.graph import sync

        sync.catch_up(self.lake, self.graph, report)

    def rebuild(self, report: Report = silent, *, graph: GraphStore | None = None) -> None:
        """Project the whole lake into the graph (or into another one) from nothing."""
        from perturbome.platform.graph import sync

        with self._writer("graph rebuild"):
            sync.rebuild(self.lake, graph or self.graph, report)

    def _keep_graph_in_step(self) -> None:
        """After a crash between lake and graph the graph lags: mend it, unless a writer is about to do so itself."""
        from perturbome.platform.errors import StoreBusy

        if self.read_only or self._writing or {run.id for run in self.lake.runs()} == self.graph.runs():
            return
        try:
            with self._writer("catching up the graph", wait=0.0):
                self.catch_up()
        except StoreBusy:
            return

    @contextmanager
    def _writer(self, what: str, wait: float | None = None) -> Iterator[None]:
        from perturbome.platform.lake.disk import disk_full_told
        from perturbome.platform.lake.lock import WAIT, writer_lock

        if self.read_only:
            raise StoreReadOnly(f"{self.path} was opened read-only. Open it with Store(path) to write.")
        if self._writing:
            raise StoreError("This store is already writing a run; finish it first.")
        with disk_full_told(self.path):
            self._folder.make()
        with writer_lock(self.path / "writer.lock", what, WAIT if wait is None else wait):
            self._writing = True
            try:
                yield
            finally:
                self._writing = False
