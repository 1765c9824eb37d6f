"""The sky plot of a search: asked for by whoever wants to see it, drawn by a query worker, kept beside the rows.

A picture is a file of the search, ``<id>.<digest of where>.sky.png``, and goes with it. Nobody keeps a record of who
draws: a picture that is not there is asked for again by the next who wants it, so a worker that dies while drawing
costs one more request. Two that draw the same are told apart by a lock on the file they write.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

from topmast_service.domain.rows import Question, ask
from topmast_service.errors import Expired, UnknownJob
from topmast_service.pictures.scene import Scene
from topmast_service.store.jobs import JobStore
from topmast_service.store.tables import Table
from topmast_service.workflows import sky_scene
from topmast_service.workflows.control import rows_table

FRESH = timedelta(days=1)
"""A picture shows who may have what as of its day: exclusive rows become public."""


@dataclass(frozen=True)
class Skies:
    """Finds sky plots, has them drawn, draws them. `send` tells a worker to draw the search with this `where`."""

    jobs: JobStore
    tables: Path
    send: Callable[[str, Sequence[str]], None]

    def path(self, search_id: str, where: Sequence[str]) -> Path:
        """Where the picture of these rows is, or will be."""
        digest = hashlib.sha256("\n".join(where).encode("utf-8", "backslashreplace")).hexdigest()[:16]
        return self.tables / f"{search_id}.{digest}.sky.png"

    def ready(self, search_id: str, where: Sequence[str]) -> bool:
        """Whether the picture is there, and of today."""
        try:
            made = self.path(search_id, where).stat().st_mtime
        except OSError:
            return False
        return self.jobs.now().timestamp() - made < FRESH.total_seconds()

    def check(self, table: Table, where: Sequence[str]) -> None:
        """See that `where` can be read, before anybody waits for a picture.

        Raises
        ------
        Invalid, UnknownColumn
            It cannot.
        """
        table.page(Question(ask(table.columns, where=where).where, (), ("_row",), 1))

    def draw(self, search_id: str, where: Sequence[str]) -> None:
        """Draw the picture if nobody has or does; a search that is gone meanwhile leaves none."""
        picture = self.path(search_id, where)
        if self.ready(search_id, where):
            return
        with _aside(picture) as file:
            if file is None:
                return
            try:
                search, table = self.jobs.get(search_id), Table(rows_table(self.tables, search_id))
                _draw(sky_scene.of(search, table, where, self.jobs.now()), file)
            except (UnknownJob, Expired):
                Path(file.name).unlink(missing_ok=True)
                return
            file.flush()
            Path(file.name).replace(picture)
        self._remove_of_removed(search_id, picture)

    def _remove_of_removed(self, search_id: str, picture: Path) -> None:
        try:
            self.jobs.get(search_id)
        except UnknownJob:
            picture.unlink(missing_ok=True)


def _draw(scene: Scene, file: IO[bytes]) -> None:
    from topmast_service.pictures import sky  # matplotlib: a second and 60 MB, for a worker's first picture only

    sky.draw(scene, file)


@contextmanager
def _aside(picture: Path) -> Iterator[IO[bytes] | None]:
    """The file to draw into, ours alone; None if somebody else draws it."""
    path = picture.with_name(f".{picture.name}.writing")
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        # Whoever drew before us has renamed the file that we opened.
        if not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            yield None
            return
        file.truncate(0)
        yield file
