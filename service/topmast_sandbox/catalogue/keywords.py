"""The instrument-keyword tables (``Mast.Jwst.Filtered.*``): one row per FITS file of the highest levels.

Columns are the FITS keywords in lower case plus the archive's own. Dates come twice: as ``/Date(ms)/`` and, named
``<column>_mjd``, as a number. Logical keywords are ``t`` and ``f``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b, md5
from typing import Any

from topmast_sandbox.catalogue import header, names
from topmast_sandbox.catalogue.file import File
from topmast_sandbox.catalogue.header import Keyword, Revision
from topmast_sandbox.catalogue.record import Record
from topmast_sandbox.clock import from_mjd, mjd

INSTRUMENTS = {
    "nircam": "NIRCAM",
    "niriss": "NIRISS",
    "nirspec": "NIRSPEC",
    "miri": "MIRI",
    "fgs": "FGS",
    "guidestar": "GUIDER",
    "wss": "WSS",
}
_ARCHIVE = (
    ("ArchiveFileID", "int"), ("filename", "string"), ("fileSetName", "string"), ("productLevel", "string"),
    ("fileSize", "int"), ("checksum", "string"), ("FileTypeID", "int"), ("FileSetId", "int"),
    ("isRestricted", "boolean"), ("isItar", "boolean"), ("isStale", "boolean"),
    ("dataURI", "string"), ("s_region", "string"),
)  # fmt: skip
_ARCHIVE_DATES = ("ingestStartDate", "ingestCompletionDate", "publicReleaseDate")
_GUIDE_EXTRA = (("isJitter", "boolean"),)
_WSS_EXTRA = (("ap_type", "string"), ("corr_id", "string"), ("visitId", "string"))
_TYPES = {"bool": "string", "flag": "boolean", "date": "string"}
_FILE_TYPES = {"MIRI": 59, "NIRCAM": 66, "NIRISS": 75, "NIRSPEC": 84, "FGS": 50}
_LEVEL_3 = 63
_STAGES = {"uncal": "1b", "rate": "2a", "rateints": "2a", "crf": "2c", "crfints": "2c"}


def columns(service: str) -> list[tuple[str, str]]:
    """Name and Portal type of a service's columns; none for an unknown service."""
    instrument = INSTRUMENTS.get(service.lower())
    if instrument is None:
        return []
    found = [*_ARCHIVE, *{"WSS": _WSS_EXTRA, "GUIDER": _GUIDE_EXTRA}.get(instrument, ())]
    if instrument in {"GUIDER", "WSS"}:
        found[1] = ("fileName", "string")
    for word in header.of_instrument(instrument):
        if word.column not in {"filename", "s_region"}:
            found.append((word.column, _TYPES.get(word.type, word.type)))
            found += [(f"{word.column}_mjd", "float")] if word.type == "date" else []
    for name in _ARCHIVE_DATES:
        found += [(name, "string"), (f"{name}_mjd", "float")]
    return found


def service_of(record: Record) -> str | None:
    """Which service has a row for a file: FITS, of the highest levels made; guide stars and wavefront apart."""
    if not record.filename.endswith(".fits") or record.plane["obs_collection"] != "JWST":
        return None
    if names.GUIDE.match(record.filename):
        return "guidestar" if record.item.suffix == "cal" else None
    if names.WAVEFRONT.match(record.filename):
        return "wss"
    if record.item.suffix == "msa" or level(record) not in {"2b", "3"}:
        return None
    return str(record.plane["instrument_name"] or "").partition("/")[0].lower()


def level(record: Record) -> str:
    """DMS product level: 1b, 2a, 2b, 2c, 3."""
    if record.plane["calib_level"] == 3:
        return "3"
    return _STAGES.get(record.item.suffix, "2b")


def row(record: Record, revision: Revision, file: File, service: str) -> dict[str, Any]:
    """What is known of a file, by the columns of a service; the other cells are null, and the checksum is not known."""
    instrument = INSTRUMENTS[service.lower()]
    words = _words(instrument)
    cells: dict[str, Any] = {}
    for column, value in header.values(record, revision).items():
        if column in words and value is not None:
            _add(cells, words[column], value)
    cells.update(_archive(record, revision, file, instrument))
    if instrument == "WSS":
        sensed = revision.filename.partition("-")
        cells |= {"ap_type": "OPD", "corr_id": sensed[0], "visitId": cells.get("visit_id"), "apername": sensed[2][:9]}
    return cells


@cache
def _words(instrument: str) -> dict[str, Keyword]:
    return {word.column: word for word in header.of_instrument(instrument)}


def _add(cells: dict[str, Any], word: Keyword, value: Any) -> None:
    if word.type == "date":
        when = datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else None
        _dates(cells, word.column, when)
    elif word.type == "bool":
        cells[word.column] = "t" if value else "f"
    elif word.type == "string":
        cells[word.column] = str(value)
    else:
        cells[word.column] = value


def _dates(cells: dict[str, Any], column: str, when: datetime | None) -> None:
    cells[column] = f"/Date({round(when.timestamp() * 1000)})/" if when else None
    cells[f"{column}_mjd"] = mjd(when) if when else None


def _archive(record: Record, revision: Revision, file: File, instrument: str) -> dict[str, Any]:
    stage = level(record)
    base = _FILE_TYPES.get(instrument, 40)
    name = {"fileName" if instrument in {"GUIDER", "WSS"} else "filename": revision.filename}
    cells: dict[str, Any] = {
        **name,
        "ArchiveFileID": archive_number(record.uri),
        "fileSetName": file_set(record),
        "productLevel": stage,
        "fileSize": file.size,
        "FileTypeID": _LEVEL_3 if stage == "3" else base + int(stage[0] == "2") + int(stage == "2b"),
        "FileSetId": archive_number(file_set(record)),
        "isRestricted": None if file.rights is None else file.rights == "RESTRICTED",
        "isItar": False,
        "isStale": False,
        "isJitter": False,
        "dataURI": file.uri,
        "s_region": record.plane["s_region"],
    }
    release = None if file.release_mjd is None else from_mjd(file.release_mjd)
    for column, when in zip(_ARCHIVE_DATES, (file.modified, file.modified, release), strict=True):
        _dates(cells, column, when)
    return cells


def file_set(record: Record) -> str:
    """File-set name: an exposure without its detector, a target-level product up to its instrument."""
    match = names.EXPOSURE.match(record.filename)
    if match:
        return record.filename[: match.start("exposure") + 5]
    match = names.DERIVED.match(record.filename)
    return record.filename[: match.end("instrument")] if match else record.filename.partition(".")[0]


def archive_number(text: str) -> int:
    """The number under which the archive keeps a file or file set."""
    return 100_000_000 + int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big") % 800_000_000


def checksum(file: File) -> str:
    """MD5 of a file's bytes."""
    digest = md5(usedforsecurity=False)
    for chunk in file.read():
        digest.update(chunk)
    return digest.hexdigest()


def by_service(records: Iterable[Record]) -> dict[str, list[Record]]:
    """The files that each service has a row for."""
    found: dict[str, list[Record]] = {service: [] for service in INSTRUMENTS}
    for record in records:
        if (service := service_of(record)) in found:
            found[service].append(record)
    return found
