"""What a bundle says about every requested file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ._reading import text, whole

TEXTS = {
    "uri": "dataURI",
    "path": "path",
    "filename": "productFilename",
    "obs_id": "obs_id",
    "description": "description",
    "product_type": "productType",
    "sub_group": "productSubGroupDescription",
    "access": "access",
    "status": "status",
    "reason": "reason",
    "sha256": "sha256",
    "source": "source",
}


@dataclass(frozen=True)
class ManifestRow:
    """One requested file.

    `path` is where it lies in the box; `status` is OK, FAILED or WITHHELD and `reason` says why; `size` is in
    bytes; `raw` is the row as sent, with MAST's own names.
    """

    uri: str = ""
    path: str = ""
    filename: str = ""
    obs_id: str = ""
    description: str = ""
    product_type: str = ""
    sub_group: str = ""
    calib_level: int | None = None
    access: str = ""
    status: str = ""
    reason: str = ""
    size: int | None = None
    sha256: str = ""
    source: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ManifestRow:
        """From a row of GET /v1/bundles/{id}/manifest; unknown members stay in `raw`."""
        known: dict[str, Any] = {ours: text(document.get(theirs)) for ours, theirs in TEXTS.items()}
        known |= {name: whole(document.get(name)) for name in ("calib_level", "size")}
        return cls(**known, raw=document)

    @property
    def ok(self) -> bool:
        """Whether the file is in the box."""
        return self.status == "OK"
