"""A token's user is told: seven days and one day before its end, and when MAST refuses it; each once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.tokens.conftest import facts, keep_alive, mails
from tests.workflows.conftest import Site
from topmast_service.domain.token import NEW_TOKEN
from topmast_service.notify.mailbox import Mailbox
from topmast_service.notify.smtp import MailDelayed, MailRefused


def subjects(site: Site) -> list[str]:
    return [message["Subject"] for message in mails(site)]


def test_a_revoked_token_is_told_once_with_what_to_do(
    site: Site, mint: Callable[..., str], later: Callable[..., None]
) -> None:
    token = mint()
    site.api.mast_tokens.put("alice", token)
    site.sandbox.post("tokens", revoke=token)
    later(days=8)
    keep_alive(site)
    site.upkeep()
    later(days=1)
    site.upkeep()

    (message,) = mails(site)
    assert message["To"] == "alice@example.org"
    assert message["Subject"] == "topmast: MAST does not accept your token any more"
    body = message.get_content()
    assert NEW_TOKEN in body
    assert "/v1/me/mast-token" in body
    assert token not in message.as_string()
    assert [told["notice"] for told in facts(site)["told"]] == ["refused"]


def test_a_token_that_dies_in_a_job_is_told_too(site: Site, mint: Callable[..., str]) -> None:
    site.api.mast_tokens.put("alice", mint())
    tokens = site.api.stores.tokens
    tokens.refuse("alice", tokens.get("alice"))
    site.upkeep()

    assert subjects(site) == ["topmast: MAST does not accept your token any more"]


def test_the_end_is_warned_of_seven_days_and_one_day_before(
    site: Site, mint: Callable[..., str], later: Callable[..., None]
) -> None:
    site.api.mast_tokens.put("alice", mint())
    for days, told in ((52.5, []), (1, ["ending"]), (4, ["ending"]), (2, ["ending", "ending_soon"])):
        later(days=days)
        site.upkeep()
        site.upkeep()
        assert [notice["notice"] for notice in facts(site)["told"]] == told

    first, last = mails(site)
    assert "ends on" in first["Subject"]
    assert NEW_TOKEN in last.get_content()
    assert first["Message-ID"] != last["Message-ID"]


def test_after_a_long_rest_only_the_nearer_warning_comes(
    site: Site, mint: Callable[..., str], later: Callable[..., None]
) -> None:
    site.api.mast_tokens.put("alice", mint())
    later(days=59.5)
    site.upkeep()
    site.upkeep()

    assert len(mails(site)) == 1
    assert [told["notice"] for told in facts(site)["told"]] == ["ending_soon"]


def test_at_its_end_mast_is_asked_and_the_user_told(
    site: Site, mint: Callable[..., str], later: Callable[..., None]
) -> None:
    site.api.mast_tokens.put("alice", mint())
    for _ in range(9):
        later(days=6)
        site.api.mast_tokens.whoami(site.api.stores.tokens.get("alice"))  # in use all the time, at MAST too
    later(days=6.1)
    site.upkeep()
    assert mails(site) == []
    keep_alive(site)
    site.upkeep()

    assert subjects(site) == ["topmast: MAST does not accept your token any more"]


def test_a_new_token_begins_anew(site: Site, mint: Callable[..., str], later: Callable[..., None]) -> None:
    for _ in range(2):
        site.api.mast_tokens.put("alice", mint())
        assert facts(site)["told"] == []
        later(days=54)
        site.upkeep()

    assert len({message["Message-ID"] for message in mails(site)}) == 2


def test_a_killed_upkeep_tells_nobody_twice(
    site: Site, mint: Callable[..., str], later: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    site.api.mast_tokens.put("alice", mint())
    later(days=54)
    with monkeypatch.context() as killed:
        killed.setattr("topmast_service.store.tokens.Tokens.note_told", _killed)
        with pytest.raises(KeyboardInterrupt):
            site.upkeep()
    later(minutes=2)
    site.upkeep()

    assert len(mails(site)) == 1
    assert len(facts(site)["told"]) == 1


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("error", [MailDelayed("greylisted"), MailRefused("no such box")])
def test_a_mail_server_that_is_away_is_asked_again_one_that_refuses_is_not(
    site: Site, mint: Callable[..., str], later: Callable[..., None], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    site.api.mast_tokens.put("alice", mint())
    later(days=54)
    with monkeypatch.context() as away:
        away.setattr(Mailbox, "deliver", _raising(error))
        site.upkeep()
    later(minutes=2)
    site.upkeep()

    assert len(mails(site)) == isinstance(error, MailDelayed)


def _raising(error: Exception) -> Callable[..., None]:
    def deliver(*_: object) -> None:
        raise error

    return deliver


@pytest.mark.parametrize("address", ["", "no address at all"])
def test_who_has_no_address_keeps_nobody_from_being_told(
    site: Site, mint: Callable[..., str], later: Callable[..., None], address: str
) -> None:
    site.api.stores.users.add("aaron")
    site.api.stores.redis.hset("topmast:user:aaron", "email", address)  # an earlier release took anything
    for user in ("aaron", "alice"):
        site.api.mast_tokens.put(user, mint())
    later(days=54)
    site.upkeep()

    assert [message["To"] for message in mails(site)] == ["alice@example.org"]


def test_a_token_without_a_user_is_left_alone(site: Site, mint: Callable[..., str], later: Callable[..., None]) -> None:
    site.api.mast_tokens.put("nobody", mint())
    later(days=54)
    site.upkeep()

    assert mails(site) == []
