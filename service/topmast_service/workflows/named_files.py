"""Product rows for files that are named one by one: by their dataURIs, or by the rows of a keyword search.

MAST lists products by observation; of a named file only its name is known, or what the keyword services say of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from topmast_service.domain import access, dates, product
from topmast_service.domain.rows import Question
from topmast_service.errors import NotToBeBundled
from topmast_service.store.tables import Table

Row = Mapping[str, Any]

_RIGHTS = {
    access.PUBLIC: "PUBLIC", access.EXCLUSIVE: "EXCLUSIVE_ACCESS", access.RESTRICTED: "RESTRICTED",
}  # fmt: skip
_CANDIDATE = re.compile(r"^(jw\d{11}_.*)_[aocr]\d{3,4}$")
"""An exposure's file made in stage 3 names the association candidate behind the detector; its obs_id does not."""

_GUIDE_STAR = re.compile(r"_(gs-[a-z0-9]+)_")
_AUXILIARY = frozenset({"SEGM", "MSA"})


def files(table: Table, question: Question, now: datetime) -> Iterator[Row] | None:
    """The files that the chosen rows of a search are; None if they are observations.

    Rights of files that a keyword search found are those of the moment `now`.

    Raises
    ------
    NotToBeBundled
        The rows name neither.
    """
    if "obsid" in table.columns:
        return None
    if "dataURI" not in table.columns:
        raise NotToBeBundled("The rows of this search name no files.")
    if "productFilename" in table.columns:  # the products of a search
        return table.every(question)
    return (of_keywords(row, now) for row in table.every(question))


def of_uri(uri: str) -> dict[str, Any]:
    """The row of a file of which only the dataURI is known."""
    return {
        "dataURI": uri,
        "productFilename": product.filename(uri),
        "obs_id": product.stem(uri),
        "obs_collection": uri.removeprefix("mast:").partition("/")[0],
        "description": "",
    }


def of_keywords(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The row of a file that a keyword or wavefront search found; rights are those of the moment `now`."""
    found = of_uri(str(row["dataURI"]))
    guide_star = _GUIDE_STAR.search(found["productFilename"])
    label = guide_star[1] if guide_star else found["productFilename"].rpartition(".")[0].rpartition("_")[2]
    released = access.release(row)
    return found | {
        "obs_id": _obs_id(found["productFilename"]),
        "productType": "AUXILIARY" if guide_star or label.upper() in _AUXILIARY else "SCIENCE",
        "productSubGroupDescription": label.upper(),
        "proposal_id": row.get("program"),
        "prvversion": row.get("cal_ver"),
        "size": row.get("fileSize"),
        "filters": row.get("filter"),
        "calib_level": _level(row.get("productLevel")),
        "dataRights": _RIGHTS.get(access.of_row(row, now)),
        "t_obs_release": dates.to_mjd(released) if released else None,
    }


def _obs_id(name: str) -> str:
    """The observation as file names tell it; a wavefront map (``R2022071601-NRCA3_FP1-1``) has no suffix."""
    stem = product.stem(name) if name.startswith("jw") else name.rpartition(".")[0]
    candidate = _CANDIDATE.match(stem)
    return candidate[1] if candidate else stem


def _level(stage: Any) -> int | None:
    """CAOM's level of a processing stage: ``2b`` is 2."""
    return int(str(stage)[0]) if str(stage)[:1].isdigit() else None
