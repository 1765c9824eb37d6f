"""Product rows, made per request: 20 columns as MAST's portal lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topmast_sandbox.catalogue.caom import PREFIX
from topmast_sandbox.catalogue.content import Contents
from topmast_sandbox.catalogue.items import MRP
from topmast_sandbox.catalogue.record import Listed, Record, Source
from topmast_sandbox.catalogue.reprocess import History
from topmast_sandbox.catalogue.rights import Rights


class Listing:
    """One request's rows. What repeats (sizes of guide-star files, members' rows) is worked out once."""

    def __init__(self, source: Source, history: History, contents: Contents, rights: Rights, now: float) -> None:
        self._source = source
        self._history = history
        self._contents = contents
        self._rights = rights
        self._now = now
        self._planes: dict[int, dict[str, Any]] = {}
        self._sizes: dict[str, int] = {}
        self._versions: dict[str, str] = {}

    def row(self, listed: Listed, parent: int) -> dict[str, Any]:
        """One line of the listing of observation `parent`."""
        record, plane = listed
        if record.stated is not None:
            return self._stated(record, record.stated, plane)
        today, item = self._plane(plane), record.item
        filename = self._history.current(record.filename)
        return {
            "obsID": today["obsid"],
            "obs_collection": today["obs_collection"],
            "dataproduct_type": today["dataproduct_type"],
            "obs_id": today["obs_id"],
            "description": item.description,
            "type": "D" if today["calib_level"] == 3 else "S",
            "dataURI": PREFIX + filename,
            "productType": item.product_type,
            "productGroupDescription": MRP if item.recommended else None,
            "productSubGroupDescription": item.sub_group,
            "productDocumentationURL": None,
            "project": today["provenance_name"],
            "prvversion": self._version(record),
            "proposal_id": today["proposal_id"],
            "productFilename": filename,
            "size": self._size(record),
            "parent_obsid": parent,
            "dataRights": self._rights.listed(record, today, self._now)[0],
            "calib_level": item.level,
            "filters": today["filters"],
        }

    def _stated(self, record: Record, stated: Mapping[str, Any], plane: Mapping[str, Any]) -> dict[str, Any]:
        """A row of a table, changed only where an event changed it, or what was stated of its rights."""
        row = dict(stated)
        filename = self._history.current(record.filename)
        if filename != record.filename:
            row["dataURI"] = record.uri.removesuffix(record.filename) + filename
            row["productFilename"] = filename
        if row["size"] is not None:
            row["size"] = self._size(record)
        if self._rights.spoken_of(record):
            row["dataRights"] = self._rights.listed(record, self._plane(plane), self._now)[0]
        return row

    def _plane(self, plane: Mapping[str, Any]) -> dict[str, Any]:
        key = plane["obsid"]
        if key not in self._planes:
            self._planes[key] = self._rights.plane(self._source, plane, self._now)
        return self._planes[key]

    def _size(self, record: Record) -> int:
        if record.filename not in self._sizes:
            true = self._contents.size(record, self._history.revision(record))
            self._sizes[record.filename] = self._history.listed_size(record, true)
        return self._sizes[record.filename]

    def _version(self, record: Record) -> str:
        if record.filename not in self._versions:
            self._versions[record.filename] = self._history.revision(record).cal_ver
        return self._versions[record.filename]
