"""Manifest rows: what was asked for (the product table) beside what became of it (the settled results)."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from topmast_service.domain import access, filename, product
from topmast_service.domain.columns import Column
from topmast_service.domain.layout import DEFAULT, Places
from topmast_service.domain.manifest import EXCLUDED, FAILED, OK, WITHHELD, LeftOut, ManifestRow, why_left_out
from topmast_service.domain.token import needs_token
from topmast_service.errors import Expired
from topmast_service.staging.version import Version
from topmast_service.store.tables import Table

_NUMBERS = {"size", "calib_level", "crc32"}

MANIFEST = tuple(
    Column(f.name, "int" if f.name in _NUMBERS else "string", "byte" if f.name == "size" else "")
    for f in fields(ManifestRow)
)
"""The columns of a manifest table, one per field of `ManifestRow`."""

SELECTED = '"excluded" IS NULL'
"""Rows of a product table that belong to the bundle."""


class Rows:
    """The manifest rows of a bundle, walked as often as needed and never held (a box may have 70,000).

    Parameters
    ----------
    named
        The dataURIs that the request named one by one. Whoever named a file is told of it, also when the rest of the
        request left it out; products of observations that were not selected were never asked for (`Excluded`).
    """

    def __init__(
        self, products: Table, results: Mapping[int, Mapping[str, Any]], now: datetime, *, named: Container[str] = ()
    ) -> None:
        self._products = products
        self._named = named
        self._results = results
        self._now = now

    def __iter__(self) -> Iterator[ManifestRow]:
        return (row for row, _ in self._all())

    def delivered(self) -> Iterator[tuple[ManifestRow, Mapping[str, Any]]]:
        """The rows that have a file, with what is known of it."""
        return ((row, result) for row, result in self._all() if row.status == OK)

    def _all(self) -> Iterator[tuple[ManifestRow, Mapping[str, Any]]]:
        """Every row with its result. A table of an earlier release tells no paths; there was one layout then."""
        places = Places(DEFAULT)
        for row in self._products.rows("1" if self._named else SELECTED):
            if row["excluded"] and row["dataURI"] not in self._named:
                continue
            result = _left_out(row) or self._results.get(row["_row"], {})
            path = "" if row["excluded"] else row.get("path") or places.of(row)
            yield _row(row, path, result, self._now), result


class Written:
    """The same rows from the manifest table: nothing is worked out again, and the box says what the table says."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __iter__(self) -> Iterator[ManifestRow]:
        for cells in self._table.rows():
            del cells["_row"]
            yield ManifestRow(**cells)


class Excluded:
    """Every listed product that is not in the bundle, with the reason; walked as often as needed, never held."""

    def __init__(self, products: Path) -> None:
        self._path = products

    def __iter__(self) -> Iterator[LeftOut]:
        try:
            for row in Table(self._path).rows('"excluded" IS NOT NULL'):
                cells = {f.name: row[f.name] for f in fields(LeftOut) if f.name != "reason"}
                name = cells["productFilename"] or product.filename(row["dataURI"])
                yield LeftOut(**cells | {"productFilename": name, "reason": why_left_out(row["excluded"])})
        except Expired:  # the doctor writes the pages of an old box anew; what was left out is known no longer
            return


def _left_out(row: Mapping[str, Any]) -> dict[str, str]:
    reason = row["excluded"]
    return {"status": EXCLUDED, "reason": why_left_out(reason)} if reason else {}


def version_of(result: Mapping[str, Any]) -> Version:
    """The very version that this bundle fetched: the cache may hold a newer one by now."""
    return Version.from_record(result["version"])


def _access(row: Mapping[str, Any], result: Mapping[str, Any], now: datetime) -> str:
    """What MAST's answer says of a file: what came with a token, as engineering data always do, is not for all."""
    version = result.get("version")
    if version:
        closed = version.get("exclusive", False) or needs_token(row["dataURI"])
        return access.of_answer(row, closed=closed, now=now)
    return access.of_answer(row, closed=True, now=now) if _was_refused(result) else access.of_row(row, now)


def _was_refused(result: Mapping[str, Any]) -> bool:
    return result.get("status") == WITHHELD


def _release(row: Mapping[str, Any], now: datetime) -> str:
    """When MAST says that a file becomes public; nothing for what is."""
    released = access.release(row)
    return f"{released:%Y-%m-%dT%H:%M:%SZ}" if released and released > now else ""


def _row(row: Mapping[str, Any], path: str, result: Mapping[str, Any], now: datetime) -> ManifestRow:
    version = result.get("version") or {}
    name = str(row["productFilename"] or product.filename(row["dataURI"]))
    return ManifestRow(
        dataURI=row["dataURI"],
        path=path,
        productFilename=name,
        obs_id=str(row["obs_id"] or ""),
        description=str(row["description"] or filename.meaning(name)),
        productType=str(row["productType"] or ""),
        productSubGroupDescription=str(row["productSubGroupDescription"] or ""),
        calib_level=row["calib_level"],
        access=_access(row, result, now),
        release=_release(row, now),
        status=result.get("status", FAILED),
        reason=result.get("reason", "failed: never tried"),
        size=version.get("size", row["size"]),
        sha256=version.get("sha256", ""),
        source=result.get("source", ""),
        cal_ver=version.get("cal_ver", ""),
        crds_ctx=version.get("crds_ctx", ""),
        date=version.get("date", ""),
        crc32=version.get("crc32"),
    )
