"""Rows of other missions and of the community, stated one by one in ``other_missions.toml``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from topmast_sandbox.catalogue import facts
from topmast_sandbox.catalogue.caom import COLUMNS, Row
from topmast_sandbox.catalogue.tables import PRODUCT_COLUMNS, Tables

_FIRST_OBSID = 24_000_000
_FITS_BLOCK = 2880


def tables(scale: float) -> Tables:
    """Those rows as tables, file sizes shrunk by `scale` (FITS to whole blocks)."""
    stated = facts.load("other_missions.toml")["row"]
    planes = [_plane(number, entry) for number, entry in enumerate(stated)]
    products = [row for plane, entry in zip(planes, stated, strict=True) for row in _products(plane, entry, scale)]
    return Tables(planes, products)


def _plane(number: int, entry: dict[str, Any]) -> Row:
    target = next(t for t in facts.targets() if t.name == entry["near"])
    east, north = entry["offset"]
    ra, dec = float(target.ra or 0), float(target.dec or 0)
    low, high = entry["em"]
    known = {
        "intentType": "science",
        "project": entry["obs_collection"],
        "wavelength_region": "INFRARED" if low > 1000 else "OPTICAL" if low > 320 else "UV",
        "target_name": target.name,
        "s_ra": ra + east / 3600 / math.cos(math.radians(dec)),
        "s_dec": dec + north / 3600,
        "dataproduct_type": "image",
        "calib_level": 3,
        "t_max": entry["t_min"] + entry["t_exptime"] / 86400,
        "em_min": float(low),
        "em_max": float(high),
        "t_obs_release": entry["t_min"] + 365.0,
        "sequence_number": -999,
        "dataRights": "PUBLIC",
        "mtFlag": False,
        "obsid": _FIRST_OBSID + number,
        "objID": _FIRST_OBSID * 3 + number,
        **entry,
    }
    return {column: known.get(column) for column in COLUMNS}


def _products(plane: Row, entry: dict[str, Any], scale: float) -> Iterator[Row]:
    mission = plane["obs_collection"]
    folder = f"mast:{mission}/product/" if mission != "HLSP" else f"mast:HLSP/{plane['provenance_name'].lower()}/"
    for ending, kind, sub_group, level, size in entry["products"]:
        filename = f"{plane['obs_id']}{ending}"
        known = {
            **{column: plane.get(column) for column in PRODUCT_COLUMNS},
            "obsID": plane["obsid"],
            "parent_obsid": plane["obsid"],
            "type": "S",
            "dataURI": folder + filename,
            "productFilename": filename,
            "productType": kind,
            "productSubGroupDescription": sub_group or None,
            "description": f"{mission} {sub_group or kind.lower()}",
            "calib_level": level,
            "size": _scaled(size, scale),
        }
        yield {column: known.get(column) for column in PRODUCT_COLUMNS}


def _scaled(size: int, scale: float) -> int:
    """A listed size, shrunk; still a length that a FITS file can have."""
    return max(16, round(size * scale) // _FITS_BLOCK) * _FITS_BLOCK
