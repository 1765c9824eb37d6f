"""Files of a bundle that can be fetched before it is published: verified, in the cache, and not in a box yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topmast_service.domain import access
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import OK
from topmast_service.domain.token import needs_token
from topmast_service.errors import Expired, NoSuchFile, NotReady
from topmast_service.staging.cache import Cache
from topmast_service.staging.manifest_files import PAGES
from topmast_service.staging.version import Version
from topmast_service.store.slices import Slices
from topmast_service.store.tables import Table
from topmast_service.workflows.control import products_table
from topmast_service.workflows.report import version_of

LOOK_AGAIN = 2.0
"""Seconds after which it is worth asking again for a file that has not arrived."""


@dataclass(frozen=True)
class Arrived:
    """A verified file: where its bytes are now, where it will lie in the box, and what `Rights.check` looks at."""

    blob: Path
    path: str
    sha256: str
    deciding: dict[str, str]


@dataclass(frozen=True)
class Arrivals:
    """Asks the work list. What a bundle's first revision has arrived of; later ones replace one that can be seen."""

    slices: Slices
    cache: Cache
    folder: Path

    def after(self, bundle: Job, known: int, limit: int) -> tuple[list[dict[str, Any]], int]:
        """The next files of a bundle that is being made, in the order of their arrival, and how many are known then.

        Where the list has become shorter than what is known, the bundle was begun anew; so is the answer.

        Returns
        -------
        list of dict
            ``{"_row", "path", "dataURI", "size", "sha256"}``.
        int
            What to give as `known` the next time.
        """
        if known > self.slices.arrivals(bundle.id):
            known = 0
        numbers = self.slices.arrived(bundle.id, known, limit)
        products = self._products(bundle, numbers)
        results = self.slices.results_of(bundle.id, numbers)
        items = [_item(products[n], results[n]) for n in numbers if n in products and n in results]
        return items, known + len(numbers)

    def file(self, bundle: Job, path: str) -> Arrived:
        """One file of a bundle that is being made.

        Raises
        ------
        NotReady
            It has not arrived, or is one that is written in the end.
        NoSuchFile
            There is none, or it cannot be had; with the reason.
        """
        row = self._row(bundle, path)
        number = int(row["_row"])
        result = self.slices.results_of(bundle.id, [number]).get(number)
        if result is None:
            raise _not_yet(path)
        if result["status"] != OK:
            raise NoSuchFile(f"{path} could not be had: {result['reason']}.")
        version = version_of(result)
        blob = self.cache.path(version)
        if not blob.exists():  # evicted: publishing will fetch it again
            raise _not_yet(path)
        return Arrived(blob, path, version.sha256, _deciding(row, version))

    def _row(self, bundle: Job, path: str) -> dict[str, Any]:
        """The product row of the file that will lie at `path`."""
        try:
            table = Table(products_table(self.folder, bundle.id))
        except Expired:
            raise _not_yet(path) from None  # it is not known yet which files there are
        if "path" not in table.columns or path in PAGES:
            raise _not_yet(path)
        for row in table.rows("path = ?", path):
            return row
        if any(True for _ in table.rows("path > ? AND path < ?", f"{path}/", f"{path}0")):
            raise _not_yet(path)  # a folder: what is in it is known when it is published
        raise NoSuchFile(f"Bundle {bundle.id} will have no {path}.")

    def _products(self, bundle: Job, numbers: list[int]) -> dict[int, dict[str, Any]]:
        """Product rows by their numbers; none of a table of an earlier release, which tells no paths."""
        if not numbers:
            return {}
        try:
            table = Table(products_table(self.folder, bundle.id))
        except Expired:
            return {}
        rows = table.rows(f"_row IN ({','.join(map(str, numbers))})")
        return {row["_row"]: row for row in rows if row.get("path")}


def _item(row: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    facts = {name: row[name] for name in ("_row", "path", "dataURI")}
    return {**facts, "size": result["version"]["size"], "sha256": result["version"]["sha256"]}


def _deciding(row: Mapping[str, Any], version: Version) -> dict[str, str]:
    closed = version.exclusive or needs_token(row["dataURI"])
    told = access.EXCLUSIVE if closed else access.PUBLIC
    return {"dataURI": row["dataURI"], "sha256": version.sha256, "access": told, "path": row["path"]}


def _not_yet(path: str) -> NotReady:
    return NotReady(f"{path} has not arrived.", retry_after=LOOK_AGAIN)
