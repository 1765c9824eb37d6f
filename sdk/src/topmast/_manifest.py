"""What a bundle says about every requested file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ._reading import moment, text, whole

TEXTS = (
    "dataURI", "path", "productFilename", "obs_id", "description", "productType", "productSubGroupDescription",
    "access", "status", "reason", "sha256", "source", "cal_ver", "crds_ctx", "date",
)  # fmt: skip


@dataclass(frozen=True)
class ManifestRow:
    """One requested file, under MAST's own names.

    `path` is where it lies in the box; `status` is OK, FAILED, WITHHELD or EXCLUDED (named, and left out by the
    selection) and `reason` says why; `release` is when MAST says that exclusive access ends, in UTC, where it says so;
    `size` is in bytes; `raw` is the row as sent.
    """

    dataURI: str = ""  # noqa: N815 - MAST's column name
    path: str = ""
    productFilename: str = ""  # noqa: N815 - MAST's column name
    obs_id: str = ""
    description: str = ""
    productType: str = ""  # noqa: N815 - MAST's column name
    productSubGroupDescription: str = ""  # noqa: N815 - MAST's column name
    calib_level: int | None = None
    access: str = ""
    status: str = ""
    reason: str = ""
    size: int | None = None
    sha256: str = ""
    source: str = ""
    cal_ver: str = ""
    crds_ctx: str = ""
    date: str = ""
    release: dt.datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ManifestRow:
        """From a row of GET /v1/bundles/{id}/manifest; unknown members stay in `raw`."""
        known: dict[str, Any] = {name: text(document.get(name)) for name in TEXTS}
        known |= {name: whole(document.get(name)) for name in ("calib_level", "size")}
        return cls(**known, release=moment(document.get("release")), raw=document)

    @property
    def ok(self) -> bool:
        """Whether the file is in the box."""
        return self.status == "OK"

    @property
    def missing(self) -> bool:
        """Whether the file was wanted and is not in the box."""
        return self.status not in ("OK", "EXCLUDED")
