"""What is inside a box, with the checksums that the manifest knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from topmast_service.api import auditing, results
from topmast_service.api.intact import as_delivered
from topmast_service.api.streaming import Served, of_file
from topmast_service.container import Api
from topmast_service.domain import access
from topmast_service.domain.job import Job
from topmast_service.domain.links import inside
from topmast_service.errors import NoSuchFile, NotByLink
from topmast_service.staging.durable import digest_once
from topmast_service.staging.manifest_files import PAGE
from topmast_service.staging.manifest_page import policy
from topmast_service.staging.tree import Listed
from topmast_service.store.tables import Table
from topmast_service.workflows.arrivals import Arrived

_AFTER_SLASH = "0"
"""The character behind ``/`` in ASCII: ``path >= 'a/' AND path < 'a0'`` is everything in folder a."""

_WITHIN, _GUARDED = "path >= ? AND path < ?", "status = 'OK' AND access <> ?"
_DECIDING = ("path", "dataURI", "sha256", "access")


@dataclass(frozen=True)
class Found:
    """A file or folder of a bundle's current revision; `inside` is its path in the box, empty for the box itself."""

    path: Path
    inside: str
    manifest: Table
    bundle: str

    @cached_property
    def row(self) -> dict[str, Any] | None:
        """What the manifest says of a delivered file; looked up once, for the table has no index of paths."""
        return next(self.manifest.rows("path = ? AND status = 'OK'", self.inside), None)

    @property
    def guarded(self) -> dict[str, Any] | None:
        """The same, if the file was not public when it was delivered."""
        return self.row if self.row and self.row["access"] != access.PUBLIC else None


def find(api: Api, bundle: Job, path: str) -> Found:
    """What is at a path of a bundle's box.

    Raises
    ------
    NotReady, NoResult, Expired, NoSuchFile
        There is nothing yet, never, no longer, or not there.
    """
    results.box(api, bundle)
    found = api.stores.trees.find(bundle.owner, bundle.id, results.revision(bundle), path)
    return Found(found, inside(path), results.manifest(api, bundle), bundle.id)


def check(api: Api, found: Found, reader: str | None) -> None:
    """Refuse a file that MAST does not give to this reader; None has no key, and may have what is public.

    Raises
    ------
    ExclusiveAccess, NeedsMastToken, UpstreamDown
        See `Rights.check`.
    """
    if found.guarded:
        api.rights.check(reader, found.guarded)
        auditing.delivered(api.stores.audit, found.bundle, found.inside)


def check_public(api: Api, found: Found) -> None:
    """Refuse a file that not everybody may have: what MAST gives to a bundle's owner is not theirs to give.

    Raises
    ------
    NotByLink
        It is such a file.
    """
    if found.guarded and not api.rights.is_public(found.guarded):
        raise NotByLink(f"{found.inside} is not public.")


def closed(api: Api, manifest: Table, folder: str, reader: str | None) -> frozenset[str]:
    """The paths in a folder that a reader may not have; raises `UpstreamDown`."""
    rows = manifest.rows(f"{_WITHIN} AND {_GUARDED}", *_within(folder), access.PUBLIC, only=_DECIDING)
    return api.rights.closed(reader, rows)


def guarded(manifest: Table) -> bool:
    """Whether anything in a box was not public when it was delivered."""
    return next(manifest.rows(_GUARDED, access.PUBLIC, only=("path",)), None) is not None


def listing(place: Path, listed: list[Listed], manifest: Table, folder: str) -> list[dict[str, Any]]:
    """The entries of a folder, which is at `place`; files that are products, and are as delivered, carry their SHA-256.

    Raises
    ------
    NoSuchFile
        One was removed meanwhile.
    """
    try:
        known = _sums_in(place, {e.path: e.name for e in listed}, manifest, folder)
    except FileNotFoundError:
        raise NoSuchFile() from None
    return [
        {"name": e.name, "path": e.path, "type": e.type, "size": e.size, "sha256": known.get(e.path)} for e in listed
    ]


def served(found: Found) -> Served:
    """A file of a box with its SHA-256: the manifest's, or one made of the bytes.

    The manifest's page may sort itself and show the previews beside it; no other HTML may do anything.

    Raises
    ------
    NoSuchFile
        It was removed meanwhile.
    """
    path, row = found.path, found.row
    try:
        known = row["sha256"] if row and as_delivered(path, row) else digest_once(path).sha256
    except FileNotFoundError:
        raise NoSuchFile() from None
    allowed = f"{policy()}; frame-ancestors 'none'" if found.inside == PAGE and row is None else None
    file = of_file(path, known, path.name, allowed)
    return _sent_by_us(file) if found.guarded else file


def arrived(api: Api, bundle: Job, file: Arrived, reader: str) -> Served:
    """A file of a box that is not there yet; raises as `check` for one that MAST does not give to the reader."""
    api.rights.check(reader, file.deciding)
    if file.deciding["access"] != access.PUBLIC:
        auditing.delivered(api.stores.audit, bundle.id, file.path)
    return of_file(file.blob, file.sha256, file.path.rpartition("/")[2])


def _sent_by_us(served: Served) -> Served:
    """Never by nginx, which is another user of the machine: it may not read what is not public."""
    return replace(served, path=None)


def _sums_in(place: Path, names: dict[str, str], manifest: Table, folder: str) -> dict[str, str]:
    rows = manifest.rows(f"{_WITHIN} AND status = 'OK'", *_within(folder))
    shown = ((row, names[row["path"]]) for row in rows if row["path"] in names)
    return {row["path"]: row["sha256"] for row, name in shown if row["sha256"] and as_delivered(place / name, row)}


def _within(folder: str) -> tuple[str, str]:
    return (f"{folder}/", f"{folder}{_AFTER_SLASH}") if folder else ("", "\U0010ffff")
