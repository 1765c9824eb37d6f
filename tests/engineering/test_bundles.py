"""Telemetry files as items of a bundle: for whom MAST gives them to, each time anew, and shared with nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engineering.conftest import ALICE, Faults, from_mast, search
from tests.workflows.conftest import Site
from topmast_service import container
from topmast_service.archive.transfer import Downloads
from topmast_service.domain.telemetry import HEADER
from topmast_service.domain.token import Token
from topmast_service.errors import NotToBeBundled, UnsafeForTokens
from topmast_service.staging import content
from topmast_service.staging.cache import Cache
from topmast_service.store.users import User

NAME = "IMIR_HK_ICE_SEC_VOLT1-20220701T000000-20220701T030000.csv"
TELEMETRY = f"mast:jwstedb/{NAME}"
I2D = "jw01558-o001_t001_miri_f1000w_i2d.fits"


def test_a_bundle_of_telemetry_and_images(entitled: Site) -> None:
    done = entitled.run({"uris": [TELEMETRY, f"mast:JWST/product/{I2D}"]})
    rows = entitled.rows(done)
    assert (done.outcome, {name: row["status"] for name, row in rows.items()}) == ("complete", {NAME: "OK", I2D: "OK"})
    row = rows[NAME]
    assert row["path"].endswith(f"/IMIR_HK_ICE_SEC_VOLT1/{NAME}")
    assert (row["access"], rows[I2D]["access"]) == ("unknown", "public")
    text = (entitled.api.stores.trees.path("alice", done.id, 1) / row["path"]).read_bytes().decode()
    assert text.splitlines()[0] == "theTime,MJD,euvalue,sqldataType"
    assert len(text.splitlines()) - 1 == len(from_mast(entitled, TELEMETRY))


def test_a_search_of_samples_becomes_the_files_it_asked_for(entitled: Site) -> None:
    minutes = {"min": "2022-07-01T00:00:00Z", "max": "2022-07-01T00:10:00Z"}
    found = search(entitled, mnemonic="SA_ZATTEST*", time=minutes)
    done = entitled.run({"search": found.id})
    asked = [uri for one in found.result["series"] for uri in one["uris"]]
    assert sorted(row["dataURI"] for row in entitled.rows(done).values()) == sorted(asked)
    assert (done.outcome, len(asked)) == ("complete", 4)


def test_mnemonics_name_no_files(entitled: Site) -> None:
    with pytest.raises(NotToBeBundled):
        entitled.bundle({"search": search(entitled, mnemonic="SA_*").id})


def test_without_a_token_its_row_says_so_and_a_retry_brings_it(site: Site) -> None:
    done = site.run({"uris": [TELEMETRY, f"mast:JWST/product/{I2D}"]})
    rows = site.rows(done)
    assert (done.outcome, rows[I2D]["status"]) == ("partial", "OK")
    assert (rows[NAME]["status"], rows[NAME]["reason"]) == ("WITHHELD", "needs_mast_token")
    assert TELEMETRY not in site.sandbox.requests()["files"], "MAST is not even asked"

    site.api.mast_tokens.put("alice", ALICE)
    site.api.control.retry(site.alice, done.id, everything=False)
    container.for_query(site.settings).bundles.again(done.id)
    site.transfer()
    assert site.publish(done.id).outcome == "complete"
    assert site.rows(site.job(done.id))[NAME]["status"] == "OK"


def test_what_one_user_fetched_nobody_gets_from_the_cache(entitled: Site) -> None:
    entitled.run({"uris": [TELEMETRY]})
    assert Cache(entitled.settings.cache).newest(TELEMETRY) is None
    bob = User("bob")
    theirs = entitled.api.submissions.bundle(bob, {"from": {"uris": [TELEMETRY]}}).job
    entitled.resolve(theirs.id)
    entitled.transfer()
    done = entitled.publish(theirs.id)
    assert (done.outcome, entitled.rows(done)[NAME]["reason"]) == ("partial", "needs_mast_token")


def test_it_is_asked_for_anew_each_time_also_by_its_owner(entitled: Site) -> None:
    for times in (1, 2):
        assert entitled.rows(entitled.run({"uris": [TELEMETRY]}))[NAME]["reason"] == "ok"
        assert entitled.sandbox.requests()["files"][TELEMETRY]["methods"] == {"get": times}


def test_a_revoked_token_brings_nothing_from_the_cache_either(entitled: Site, mint: Callable[..., str]) -> None:
    token = mint()
    entitled.api.mast_tokens.put("alice", token)
    entitled.run({"uris": [TELEMETRY]})
    entitled.sandbox.post("tokens", revoke=token)
    waits = entitled.bundle({"uris": [TELEMETRY]})
    entitled.resolve(waits.id)
    entitled.transfer()
    held = entitled.job(waits.id)
    assert (held.phase, held.phase_reason) == ("HELD", "needs_token")
    assert entitled.api.mast_tokens.told("alice")["accepted"] is False


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"fault": "status", "status": 404}, "missing_on_server"),
        ({"fault": "html"}, "HTML"),
        ({"fault": "redirect", "to": "same"}, "a token goes nowhere else"),
        ({"fault": "no_length", "framing": "close"}, "may be cut"),
    ],
)
def test_what_is_no_telemetry_is_not_delivered_nor_the_copy_from_before(
    entitled: Site, faults: Faults, fault: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("topmast_service.workflows.transfer.TRIES", 0)
    monkeypatch.setattr("topmast_service.workflows.fetch._jitter", lambda _: 0.0)
    entitled.run({"uris": [TELEMETRY]})
    faults(**fault)
    row = entitled.rows(entitled.run({"uris": [TELEMETRY]}))[NAME]
    assert row["status"] == "FAILED"
    assert reason in row["reason"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("theTime,MJD,value\r\n", "header"),
        ("<p>Service unavailable</p>\r\n", "header"),
        (f"{HEADER}\r\n2022-07-01 00:00:00.000000,59761.0,4.95,flo", "cut"),
        (f"{HEADER}\r\n2022-07-01 00:00:00.000000,59761.0\r\n", "cut"),
    ],
)
def test_what_is_cut_or_something_else_is_no_telemetry(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(text.encode())
    with pytest.raises(content.Unsound, match=why):
        content.inspect(path, TELEMETRY)
    content.inspect(path, "mast:HLSP/some/other.csv")


def test_telemetry_without_samples_is_telemetry(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(f"{HEADER}\r\n".encode())
    assert not content.inspect(path, TELEMETRY).whole


def test_a_token_goes_to_mast_only_and_over_no_open_way(entitled: Site) -> None:
    token = Token(ALICE)
    with pytest.raises(UnsafeForTokens):
        Downloads("http://mast.example.org").on_behalf(token)
    anonymous = Downloads(entitled.settings.mast_url)
    theirs = anonymous.on_behalf(token)
    assert theirs._credentials("crds://jwst_miri_dark_0001.fits") == {}
    assert anonymous._credentials(TELEMETRY) == {}
    assert theirs._credentials(TELEMETRY) == {"Authorization": f"token {ALICE}"}
    anonymous.close()
