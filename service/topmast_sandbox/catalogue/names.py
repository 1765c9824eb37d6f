"""How JWST files are called: the naming rules of the archive, both ways.

Source: JWST Science Data Products (file naming) and the association conventions of the calibration pipeline.
"""

from __future__ import annotations

import re

EXPOSURE = re.compile(
    r"^jw(?P<program>\d{5})(?P<observation>\d{3})(?P<visit>\d{3})_(?P<group>\d{2})(?P<sequence>\d)(?P<activity>[0-9a-z]{2})"
    r"_(?P<exposure>\d{5})(?:-seg(?P<segment>\d{3}))?_(?P<detector>[a-z0-9]+?)"
    r"(?:_(?P<candidate>[aoc]\d{3,4}))?_(?P<suffix>[a-z0-9\-]+)\.(?:fits|jpg|png)$"
)
DERIVED = re.compile(
    r"^jw(?P<program>\d{5})-(?P<candidate>[aocr]\d{3,4})_(?:t(?P<target>\d{3})|[sbv](?P<source>\d{5,9}))"
    r"(?:-epoch\d)?_(?P<instrument>[a-z0-9]+)_(?P<optics>[a-z0-9\-]+?)_(?P<suffix>[a-z0-9\-]+)\.(?:fits|jpg|png|ecsv)$"
)
ASSOCIATION = re.compile(
    r"^jw(?P<program>\d{5})-(?P<candidate>[aocr]\d{3,4})_(?P<stamp>\d{8}t\d{6})_(?P<type>[a-z0-9\-]+)_(?P<count>\d{3,5})_asn\.json$"
)
POOL = re.compile(r"^jw(?P<program>\d{5})_(?P<stamp>\d{8}t\d{6})_pool\.csv$")
MSA = re.compile(r"^jw(?P<program>\d{5})(?P<observation>\d{3})(?P<visit>\d{3})_\d{2}_msa\.fits$")
GUIDE = re.compile(
    r"^jw(?P<program>\d{5})(?P<observation>\d{3})(?P<visit>\d{3})_gs-(?P<function>id|acq1|acq2|track|fg)_(?:\d{1,2}|\d{13})"
    r"(?:-seg\d{3})?(?:_(?:image|stacked))?[_-](?P<suffix>uncal|cal|stream)\.(?:fits|jpg)$"
)
WAVEFRONT = re.compile(r"^[RO]\d{10}-NRCA3_FP\d-\d\.fits$")

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_STAMP = re.compile(r"_\d{8}t\d{6}_")


def visit_id(program: str, observation: int, visit: int) -> str:
    """``01558001001``: VISIT_ID, program (5 digits) + observation + visit."""
    return f"{program}{observation:03d}{visit:03d}"


def exposure_stem(visit: str, activity: int, exposure: int, *, group: int = 2, sequence: int = 1) -> str:
    """``jw01558001001_02101_00001``: a file set. Activities count in base 36."""
    high, low = divmod(activity, 36)
    return f"jw{visit}_{group:02d}{sequence}{_BASE36[high]}{_BASE36[low]}_{exposure:05d}"


def optics(setup: str, mode: str, subarray: str) -> str:
    """The optical elements of a target-level name, from CAOM's filter string.

    Elements stand in alphabetical order (``f405n-f444w`` for ``F444W;F405N``); a single filter of an imager with
    two wheels is paired with ``clear``; a subarray follows.
    """
    elements = sorted(element.lower() for element in setup.split(";"))
    if len(elements) == 1 and mode in {"NIRCAM/IMAGE", "NIRISS/IMAGE", "NIRCAM/CORON"}:
        elements.insert(0, "clear")
    if subarray not in {"FULL", "SUBS200A1"}:
        elements.append(subarray.lower())
    return "-".join(elements)


def derived_stem(program: str, candidate: str, subject: str, instrument: str, elements: str) -> str:
    """``jw01558-o001_t001_miri_f1000w``: a target-level observation."""
    return f"jw{program}-{candidate}_{subject}_{instrument.lower()}_{elements}"


def association(program: str, candidate: str, stamp: str, kind: str, *, count: int, digits: int) -> str:
    """``jw01558-o001_20250911t184340_image3_00001_asn.json``; the counter had 3 digits before 2023."""
    return f"jw{program}-{candidate}_{stamp}_{kind}_{count:0{digits}d}_asn.json"


def pool(program: str, stamp: str) -> str:
    """``jw01558_20250911t184340_pool.csv``."""
    return f"jw{program}_{stamp}_pool.csv"


def restamped(filename: str, stamp: str) -> str:
    """The name of an association or pool as a later processing makes it."""
    return _STAMP.sub(f"_{stamp}_", filename)


def program_of(filename: str) -> int:
    """Program number in a JWST name, or -1 for anything else."""
    return int(filename[2:7]) if filename[:2] == "jw" and filename[2:7].isdigit() else -1
