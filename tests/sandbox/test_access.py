"""Who may have what, changed while the sandbox runs: grants, rights, release dates; and who asked."""

import json
from datetime import UTC, datetime, timedelta

import pytest

ALICE = "a11ce0000000000000000000000a11ce"  # every program; docs/sandbox.md
DAVE = "da5e0000000000000000000000000da5"  # 4098 only
PREFIX = "mast:JWST/product/"
LOCKED = f"{PREFIX}jw03730-o002_t002_miri_f1500w_i2d.fits"
OPEN = f"{PREFIX}jw03730-o001_t001_miri_f1500w_i2d.fits"
OTHER = f"{PREFIX}jw04098-o001_t001_miri_f1500w_i2d.fits"
SOON = (datetime.now(UTC) + timedelta(days=3)).isoformat()


@pytest.fixture(autouse=True)
def as_before(sandbox, http):
    yield
    http("DELETE", "/_sandbox/rights")
    for user, programs in {"alice": ["*"], "dave": ["4098"]}.items():
        sandbox.post("tokens", grant={"user": user, "programs": programs})


def row_of(http, uri):
    """The row of the observation that a level-3 file is the product of."""
    obs_id = uri.removeprefix(PREFIX).rpartition("_")[0]
    filters = [{"paramName": "obs_id", "values": [obs_id]}]
    return http.invoke("Mast.Caom.Filtered", params={"columns": "*", "filters": filters})["data"][0]


def listed(http, uri):
    """dataRights of a file in the listing of its observation."""
    rows = http.invoke("Mast.Caom.Products", params={"obsid": str(row_of(http, uri)["obsid"])})["data"]
    return next(row["dataRights"] for row in rows if row["dataURI"] == uri)


def keywords_of(http, uri):
    filters = [{"paramName": "filename", "values": [uri.removeprefix(PREFIX)]}]
    asked = {"columns": "filename,isRestricted,publicReleaseDate", "filters": filters}
    return http.invoke("Mast.Jwst.Filtered.Miri", params=asked)["data"][0]


def status(http, uri, token=None):
    return http.file(uri, **({"Authorization": f"token {token}"} if token else {})).status


def test_one_small_program_is_public_and_exclusive_another_is_granted_to_somebody_else(http):
    assert [listed(http, uri) for uri in (OPEN, LOCKED, OTHER)] == ["PUBLIC", "EXCLUSIVE_ACCESS", "EXCLUSIVE_ACCESS"]
    assert [status(http, uri) for uri in (OPEN, LOCKED, OTHER)] == [200, 401, 401]
    assert [status(http, uri, DAVE) for uri in (OPEN, LOCKED, OTHER)] == [200, 401, 200]
    assert [status(http, uri, ALICE) for uri in (OPEN, LOCKED, OTHER)] == [200, 200, 200]


def test_a_grant_is_given_and_withdrawn_while_the_token_lives(http, sandbox):
    sandbox.post("tokens", grant={"user": "dave", "programs": ["03730"]})
    assert (status(http, LOCKED, DAVE), status(http, OTHER, DAVE)) == (200, 401)

    sandbox.post("tokens", grant={"user": "dave", "programs": []})
    assert status(http, LOCKED, DAVE) == 401


def test_a_new_token_opens_what_its_user_was_granted(http, sandbox):
    sandbox.post("tokens", grant={"user": "dave", "programs": ["3730"]})

    assert status(http, LOCKED, sandbox.post("tokens", user="dave")["token"]) == 200


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"rights": "PUBLIC"}, ("PUBLIC", 200)),
        ({"rights": "RESTRICTED"}, ("RESTRICTED", 401)),
        ({"rights": None}, (None, 401)),
        ({"release": "2020-01-01T00:00:00Z"}, ("PUBLIC", 200)),
        ({"release": SOON}, ("EXCLUSIVE_ACCESS", 401)),
        ({"rights": "EXCLUSIVE_ACCESS", "release": "2020-01-01T00:00:00Z"}, ("EXCLUSIVE_ACCESS", 200)),
        ({"rights": "PUBLIC", "release": SOON}, ("PUBLIC", 401)),
    ],
)
@pytest.mark.parametrize("subject", [{"program": "3730"}, {"uri": LOCKED}])
def test_listings_and_the_door_follow_what_is_stated(http, sandbox, subject, said, expected):
    sandbox.post("rights", **subject, **said)

    assert (listed(http, LOCKED), status(http, LOCKED)) == expected
    assert row_of(http, LOCKED)["dataRights"] == (expected[0] if "program" in subject else "EXCLUSIVE_ACCESS")


