"""Inputs of the pipeline that MAST files under AUXILIARY: who asks for SCIENCE and INFO gets them too, and is told.

``SCIENCE + INFO`` looks like everything one needs, but lacks the MSA configuration of NIRSpec and the segmentation map
of slitless spectroscopy: a pipeline developer had to ask whether they were needed (jwst#3918).
"""

from __future__ import annotations

from topmast_service.domain.selection import Selection
from topmast_service.store.listing import Listing
from topmast_service.workflows.planning.associations import Associations

_WITHOUT_AUXILIARY = frozenset({"science", "info"})
_LEFT = "excluded = 'type' AND suffix = ?"


def bring(listing: Listing, associations: Associations, wanted: Selection) -> list[str]:
    """Bring along what the chosen files need; returns what is to be said of it."""
    if not wanted.types >= _WITHOUT_AUXILIARY or "auxiliary" in wanted.types:
        return []
    names = _shutters(listing) | _maps(listing, associations)
    if not names:
        return []
    shown = ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
    return [f"{len(names)} files that the pipeline needs, and MAST files under AUXILIARY, came along: {shown}."]


def _shutters(listing: Listing) -> set[str]:
    found: set[str] = set()
    for row in list(listing.rows(_LEFT, "msa")):
        if next(listing.rows("excluded IS NULL AND visit = ?", row["visit"], limit=1), None):
            listing.need(row["_row"], f"MSA configuration of visit {row['visit']}")
            found.add(row["productFilename"])
    return found


def _maps(listing: Listing, associations: Associations) -> set[str]:
    """Segmentation maps that an association names; without any map left out, no association is read."""
    left = {row["productFilename"]: row["_row"] for row in listing.rows(_LEFT, "segm")}
    found: set[str] = set()
    if not left or not _slitless(listing):
        return found
    for obs_id in [row["obs_id"] for row in listing.rows("excluded IS NULL AND suffix = 'asn'")]:
        for name, association in associations.of(obs_id):
            for member in association.members():
                if member.expname in left.keys() - found:
                    listing.need(left[member.expname], f"{member.exptype} of {name}")
                    found.add(member.expname)
        if len(found) == len(left):
            break
    return found


def _slitless(listing: Listing) -> bool:
    """Only spectra without a slit are extracted by the map of a direct image; a map beside an image is its product."""
    fits = "excluded IS NULL AND (filters LIKE '%GRISM%' OR filters LIKE '%GR150%')"
    return next(listing.rows(fits, limit=1), None) is not None
