"""A product row of MAST, and where its file lies in a box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from topmast_service.domain import telemetry
from topmast_service.domain.columns import Column

PREFIXES = ("mast:JWST/", "mast:HST/", "mast:HLSP/", "mast:jwstedb/", "crds://")
"""dataURIs that topmast fetches; other missions' rows are shown but cannot be staged. ``crds://`` is what the ``R_``
keywords of a calibrated file say."""

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
        _C("obsID", description="Observation the file belongs to, by MAST's number"),
        _C("parent_obsid", description="Observation whose opening listed the file first"),
        _C("t_obs_release", "float", "d", "Release of that observation's data, MJD"),
        _C("mrp", "boolean", "", "Whether any opened observation recommends it"),
        _C("listed", "int", "", "How many times MAST listed it: once for each observation that leads to it"),
        _C("extension", description="What the file name ends in: fits, json, csv, ecsv, jpg"),
        _C("suffix", description="What stands before the extension: uncal, rate, i2d, asn"),
        _C("observation", description="Three digits, as the file name tells it"),
        _C("visit", description="Program, observation and visit: eleven digits, as the file name tells it"),
        _C("detector", description="In small letters, as the file name tells it"),
        _C("segment", "int", "", "Number of the segment of a long time series"),
        _C("exposure", description="File set: the file name up to the detector"),
        _C("exp_type", description="Exposure type, where a selection asks for it: MIR_IMAGE, MIR_TACQ"),
        _C("t_min", "float", "d", "Beginning of the exposure, MJD, where a selection asks for it"),
        _C("excluded", description="Why it is not part of the bundle; empty if it is"),
        _C("needed_for", description="Why it is part of the bundle though nobody chose it: parent of, reference of"),
        _C("path", description="Where it lies in the box"),
    )
}
"""Columns of a bundle's product table: MAST's own, then the release, `mrp` and `listed` from us, what the file's name
and the instrument-keyword services tell, and what was decided."""

DECIDED = frozenset({"excluded", "needed_for", "path"})
"""What a bundle says of a product; a search for products knows nothing of it."""

TOLD = frozenset(
    {
        "t_obs_release",
        "extension",
        "suffix",
        "observation",
        "visit",
        "detector",
        "segment",
        "exposure",
        "exp_type",
        "t_min",
    }
)
"""What the observation, the file's name and the keyword services tell of a product."""

COUNTED = frozenset({"mrp", "listed"})
"""What grows with every row that lists the file."""


_TEXTS = ("filters", "extension", "suffix", "detector", "visit", "exp_type")


@dataclass(frozen=True)
class Product:
    """What selection looks at, of one file. `size` is in bytes, `t_min` an MJD, `visit` has eleven digits."""

    uri: str
    filename: str
    type: str
    sub_group: str
    level: int | None
    mrp: bool
    size: int | None = None
    filters: str = ""
    extension: str = ""
    suffix: str = ""
    detector: str = ""
    visit: str = ""
    exp_type: str = ""
    t_min: float | None = None

    @property
    def guide_star(self) -> bool:
        """Guide-star files hang on every exposure of a visit: 12,000 of one program's 17,000 files were such."""
        return self.sub_group.startswith("GS-") or "_gs-" in self.filename


def of_row(row: Mapping[str, Any], *, mrp: bool) -> Product:
    """The product of a row with MAST's columns and those of its name; `mrp` as flagged under any of its parents."""
    return Product(
        uri=str(row["dataURI"]),
        filename=str(row.get("productFilename") or filename(str(row["dataURI"]))),
        type=str(row.get("productType") or ""),
        sub_group=str(row.get("productSubGroupDescription") or ""),
        level=row.get("calib_level"),
        mrp=mrp,
        size=row.get("size"),
        t_min=row.get("t_min"),
        **{name: str(row.get(name) or "") for name in _TEXTS},
    )


def filename(uri: str) -> str:
    """The last part of a dataURI."""
    return uri.rpartition("/")[2]


def stem(uri: str) -> str:
    """The observation-like stem of a bare dataURI: its file name without suffix and extension; a mnemonic."""
    if mnemonic := telemetry.mnemonic_of(uri):
        return mnemonic
    return filename(uri).rpartition(".")[0].rpartition("_")[0] or filename(uri)