def test_a_file_alone_is_changed_and_its_neighbour_not(http, sandbox):
    sandbox.post("rights", uri=LOCKED, rights="PUBLIC")

    assert status(http, LOCKED) == 200
    assert status(http, LOCKED.replace("_i2d.fits", "_segm.fits")) == 401


def test_public_data_can_be_locked_and_open_again_on_their_day(http, sandbox):
    sandbox.post("rights", program="3730", release=SOON)
    assert (listed(http, OPEN), status(http, OPEN), status(http, OPEN, ALICE)) == ("EXCLUSIVE_ACCESS", 401, 200)

    sandbox.post("clock", advance=4 * 86400)
    assert (listed(http, OPEN), status(http, OPEN)) == ("PUBLIC", 200)


def test_rights_alone_lock_too(http, sandbox):
    sandbox.post("rights", program="3730", rights="EXCLUSIVE_ACCESS")

    assert (listed(http, OPEN), status(http, OPEN)) == ("EXCLUSIVE_ACCESS", 401)
    assert row_of(http, OPEN)["t_obs_release"] > sandbox.get("clock")["mjd"]


def test_of_unknown_data_no_listing_says_anything_and_only_the_granted_get_them(http, sandbox):
    sandbox.post("rights", program="3730", rights=None)

    row = row_of(http, LOCKED)
    assert (row["dataRights"], row["t_obs_release"], listed(http, LOCKED)) == (None, None, None)
    assert keywords_of(http, LOCKED) | {"isRestricted": None, "publicReleaseDate": None} == keywords_of(http, LOCKED)
    assert [status(http, LOCKED), status(http, LOCKED, DAVE), status(http, LOCKED, ALICE)] == [401, 401, 200]


def test_keyword_rows_follow(http, sandbox):
    before = keywords_of(http, LOCKED)["publicReleaseDate"]
    sandbox.post("rights", uri=LOCKED, rights="RESTRICTED", release="2031-01-01T00:00:00Z")

    after = keywords_of(http, LOCKED)
    assert after["isRestricted"] is True
    assert after["publicReleaseDate"] == "/Date(1924992000000)/" != before


def test_listings_and_the_door_can_disagree_either_way(http, sandbox):
    sandbox.set(exclusive_still_200=[LOCKED], released_still_401=[OPEN])

    assert (listed(http, LOCKED), status(http, LOCKED)) == ("EXCLUSIVE_ACCESS", 200)
    assert (listed(http, OPEN), status(http, OPEN)) == ("PUBLIC", 401)


@pytest.mark.parametrize(
    "body",
    [
        {"program": "3730"},
        {"rights": "PUBLIC"},
        {"program": "99999", "rights": "PUBLIC"},
        {"uri": f"{PREFIX}nothing.fits", "rights": "PUBLIC"},
        {"program": "3730", "rights": "kept"},
        {"program": "3730", "release": "2030-01-01T00:00:00"},
        {"program": "3730", "uri": LOCKED, "rights": "PUBLIC"},
    ],
)
def test_a_mistake_is_told(http, body):
    answer = http("POST", "/_sandbox/rights", json=body)

    assert answer.status == 400
    assert answer.json()["error"]


def test_the_tally_tells_who_asked_and_what_they_were_told(http, sandbox):
    ended = sandbox.post("tokens", user="erin", programs=["*"])["token"]
    sandbox.post("tokens", revoke=ended)
    for token in (None, None, ALICE, DAVE, ended, "0" * 32):
        status(http, LOCKED, token)
    http.file(LOCKED, "HEAD", Cookie=f"mast_token={ALICE}")

    tally = sandbox.get(f"requests?uri={LOCKED}")
    entry = tally["files"][LOCKED]
    assert entry["by"] == {
        "anonymous": {"401": 2},
        "alice": {"200": 2},
        "dave": {"401": 1},
        "erin (ended)": {"401": 1},
        "unknown token": {"401": 1},
    }
    assert entry["questions"][1:3] == ["anonymous GET 401", "alice GET 200"]
    assert entry["questions"][-1] == "alice HEAD 200"
    assert not any(secret in json.dumps(tally) for secret in (ALICE, DAVE, ended, "0" * 32))
