"""What a result is made of: which columns are shown as facets unless somebody asks for others."""

from __future__ import annotations

OFFERED = (
    # observations, in the order of the Portal's filter panel
    "access", "obs_collection", "instrument_name", "calib_level", "dataproduct_type", "filters", "intentType",
    "wavelength_region", "project", "provenance_name", "proposal_type", "proposal_id", "proposal_pi", "target_name",
    "target_classification", "dataRights", "mtFlag",
    # files: of a bundle, of a products search
    "productType", "productSubGroupDescription", "productGroupDescription", "type", "prvversion", "mrp",
    "guide_star",
    # keyword rows
    "instrument", "instrume", "productLevel", "category", "program", "exp_type", "template", "filter", "pupil",
    "grating", "detector", "channel", "band", "module", "subarray", "readpatt", "pi_name", "scicat", "targname",
    "targtype", "visitype", "tsovisit", "crowdfld", "bkgdtarg", "is_psf", "is_imprt", "ap_type", "content",
    # programs, telemetry
    "mission", "cycle", "status", "subsystem", "mnemonic",
    # what changed since an earlier run
    "_change", "_changed",
)  # fmt: skip
"""Columns worth counting: few values, each of which somebody might tick."""

FEW = 50
"""Without `columns=`, a facet with more different values than this is left out."""

MOST_VALUES = 500
"""Values of one facet that are told, the most frequent first."""

BINS, MOST_BINS = 20, 100
"""Of a histogram: how many unless asked, and how many at most."""
