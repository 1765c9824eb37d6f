"""Which files an exposure, a target-level product and a visit own, and what MAST calls each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from topmast_sandbox.catalogue import facts
from topmast_sandbox.catalogue.executed import Derived, Exposure, Visit
from topmast_sandbox.catalogue.expansion import Plan
from topmast_sandbox.clock import from_mjd

MRP = "Minimum Recommended Products"
_SPECTRA = {"x1d", "x1dints", "c1d"}


class Item(NamedTuple):
    """One file as its owner lists it. `suffix` keys suffixes.toml; `sub_group` is None for previews."""

    filename: str
    suffix: str
    product_type: str
    sub_group: str | None
    description: str
    level: int
    recommended: bool = False


def _science(filename: str, suffix: str, *, derived: bool, recommended: bool) -> Item:
    fact = facts.suffixes()[suffix]
    description = fact.derived if derived and fact.derived else fact.description
    level = 3 if derived else fact.level
    return Item(
        filename,
        suffix,
        fact.type,
        suffix.upper(),
        description,
        level,
        recommended and fact.type == "SCIENCE" and suffix != "uncal",
    )


def _preview(stem: str, suffix: str, level: int) -> Item:
    extension = "png" if suffix in _SPECTRA else "jpg"
    return Item(f"{stem}_{suffix}.{extension}", suffix, "PREVIEW", None, "Preview-Full", level)


def _info(filename: str, suffix: str, level: int) -> Item:
    fact = facts.suffixes()[suffix]
    return Item(filename, suffix, "INFO", suffix.upper(), fact.description, level)


def exposure_items(plan: Plan, exposure: Exposure, *, alone: bool) -> Iterator[Item]:
    """Files of one exposure and detector, guide stars apart.

    `alone`: the exposure itself was opened. Then its level-2 science files are the Minimum Recommended
    Products, and its association is listed even where target-level listings leave it out.
    """
    stem = exposure.obs_id
    candidate = f"o{exposure.observation.number:03d}"
    for suffix in exposure.mode.exposure:
        name = f"{stem}_{candidate}_{suffix}" if suffix in {"crf", "crfints"} else f"{stem}_{suffix}"
        yield _science(f"{name}.fits", suffix, derived=False, recommended=alone)
    for suffix in exposure.mode.previews:
        yield _preview(stem, suffix, facts.suffixes()[suffix].level)
    if alone or not exposure.observation.hide_level2_asn:
        yield from (_info(asn, "asn", 2) for asn in exposure.asns)
    yield from (_info(pool, "pool", 2) for pool in plan.pools)
    if exposure.observation.wavefront and exposure.number == 1:
        yield _science(wavefront(exposure), "opd", derived=False, recommended=False)
    if exposure.msa:
        yield _science(exposure.msa, "msa", derived=False, recommended=False)


def wavefront(exposure: Exposure) -> str:
    """``R2022070201-NRCA3_FP1-1.fits``: the wavefront map of a sensing visit, by its day."""
    return f"R{from_mjd(exposure.start):%Y%m%d}01-NRCA3_FP1-{exposure.number}.fits"


def derived_items(plan: Plan, derived: Derived) -> Iterator[Item]:
    """Files of one target-level product.

    Its science files are the Minimum Recommended Products; the Primer's M 57 image has two, i2d and catalogue.
    """
    stem = derived.obs_id
    for suffix in derived.mode.derived:
        extension = facts.suffixes()[suffix].extension
        yield _science(f"{stem}_{suffix}.{extension}", suffix, derived=True, recommended=True)
    for suffix in derived.mode.derived_previews:
        yield _preview(stem, suffix, 3)
    yield from (_info(asn, "asn", 3) for asn in derived.asns)
    yield from (_info(pool, "pool", 3) for pool in plan.pools)
    if "segm" in derived.mode.derived:
        # The identification image that the catalogue's astrometry is tied to (sandbox's guess: it makes
        # the second auxiliary file of the Primer's M 57 row, beside the segmentation map).
        yield guide_items(derived.members[0].visit)[3]


@lru_cache(maxsize=256)
def _guide_items(id_: str, start: float, attempts: int, tracks: int, fine: int) -> tuple[Item, ...]:
    made: list[Item] = []
    for attempt in range(1, attempts + 1):
        for part in ("image_uncal", "image_cal", "stacked_uncal", "stacked_cal"):
            made.append(_guide(id_, "id", str(attempt), part))
    functions = ["acq1", "acq2"] * attempts + ["track"] * tracks + ["fg"] * fine
    for index, function in enumerate(functions):
        stamp = from_mjd(start + index * 40 / 86400).strftime("%Y%j%H%M%S")
        made.extend(_guide(id_, function, stamp, part) for part in ("uncal", "cal", "stream"))
    return tuple(made)


def _guide(id_: str, function: str, when: str, part: str) -> Item:
    said = {"id": "guide star identification", "track": "guide star tracking", "fg": "fine guide"}
    description = f"FGS {said[function]}" if function in said else "FGS1 guide star acquisition"
    suffix = part.rpartition("_")[2]
    level = 2 if suffix == "cal" else 1
    name = f"jw{id_}_gs-{function}_{when}_{part}.fits"
    return Item(name, suffix, "AUXILIARY", f"GS-{function.upper()}", description, level)


def guide_items(visit: Visit) -> tuple[Item, ...]:
    """Guide-star files of a visit: four per identification attempt, three per acquisition, track and fine guide.

    MAST lists all of them again under every exposure of the visit.
    """
    return _guide_items(visit.id, visit.start, visit.attempts, visit.tracks, visit.fine)
