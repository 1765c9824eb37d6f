"""The box as one file: a zip or a tar that the service makes while it sends it."""

from __future__ import annotations

import itertools
import tarfile
import threading
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from ._clock import Deadline
from ._errors import UsageError
from ._fetch import ChangedOnServer, Fetcher, Wanted
from ._progress import ProgressOption, shown
from ._session import Session
from ._tally import Tally

FORMATS = ("zip", "tar")
MAX_CHANGES = 3  # of an archive while it is fetched; each is a revision of its bundle


def format_of(path: Path) -> str:
    """The format that the end of a file's name asks for.

    Raises
    ------
    UsageError
        It asks for none that the service makes.
    """
    found = path.suffix.lower().removeprefix(".")
    if found not in FORMATS:
        raise UsageError(
            f"{path.name!r} does not say in which format", hint="End the name in .zip or .tar, or give format."
        )
    return found


def contents(path: Path) -> frozenset[str]:
    """Places in the box of the files that an archive holds; no file is unpacked.

    Raises
    ------
    UsageError
        It is none.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as zipped:
                names = zipped.namelist()
        else:
            with tarfile.open(path, "r:") as taped:
                names = taped.getnames()
    except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise UsageError(f"cannot read {path} as an archive: {error}", hint="job.archive(path) fetches one.") from error
    return frozenset(name.partition("/")[2] for name in names)  # all lie in one folder, named after the bundle


@dataclass(frozen=True)
class Archive:
    """The archive of the box at `box` (a path of the service); see `Bundle.archive`."""

    session: Session
    box: str
    kind: str
    deadline: Deadline

    def fetch(self, target: Path, progress: ProgressOption) -> Path:
        """Make `target` the archive; from its start again where that changes meanwhile."""
        if self.kind not in FORMATS:
            raise UsageError(f"there is no format {self.kind!r}", hint="zip or tar.")
        for change in itertools.count(1):
            try:
                return self._once(target, progress)
            except ChangedOnServer:
                if change >= MAX_CHANGES:
                    raise
        raise AssertionError("unreachable")  # itertools.count never ends; mypy cannot know

    def _once(self, target: Path, progress: ProgressOption) -> Path:
        fetcher = Fetcher(self.session, self.box, self.deadline, threading.Event(), lambda _count: None)
        wanted = fetcher.identified(Wanted(f"archive.{self.kind}"))
        with shown(progress, str(target)) as show:
            tally = Tally(1, wanted.size, show, self.session.clock)
            replace(fetcher, count=tally.bytes).fetch(wanted, target)
            tally.file()
        return target
