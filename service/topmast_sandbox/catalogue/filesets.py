"""The mission search's rows: one per file set, with its products."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from topmast_sandbox.catalogue import header, keywords, names
from topmast_sandbox.catalogue.file import File
from topmast_sandbox.catalogue.header import Revision
from topmast_sandbox.catalogue.record import Record
from topmast_sandbox.clock import from_mjd

_LEVELS = ("1b", "2a", "2b", "2c", "3")
_KEPT = (
    "targprop targ_ra targ_dec instrume exp_type duration program observtn visit pi_name targtype cal_ver s_region "
    "targname visit_id filter pupil grating detector subarray readpatt template category title nints ngroups exsegtot "
    "expstart expend crds_ctx expmid effexptm"
)


def group(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Records of one program by file-set name; associations, pools and guide stars belong to none."""
    found: dict[str, list[Record]] = {}
    for record in records:
        if names.EXPOSURE.match(record.filename) or names.DERIVED.match(record.filename):
            found.setdefault(keywords.file_set(record), []).append(record)
    return found


def row(
    name: str, records: list[Record], revision: Callable[[Record], Revision], today: dict[str, Any]
) -> dict[str, Any]:
    """A file set's row, with the columns of the mission search; `today` is the row of its observation."""
    first = records[0]
    known = header.values(first, revision(first))
    plane = first.plane
    made = {keywords.level(r) for r in records if r.item.product_type == "SCIENCE"}
    program = first.plan.program if first.plan else None
    started, release = plane["t_min"], today["t_obs_release"]
    return {
        "ArchiveFileID": keywords.archive_number(first.uri),
        "fileSetName": name,
        "productLevel": ", ".join(level for level in _LEVELS if level in made),
        **{column: known.get(column) for column in _KEPT.split()},
        "opticalElements": plane["filters"],
        "date_obs": _precise(started),
        "publicReleaseDate": _precise(release),
        "proposal_type": plane["proposal_type"],
        "proposal_cycle": program.cycle if program else None,
        "access": today["dataRights"],
        "tsovisit": "t" if known.get("tsovisit") else "f",
    }


def product(name: str, record: Record, file: File) -> dict[str, Any]:
    """A product of a file set, with the keys of the mission search."""
    stem, _, extension = file.filename.rpartition(".")
    preview = record.item.product_type == "PREVIEW"
    return {
        "product_key": f"{name}_{file.filename}",
        "access": file.rights,
        "dataset": name,
        "instrument_name": str(record.plane["instrument_name"] or "").partition("/")[0],
        "filters": record.plane["filters"],
        "filename": file.filename,
        "uri": f"{name}/{file.filename}",
        "authz_primary_identifier": file.program,
        "authz_secondary_identifier": None,
        "file_suffix": f"_{stem.rpartition('_')[2]}",
        "category": keywords.level(record),
        "size": file.listed_size,
        "type": "preview" if preview else "science" if extension == "fits" else "info",
    }


def _precise(days: object) -> str | None:
    """A time as the mission search prints it, with seven decimals of a second."""
    return (
        f"{from_mjd(days).replace(tzinfo=None).isoformat(timespec='microseconds')}0"
        if isinstance(days, float)
        else None
    )
