"""A product row of MAST, and where its file lies in a box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from topmast_service.domain import telemetry
from topmast_service.domain.columns import Column

PREFIXES = ("mast:JWST/", "mast:HST/", "mast:HLSP/", "mast:jwstedb/")
"""dataURIs that topmast fetches; other missions' rows are shown but cannot be staged."""

MRP = "Minimum Recommended Products"

_C = Column
COLUMNS: dict[str, Column] = {
    c.name: c
    for c in (
        _C("dataURI", description="What MAST fetches the file by"),
        _C("productFilename", description="File name"),
        _C("obs_id", description="Observation the file belongs to"),
        _C("obs_collection", description="Mission"),
        _C("dataproduct_type", description="image, spectrum, cube, timeseries, measurements"),
        _C("description", description="MAST's words for the kind of file"),
        _C("type", description="S simple (one exposure and detector), D derived, C composite"),
        _C("productType", description="SCIENCE, INFO, AUXILIARY, PREVIEW, THUMBNAIL"),
        _C("productGroupDescription", description="Minimum Recommended Products, relative to the row opened"),
        _C("productSubGroupDescription", description="Suffix in capitals: I2D, UNCAL, ASN, GS-ACQ1 …"),
        _C("proposal_id", description="Program"),
        _C("prvversion", description="Pipeline version (CAL_VER)"),
        _C("size", "int", "byte", "Size as the catalogue says; a hint, not a promise"),
        _C("dataRights", description="PUBLIC, EXCLUSIVE_ACCESS or RESTRICTED"),
        _C("calib_level", "int", "", "Calibration level"),
        _C("filters", description="Optical elements"),
        _C("parent_obsid", description="Observation whose opening listed the file first"),
        _C("t_obs_release", "float", "d", "Release of that observation's data, MJD"),
        _C("mrp", "boolean", "", "Whether any opened observation recommends it"),
        _C("listed", "int", "", "How many times MAST listed it: once for each observation that leads to it"),
        _C("excluded", description="Why it is not part of the bundle; empty if it is"),
    )
}
"""Columns of a bundle's product table: MAST's own, then the release, `mrp`, `listed` and `excluded` from us."""


@dataclass(frozen=True)
class Product:
    """What selection looks at, of one file."""

    uri: str
    filename: str
    type: str
    sub_group: str
    level: int | None
    mrp: bool

    @property
    def suffix(self) -> str:
        """The part between the last ``_`` and the extension, in capitals: ``…_i2d.fits`` → ``I2D``."""
        return self.filename.rpartition(".")[0].rpartition("_")[2].upper()

    @property
    def guide_star(self) -> bool:
        """Guide-star files hang on every exposure of a visit: 12,000 of one program's 17,000 files were such."""
        return self.sub_group.startswith("GS-") or "_gs-" in self.filename


def of_row(row: Mapping[str, Any], *, mrp: bool) -> Product:
    """The product of a row with MAST's columns; `mrp` as flagged under any of its parents."""
    return Product(
        uri=str(row["dataURI"]),
        filename=str(row.get("productFilename") or filename(str(row["dataURI"]))),
        type=str(row.get("productType") or ""),
        sub_group=str(row.get("productSubGroupDescription") or ""),
        level=row.get("calib_level"),
        mrp=mrp,
    )


def filename(uri: str) -> str:
    """The last part of a dataURI."""
    return uri.rpartition("/")[2]


def stem(uri: str) -> str:
    """The observation-like stem of a bare dataURI: its file name without suffix and extension; a mnemonic."""
    if mnemonic := telemetry.mnemonic_of(uri):
        return mnemonic
    return filename(uri).rpartition(".")[0].rpartition("_")[0] or filename(uri)
