"""Whose token: none, a wrong one, one that dies; and a search that waits for one."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.engineering.conftest import ALICE, CAROL, Faults, again, rows_of, search
from tests.workflows.conftest import Site
from topmast_service import container
from topmast_service.archive.tokens import whoami
from topmast_service.domain import job
from topmast_service.domain.token import Token
from topmast_service.errors import BadMastToken, NeedsMastToken, UnsafeForTokens, UpstreamDown
from topmast_service.store.tokens import Keys, Tokens
from topmast_service.workflows.search import samples

ASKED = {"mnemonic": "IMIR_HK_ICE_SEC_VOLT1", "time": "2022-07-01"}


def test_a_search_without_a_token_waits_for_one_and_goes_on_by_itself(site: Site) -> None:
    waiting = search(site, **ASKED)
    assert (waiting.phase, waiting.phase_reason) == (job.HELD, "needs_token")
    assert (waiting.error or {})["code"] == "needs_mast_token"
    assert "PUT /v1/me/mast-token" in (waiting.error or {})["hint"]
    site.upkeep()
    assert site.job(waiting.id).phase == job.HELD

    site.api.mast_tokens.put("alice", ALICE)
    site.upkeep()
    going = site.job(waiting.id)
    assert (going.phase, going.step, going.error) == (job.QUEUED, "search", None)
    done = again(site, waiting)
    assert (done.phase, done.result["count"]) == (job.COMPLETED, 1352)


def test_mnemonics_need_no_token(site: Site) -> None:
    assert search(site, mnemonic="SA_*").phase == job.COMPLETED


def test_a_token_that_ends_in_mid_search_holds_it_and_the_next_one_brings_all_rows(
    site: Site, faults: Faults, mint: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "FIRST", timedelta(hours=1))
    site.api.mast_tokens.put("alice", mint())
    faults(fault="token_ends", nth=[3], counted="all")
    waiting = search(site, **ASKED)
    assert (waiting.phase, waiting.phase_reason) == (job.HELD, "needs_token")
    assert "not accept" in (waiting.error or {})["detail"] or "401" in (waiting.error or {})["detail"]
    assert site.api.mast_tokens.told("alice")["accepted"] is False
    with pytest.raises(NeedsMastToken):
        site.api.stores.tokens.get("alice")
    site.upkeep()
    assert site.job(waiting.id).phase == job.HELD

    site.api.mast_tokens.put("alice", mint())
    site.upkeep()
    done = again(site, waiting)
    assert len(rows_of(site, done)) == 1352


def test_a_refused_token_says_nothing_of_the_one_stored_meanwhile(entitled: Site, mint: Callable[..., str]) -> None:
    tokens = entitled.api.stores.tokens
    old = tokens.get("alice")
    entitled.api.mast_tokens.put("alice", mint())
    tokens.refuse("alice", old)
    assert tokens.usable("alice")


@pytest.mark.parametrize(("token", "why"), [(CAROL, "scope"), ("0" * 32, "nobody")])
def test_a_token_that_opens_nothing_is_not_stored(entitled: Site, token: str, why: str) -> None:
    before = entitled.api.mast_tokens.told("alice")
    with pytest.raises(BadMastToken, match=why):
        entitled.api.mast_tokens.put("alice", token)
    assert entitled.api.mast_tokens.told("alice") == before


def test_a_revoked_token_is_not_stored(site: Site, mint: Callable[..., str]) -> None:
    token = mint()
    site.sandbox.post("tokens", revoke=token)
    with pytest.raises(BadMastToken):
        site.api.mast_tokens.put("alice", token)


def test_what_may_be_shown(entitled: Site) -> None:
    told = entitled.api.mast_tokens.told("alice")
    assert (told["stored"], told["accepted"], told["name"]) == (True, True, "Alice Sandbox")
    assert told["scopes"] == ["mast:user:info", "mast:exclusive_access"]
    assert told["idle_end"] - told["used"] == timedelta(days=10)
    assert told["end"] - told["since"] == timedelta(days=60)
    assert ALICE not in repr(told)
    entitled.api.mast_tokens.forget("alice")
    assert entitled.api.mast_tokens.told("alice")["stored"] is False


def test_use_moves_the_idle_end(entitled: Site) -> None:
    before = entitled.api.mast_tokens.told("alice")
    entitled.api.stores.tokens.get("alice")
    after = entitled.api.mast_tokens.told("alice")
    assert after["idle_end"] > before["idle_end"]
    assert after["end"] == before["end"]


def test_mast_that_cannot_be_asked_changes_nothing(entitled: Site) -> None:
    with pytest.raises(UpstreamDown) as caught:
        whoami("http://127.0.0.1:9", Token(ALICE))
    assert ALICE not in repr(caught.getrepr(chain=True))


def test_a_token_goes_nowhere_that_others_can_read() -> None:
    for url in ("http://mast.example.org", "http://127.0.0.1.example.org", "ftp://localhost.example.org"):
        with pytest.raises(UnsafeForTokens):
            whoami(url, Token(ALICE))


def test_two_redis_records_exchanged_open_nothing(entitled: Site) -> None:
    redis = entitled.api.stores.redis
    redis.hset("topmast:mast-token:bob", mapping=redis.hgetall("topmast:mast-token:alice"))
    with pytest.raises(NeedsMastToken):
        entitled.api.stores.tokens.get("bob")


def test_the_key_is_a_private_file_and_without_it_there_is_no_token(entitled: Site) -> None:
    key = entitled.settings.token_key_file
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700
    key.rename(key.with_suffix(".away"))
    with pytest.raises(NeedsMastToken, match="key"):
        entitled.api.stores.tokens.get("alice")
    assert not entitled.api.stores.tokens.usable("alice"), "or a search would be begun again and again"
    entitled.api.mast_tokens.put("alice", ALICE)
    assert entitled.api.stores.tokens.get("alice").secret == ALICE


def test_keys_are_rotated_by_putting_a_new_one_first(site: Site, tmp_path: Path) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    redis = site.api.stores.redis
    Tokens(redis, Keys(old, tmp_path / "none")).put("alice", Token(ALICE), "Alice", ["a"])
    assert Tokens(redis, Keys(f"{new},{old}", tmp_path / "none")).get("alice").secret == ALICE
    assert Tokens(redis, Keys(new, tmp_path / "none")).get("alice").secret == ALICE  # rewritten when it was read
    with pytest.raises(NeedsMastToken):
        Tokens(redis, Keys(old, tmp_path / "none")).get("alice")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("given", ["no key", Fernet.generate_key().decode()[:-2]], ids=["words", "cut short"])
def test_what_is_no_key_is_refused_and_not_repeated(site: Site, tmp_path: Path, given: str) -> None:
    with pytest.raises(UnsafeForTokens) as caught:
        Tokens(site.api.stores.redis, Keys(given, tmp_path / "none")).put("alice", Token(ALICE), "Alice", [])
    assert given not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_token_shows_itself_to_nobody_by_accident() -> None:
    token = Token(ALICE)
    assert ALICE not in f"{token} {token!r} {[token]} {vars(Keys)}"
    assert not hasattr(token, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(token)


def test_settings_do_not_show_keys(site: Site) -> None:
    key = Fernet.generate_key().decode()
    assert key not in repr(replace(site.settings, token_keys=key))
    assert key not in repr(Keys(key, Path("x")))
    assert key not in repr(container.open_stores(replace(site.settings, token_keys=key)))
