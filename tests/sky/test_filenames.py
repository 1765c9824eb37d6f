"""GET /v1/filenames/{filename}."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from flask.testing import FlaskClient


def test_a_name_is_explained(client: FlaskClient) -> None:
    said = client.get("/v1/filenames/jw01366004001_0410a_00001-seg003_nrs1_uncal.fits").json
    assert (said["program"], said["observation"], said["visit"], said["segment"]) == ("1366", 4, 1, 3)
    assert (said["base"], said["content"], said["level"]) == ("exposure", "raw ramps, uncalibrated", 1)
    assert said["target"] is None
    assert said["details"] == {}


def test_optical_elements_are_a_list(client: FlaskClient) -> None:
    said = client.get("/v1/filenames/jw02733-o001_t001_nircam_clear-f090w_i2d.fits").json
    assert said["optical_elements"] == ["clear", "f090w"]


@pytest.mark.parametrize("name", ["jw02733-x_i2d.fits", "holiday.jpg", "ü?.fits", "x" * 300])
def test_a_name_that_is_none_is_not_found(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/v1/filenames/{quote(name)}")
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_filename")
    assert answer.json["errors"][0]["detail"]


def test_what_was_understood_is_told(client: FlaskClient) -> None:
    problem = client.get("/v1/filenames/jw02733-o001_t001_nirpec_f090w_i2dd.fits").json
    assert problem["errors"][0]["detail"].startswith("Understood: program 2733, association o001; but not ")
    assert "i2d" in problem["errors"][0]["suggestions"]
