"""Where the cache's blobs and index files are. The filesystem is the only truth: no database beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from topmast_service.staging.disk import require_room
from topmast_service.staging.durable import replace_file
from topmast_service.staging.version import Version


@lru_cache(maxsize=1024)
def key_of(uri: str) -> str:
    """A dataURI as a file name: fixed length, no character that a filesystem minds."""
    return hashlib.sha256(uri.encode()).hexdigest()


class Shelf:
    """Paths under the cache's root, and the index file of each dataURI.

    ``blobs/<aa>/<sha256>`` is a version's bytes; ``index/<aa>/<sha256 of the dataURI>.json`` lists the versions of
    one dataURI, newest last. Whoever writes an index file holds that dataURI's lock (`cache.Cache.open_part`).
    """

    def __init__(self, root: Path, keep_free: int = 0) -> None:
        self.root = root
        self._keep_free = keep_free

    def require_room(self, size: int) -> None:
        """Make sure that `size` bytes more leave free what the operator wants kept; raises `DiskFull`."""
        require_room(self.root, size, self._keep_free)

    def blob(self, sha256: str) -> Path:
        """Where bytes with this hash are, or would be."""
        return self.root / "blobs" / sha256[:2] / sha256

    def part(self, uri: str) -> Path:
        """Where a dataURI's transfer under way is, or would be."""
        return self.root / "parts" / f"{key_of(uri)}.part"

    def versions(self, uri: str) -> list[Version]:
        """Known versions, newest last; an unreadable index file knows none (its bytes are fetched again)."""
        try:
            record = json.loads(self._index(uri).read_bytes())
            return [Version.from_record(version) for version in record["versions"]]
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError):
            return []

    def record(self, uri: str, version: Version) -> None:
        """Make `version` the newest; what was known of the same bytes is replaced.

        What everybody may have under a name, everybody may have in its earlier versions; and what was public once does
        not become exclusive because somebody fetched it with a token.

        Raises
        ------
        DiskFull
            The index is as before.
        """
        known = self.versions(uri)
        if any(one.sha256 == version.sha256 and not one.exclusive for one in known):
            version = version.released()
        others = [one for one in known if one.sha256 != version.sha256]
        if not version.exclusive:
            others = [self._opened(one) for one in others]
            self._open(version)
        self._write(uri, [*others, version])

    def blob_mode(self, version: Version) -> int:
        """Read-only for everybody, or for the service alone: who is in its group on disk need not be in the program."""
        return 0o400 if version.exclusive else 0o444

    def _opened(self, version: Version) -> Version:
        self._open(version)
        return version.released()

    def _open(self, public: Version) -> None:
        """Let everybody on this machine read the bytes, if they were kept from them so far."""
        blob = self.blob(public.sha256)
        with suppress(FileNotFoundError):
            if not blob.stat().st_mode & 0o004:
                blob.chmod(0o444)

    def names_gone(self, uri: str) -> bool:
        """Whether `drop_gone` has something to do."""
        versions = self.versions(uri)
        return self._there(versions) != versions or not versions

    def drop_gone(self, uri: str) -> None:
        """Forget the versions whose bytes are gone."""
        versions = self.versions(uri)
        there = self._there(versions)
        if not there:
            self._index(uri).unlink(missing_ok=True)
        elif there != versions:
            self._write(uri, there)

    def _there(self, versions: list[Version]) -> list[Version]:
        """Those that have bytes, and the newest in any case: without it an older one would pass for the newest."""
        there = [version for version in versions if self.blob(version.sha256).exists()]
        return [*there, versions[-1]] if there and there[-1] != versions[-1] else there

    def _write(self, uri: str, versions: Sequence[Version]) -> None:
        record = {"schema": 1, "uri": uri, "versions": [version.as_record() for version in versions]}
        # Not synced: one that a power cut spoilt knows no versions, and the file is fetched again.
        replace_file(self._index(uri), json.dumps(record).encode(), sync=False)

    def _index(self, uri: str) -> Path:
        key = key_of(uri)
        return self.root / "index" / key[:2] / f"{key}.json"


def uri_of(path: Path) -> str | None:
    """The dataURI that an index file or a .part's sidecar is about; None if it cannot be read."""
    try:
        uri = json.loads(path.read_bytes())["uri"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return uri if isinstance(uri, str) else None
