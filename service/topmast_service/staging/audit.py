"""A look at the cache's files one by one, and the means to put right what is wrong with one. Safe beside transfers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE

from topmast_service.staging.durable import digest_of
from topmast_service.staging.part import PartBusy
from topmast_service.staging.shelf import Shelf, uri_of
from topmast_service.staging.space import FOLDERS, Space, locked
from topmast_service.staging.version import Version


@dataclass(frozen=True)
class IndexFile:
    """One index file. `uri` is None when it cannot be read; `sizes` are the bytes of its blobs by hash."""

    path: Path
    uri: str | None
    sizes: dict[str, int]
    stale: bool

    @property
    def name(self) -> str:
        """Its file name: all that is known of an unreadable one."""
        return self.path.name


class Audit:
    """The cache under `root`, for the doctor."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._shelf = Shelf(root)
        self.space = Space(root)

    def index(self) -> Iterator[IndexFile]:
        """Every index file."""
        for folder in FOLDERS:
            for path in sorted((self._root / "index" / folder).glob("*.json")):
                yield self._index_file(path)

    def _index_file(self, path: Path) -> IndexFile:
        try:
            record = json.loads(path.read_bytes())
            versions = [Version.from_record(version) for version in record["versions"]]
            uri = str(record["uri"])
        except FileNotFoundError:
            return IndexFile(path, "", {}, stale=False)
        except (ValueError, KeyError, TypeError):
            return IndexFile(path, None, {}, stale=False)
        return IndexFile(path, uri, {v.sha256: v.size for v in versions}, self._shelf.names_gone(uri))

    def tidy(self, file: IndexFile) -> bool:
        """Let an index file forget what is gone."""
        try:
            with locked(self._shelf.part(file.uri or "")):
                self._shelf.drop_gone(file.uri or "")
        except PartBusy:
            return False
        return True

    def drop_index(self, file: IndexFile) -> bool:
        """Remove an unreadable index file; whoever holds its dataURI's lock is writing a good one."""
        try:
            with locked(self._root / "parts" / f"{file.path.stem}.part"):
                if self._index_file(file.path).uri is None:
                    file.path.unlink(missing_ok=True)
        except PartBusy:
            return False
        return True

    def hash_of(self, sha256: str) -> str | None:
        """The hash that a blob really has; None when it went meanwhile."""
        try:
            return digest_of(self._shelf.blob(sha256)).sha256
        except FileNotFoundError:
            return None

    def drop_blob(self, sha256: str) -> bool:
        """Take a bad blob out of the cache, also a pinned one: its name promises bytes that it does not have."""
        self._shelf.blob(sha256).unlink(missing_ok=True)
        return True

    def writable(self, sha256: str) -> bool:
        """Whether anybody but root may write to a blob."""
        with suppress(FileNotFoundError):
            return bool(S_IMODE(self._shelf.blob(sha256).stat().st_mode) & 0o222)
        return False

    def make_read_only(self, sha256: str) -> bool:
        """As all blobs are; who may read it stays as it is."""
        with suppress(FileNotFoundError):
            blob = self._shelf.blob(sha256)
            blob.chmod(S_IMODE(blob.stat().st_mode) & ~0o222)
        return True

    def idle_parts(self) -> Iterator[tuple[str, str | None]]:
        """The transfers that nobody holds: file name and dataURI."""
        for path in sorted((self._root / "parts").glob("*.part")):
            with suppress(PartBusy, FileNotFoundError), locked(path):
                yield path.name, uri_of(path.with_suffix(".json"))

    def drop_part(self, name: str, wanted: Callable[[str], bool]) -> bool:
        """Remove the idle transfers that `wanted` denies; whether `name` is gone."""
        self.space.drop_parts(wanted)
        return not (self._root / "parts" / name).exists()
