"""Where products come from besides searches: lists from elsewhere."""

from __future__ import annotations

import pytest

from tests.planning.conftest import Planning
from topmast_service.errors import NothingUnderstood

SCRIPT = """#!/bin/bash
curl --globoff --location-trusted -f $CONT --output ./${{DOWNLOAD_FOLDER}}/JWST/{0}/{0}_i2d.fits \
'https://mast.stsci.edu/api/v0.1/Download/file?bundle_name=MAST_2026.sh&uri=mast:JWST/product/{0}_i2d.fits'
"""
M57 = "jw01558-o001_t001_miri_f1000w"


def test_a_script_of_mast_names_its_files(site: Planning) -> None:
    done = site.run({"list": SCRIPT.format(M57)})
    assert {name: row["status"] for name, row in site.rows(done).items()} == {f"{M57}_i2d.fits": "OK"}


def test_files_and_observations_may_be_mixed_and_what_is_not_understood_is_told(site: Planning) -> None:
    text = f"{M57}_i2d.fits\n{M57}_i2d.fits\njw01433-o023_s000023007_nirspec_clear-prism\nnonsense.xyz\n"
    planned = site.plan({"list": text})
    assert {"jw01433-o023_s000023007_nirspec_clear-prism_x1d.fits", f"{M57}_i2d.fits"} <= planned.names()
    assert "repeat earlier ones" in planned.notes
    assert "line 4: nonsense.xyz" in planned.notes
    kept = planned.job.request["from"]["list"]
    assert kept["uris"] == [f"mast:JWST/product/{M57}_i2d.fits"]


def test_a_list_of_nothing_is_refused_at_once(site: Planning) -> None:
    with pytest.raises(NothingUnderstood):
        site.bundle({"list": "dear all,\nplease find attached nothing\n"})
