"""Who one is: keys that are shown once, quotas, acting for others, refusals with a class each."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pytest

import topmast
from tests.sdk.conftest import Serve
from tests.sdk.documents import bundle, job
from tests.sdk.scripted import KEY, Answer, Reset, Seen, in_turn, problem

SECRET = "tm_5d1f0c9a_" + "x" * 32
MADE = {
    "id": "5d1f0c9a",
    "label": "notebook",
    "scopes": ["search", "read"],
    "created": "2026-07-01T12:00:00Z",
    "last_used": None,
    "expires": "2026-09-29T12:00:00Z",
    "key": SECRET,
}
KEYS = "/v1/me/keys"


def test_me_and_a_new_address(serve: Serve) -> None:
    told = {"name": "ann", "quotas": {"open_jobs": {"limit": 20, "used": 1}}}
    service, client, _ = serve(in_turn(Answer(body=told)))
    assert client.me() == told
    assert client.change_me(email="ann@example.org") == told
    assert [(seen.method, seen.path) for seen in service.seen] == [("GET", "/v1/me"), ("PATCH", "/v1/me")]
    assert service.seen[1].json == {"email": "ann@example.org"}


def test_keys_are_listed_made_and_revoked(serve: Serve) -> None:
    shown = {name: value for name, value in MADE.items() if name != "key"}
    service, client, _ = serve(
        in_turn(Answer(body={"items": [shown, 7]}), Answer(201, MADE), Answer(204, b""), problem(404, "unknown_key"))
    )
    first, _ = client.keys.list()
    assert (first.id, first.scopes, first.key) == ("5d1f0c9a", ("search", "read"), "")
    assert first.expires == dt.datetime(2026, 9, 29, 12, tzinfo=dt.UTC)
    made = client.keys.create("notebook", scopes="read", expires=dt.datetime(2026, 9, 29, 12, tzinfo=dt.UTC))
    assert made.key == SECRET
    assert service.seen[1].json == {"label": "notebook", "scopes": ["read"], "expires": "2026-09-29T12:00:00Z"}
    client.keys.revoke("5d1f0c9a")
    client.keys.revoke("5d1f0c9a")
    assert [(seen.method, seen.path) for seen in service.seen[2:]] == [("DELETE", f"{KEYS}/5d1f0c9a")] * 2


def test_a_key_is_in_no_text(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    _, client, _ = serve(in_turn(Reset(), Answer(201, MADE)))
    made = client.keys.create()
    assert SECRET not in repr(made) + str([made]) + caplog.text


def test_what_is_left_out_is_the_services_to_decide(serve: Serve) -> None:
    service, client, _ = serve(in_turn(Answer(201, MADE)))
    client.keys.create()
    assert service.seen[0].json == {}


def test_a_key_whose_answer_got_lost_is_replaced(serve: Serve) -> None:
    """A repeated Idempotency-Key finds the key, but nobody can know it."""
    lost = {**MADE, "key": None}
    service, client, _ = serve(in_turn(Reset(), Answer(201, lost), Answer(201, {**MADE, "id": "0a0a0a0a"})))
    assert client.keys.create("x").key == SECRET
    assert service.paths() == [KEYS, KEYS, f"{KEYS}/5d1f0c9a/rotate"]
    assert service.seen[2].query == [("overlap", "0")]
    assert service.seen[2].headers["idempotency-key"] != service.seen[1].headers["idempotency-key"]


def test_a_service_that_never_shows_one_is_not_asked_for_ever(serve: Serve) -> None:
    service, client, _ = serve(in_turn(Answer(201, {**MADE, "key": None})))
    with pytest.raises(topmast.BadAnswer):
        client.keys.create()
    assert len(service.seen) == 3


@pytest.mark.parametrize(
    ("asked", "sent"), [({}, "300"), ({"overlap": 0}, "0"), ({"overlap": dt.timedelta(hours=1)}, "3600")]
)
def test_rotation_leaves_time_to_ask_again(serve: Serve, asked: dict[str, Any], sent: str) -> None:
    service, client, _ = serve(in_turn(Answer(201, MADE)))
    assert client.keys.rotate("0a0a0a0a", **asked).id == "5d1f0c9a"
    assert (service.paths(), service.seen[0].query) == ([f"{KEYS}/0a0a0a0a/rotate"], [("overlap", sent)])


def acted_for(service: Any) -> list[str | None]:
    return [seen.headers.get("x-on-behalf-of") for seen in service.seen]


def test_everything_is_done_for_whom_a_portal_acts(serve: Serve, tmp_path: Any) -> None:
    def script(seen: Seen) -> Answer:
        if seen.path == "/v1/me/mast-token":
            return Answer(204, b"")
        if "manifest" in seen.path or seen.path.endswith("/files/") or seen.path == KEYS:
            return Answer(body={"items": [], "next": None})
        return Answer(202 if seen.method == "POST" else 200, bundle() if "bundles" in seen.path else job())

    service, portal, _ = serve(script)
    carol = portal.on_behalf_of("carol")
    made = carol.bundle(["jw1"])
    made.refresh().wait().download(tmp_path)
    made.share("dave")
    carol.set_mast_token("0123456789")
    carol.keys.list()
    assert set(acted_for(service)) == {"carol"}
    assert len(service.seen) >= 8


def test_a_portals_own_client_and_another_users_stay_as_they_are(serve: Serve) -> None:
    service, portal, _ = serve(in_turn(Answer(body=job())))
    carol, dave = portal.on_behalf_of("carol"), portal.on_behalf_of("dave")
    for client in (carol, dave, portal, carol.on_behalf_of("erin")):
        client.jobs.get("b_1").refresh()
    assert acted_for(service) == ["carol"] * 2 + ["dave"] * 2 + [None] * 2 + ["erin"] * 2
    assert repr(carol).endswith(".on_behalf_of('carol')")


def test_its_clients_share_connections_and_close_none(serve: Serve) -> None:
    _, portal, _ = serve(in_turn(Answer(body=job())))
    with portal.on_behalf_of("carol") as carol:
        assert carol._session.transport is portal._session.transport
    assert portal.jobs.get("b_1").id == "b_1"
    portal.close()
    with pytest.raises(topmast.UsageError, match="closed"):
        carol.jobs.get("b_1")


@pytest.mark.parametrize("name", ["", "Carol", "a b", "carol\r\nX-Evil: 1", "ä", None, 7])
def test_what_is_no_users_name_is_not_sent(serve: Serve, name: Any) -> None:
    service, portal, _ = serve(in_turn(Answer(body=job())))
    with pytest.raises(topmast.UsageError):
        portal.on_behalf_of(name)
    assert service.seen == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("exclusive", topmast.ExclusiveAccess),
        ("needs_mast_token", topmast.NeedsMastToken),
        ("scope", topmast.MissingScope),
        ("role", topmast.MissingRole),
        ("unknown_user", topmast.UnknownUser),
        ("over_quota", topmast.OverQuota),
        ("brand_new", topmast.NotAllowed),
    ],
)
def test_a_refusal_has_a_class_and_is_not_repeated(serve: Serve, code: str, kind: type[topmast.ApiError]) -> None:
    service, client, _ = serve(in_turn(problem(403, code, detail="No.", hint="Ask.")))
    with pytest.raises(topmast.NotAllowed, match=f"403 {code}: No") as caught:
        client.me()
    assert type(caught.value) is kind
    assert len(service.seen) == 1


def test_where_a_token_is_needed_it_says_what_to_type(serve: Serve) -> None:
    _, client, _ = serve(in_turn(problem(403, "needs_mast_token", hint="PUT /v1/me/mast-token")))
    with pytest.raises(topmast.NeedsMastToken, match="set_mast_token") as caught:
        client.me()
    assert "PUT" not in str(caught.value)


@pytest.mark.parametrize("code", ["rate_limited", "locked_out"])
def test_too_many_requests_are_waited_for_as_the_service_says(serve: Serve, code: str) -> None:
    service, client, clock = serve(
        in_turn(problem(429, code, headers={"Retry-After": "9"}), Answer(body={"name": "a"}))
    )
    assert client.me() == {"name": "a"}
    assert clock.sleeps == [9.0]
    service.script = in_turn(problem(429, code, headers={"Retry-After": "1"}))
    with pytest.raises(topmast.TooManyRequests) as caught:
        client.me()
    assert caught.value.code == code
    assert service.seen[0].headers["authorization"] == f"Bearer {KEY}"
