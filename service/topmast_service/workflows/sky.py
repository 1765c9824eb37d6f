"""The sky plot of a search: asked for by whoever wants to see it, drawn by a query worker, kept beside the rows.

A picture is a file of the search, ``<id>.<digest of where>.sky.png``, and goes with it. Nobody keeps a record of who
draws: a picture that is not there is asked for again by the next who wants it, so a worker that dies while drawing
costs one more request. Two that draw the same are told apart by a lock on the file they write.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

from topmast_service.errors import Expired, UnknownJob
from topmast_service.pictures.scene import Scene
from topmast_service.store.jobs import JobStore
from topmast_service.store.tables import Table
from topmast_service.workflows import sky_scene
from topmast_service.workflows.control import rows_table, stale_table

log = logging.getLogger(__name__)

FAILED = timedelta(minutes=5)
"""For so long nobody tries again what could not be drawn."""

FRESH = timedelta(days=1)
"""A picture shows who may have what as of its day: exclusive rows become public."""


@dataclass(frozen=True)
class Wanted:
    """Which picture: of the rows of a search that fit `where`; `stale` of the earlier answer it shows meanwhile."""

    search_id: str
    where: tuple[str, ...] = ()
    stale: bool = False

    @property
    def name(self) -> str:
        """The name of its file; other rows, other name."""
        text = repr((self.where, self.stale)).encode("utf-8", "backslashreplace")
        return f"{self.search_id}.{hashlib.sha256(text).hexdigest()[:16]}.sky.png"


@dataclass(frozen=True)
class Skies:
    """Finds sky plots, has them drawn, draws them. `send` tells a worker to draw one."""

    jobs: JobStore
    tables: Path
    send: Callable[[str, Sequence[str], bool], None]

    def path(self, wanted: Wanted) -> Path:
        """Where the picture is, or will be."""
        return self.tables / wanted.name

    def ready(self, wanted: Wanted) -> bool:
        """Whether the picture is there and of today, or could not be drawn a moment ago: it is empty then."""
        try:
            made = self.path(wanted).stat()
        except OSError:
            return False
        age = timedelta(seconds=self.jobs.now().timestamp() - made.st_mtime)
        return age < (FRESH if made.st_size else FAILED)

    def ask(self, wanted: Wanted) -> None:
        """Have it drawn."""
        self.send(wanted.search_id, wanted.where, wanted.stale)

    def draw(self, wanted: Wanted) -> None:
        """Draw the picture if nobody has or does; a search that is gone meanwhile leaves none."""
        picture = self.path(wanted)
        if self.ready(wanted):
            return
        with _aside(picture) as file:
            if file is None:
                return
            try:
                _draw(self._scene(wanted), file)
            except (UnknownJob, Expired):
                Path(file.name).unlink(missing_ok=True)
                return
            except Exception:
                # Told by an empty file: else everybody who waits would have it tried again, for ever.
                log.exception("the sky of %s cannot be drawn", wanted.search_id)
                file.truncate(0)
            file.flush()
            Path(file.name).replace(picture)
        self._remove_of_removed(wanted.search_id, picture)

    def _scene(self, wanted: Wanted) -> Scene:
        search, now = self.jobs.get(wanted.search_id), self.jobs.now()
        facts = (search.result.get("stale") or {}) | {"stale": True} if wanted.stale else search.result
        place = stale_table if wanted.stale else rows_table
        return sky_scene.of(search.request, facts, Table(place(self.tables, search.id), now), wanted.where, now)

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
