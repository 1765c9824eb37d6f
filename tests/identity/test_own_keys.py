"""/v1/me and /v1/me/keys: what a user does with their own keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from tests.api.site import Site
from tests.identity.conftest import Sign, with_key
from topmast_service.domain.scopes import SCOPES

AGAIN = {"Idempotency-Key": "k-1"}


@pytest.fixture
def ann(site: Site) -> FlaskClient:
    return site.client("ann")


def moment(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds").replace("+00:00", "Z")


def test_who_asks_and_where_notices_go(ann: FlaskClient) -> None:
    me = ann.get("/v1/me").json
    assert (me["name"], me["email"], me["role"], me["scopes"], me["expires"]) == (
        "ann", "ann@example.org", "member", ["search", "bundle", "read"], None,
    )  # fmt: skip
    assert ann.patch("/v1/me", json={"email": "new@example.org"}).json == {**me, "email": "new@example.org"}
    assert ann.get("/v1/me").json["email"] == "new@example.org"
    bundle = ann.post("/v1/bundles", json={"from": {"observations": ["a"]}}).json
    assert bundle["owner"] == "ann"


@pytest.mark.parametrize(
    "body",
    [{"email": "a@b\r\nBcc: x@y"}, {"email": "\x00"}, {"email": None}, {"role": "operator"}, {"disabled": False}],
)
def test_what_one_may_not_change_of_oneself(ann: FlaskClient, body: dict[str, object]) -> None:
    before = ann.get("/v1/me").json
    answer = ann.patch("/v1/me", json=body)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, f"/{next(iter(body))}")
    assert ann.get("/v1/me").json == before


def test_a_key_is_made_shown_once_used_and_revoked(ann: FlaskClient, site: Site) -> None:
    made = ann.post("/v1/me/keys", json={"scopes": ["read"], "label": "notebook", "expires": moment(90)})
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    secret, key_id = made.json["key"], made.json["id"]
    assert secret.split("_")[1] == key_id
    mine = with_key(site, secret)
    assert mine.get("/v1/me").json["scopes"] == ["read"]
    listed = ann.get("/v1/me/keys")
    (item,) = [item for item in listed.json["items"] if item["id"] == key_id]
    assert item["label"] == "notebook"
    assert item["last_used"]
    assert secret not in listed.text
    assert ann.delete(f"/v1/me/keys/{key_id}").status_code == 204
    assert mine.get("/v1/me").status_code == 401
    assert ann.delete(f"/v1/me/keys/{key_id}").json["code"] == "unknown_key"


def test_a_new_key_may_no_more_than_the_one_that_asks(sign: Sign, site: Site) -> None:
    narrow = sign("ann", scopes=("bundle", "read"))
    refused = narrow.post("/v1/me/keys", json={"scopes": ["read", "search"]})
    assert (refused.status_code, refused.json["code"]) == (403, "scope")
    assert narrow.post("/v1/me/keys", json={}).json["scopes"] == ["bundle", "read"]
    wide = site.api.stores.keys.new("ann").facts.id
    rotated = narrow.post(f"/v1/me/keys/{wide}/rotate", headers=AGAIN)
    assert (rotated.status_code, rotated.json["code"]) == (403, "scope")
    # the refusal does not make the same request good
    assert narrow.post(f"/v1/me/keys/{wide}/rotate", headers=AGAIN).json["code"] == "scope"


def test_admin_is_never_given_by_the_way(operator: FlaskClient) -> None:
    assert operator.post("/v1/me/keys", json={}).json["scopes"] == ["search", "bundle", "read"]
    assert operator.post("/v1/me/keys", json={"scopes": ["admin"]}).json["scopes"] == ["admin"]


def test_a_new_key_opens_no_longer_than_the_one_that_asks(sign: Sign) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    ending = sign("ann", expires=end)
    assert ending.post("/v1/me/keys", json={}).json["expires"] == ending.get("/v1/me").json["expires"]
    longer = ending.post("/v1/me/keys", json={"expires": moment(3)})
    assert (longer.status_code, longer.json["errors"][0]["pointer"]) == (422, "/expires")
    assert ending.post("/v1/me/keys", json={"expires": moment(1)}).status_code == 201


def test_the_end_of_a_key_is_to_come(ann: FlaskClient) -> None:
    assert ann.post("/v1/me/keys", json={"expires": moment(-1)}).status_code == 422


def test_a_repeat_shows_the_same_key_without_its_secret(ann: FlaskClient) -> None:
    first = ann.post("/v1/me/keys", json={"label": "a"}, headers=AGAIN)
    again = ann.post("/v1/me/keys", json={"label": "a"}, headers=AGAIN)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.json == {**first.json, "key": None}
    assert ann.post("/v1/me/keys", json={"label": "b"}, headers=AGAIN).json["code"] == "idempotency_mismatch"
    ann.delete(f"/v1/me/keys/{first.json['id']}")
    assert ann.post("/v1/me/keys", json={"label": "a"}, headers=AGAIN).json["code"] == "expired"


def test_a_key_rotates_itself_and_a_repeat_shows_no_secret(ann: FlaskClient, site: Site) -> None:
    own = ann.get("/v1/me").json["key_id"]
    first = ann.post(f"/v1/me/keys/{own}/rotate?overlap=600", headers=AGAIN)
    again = ann.post(f"/v1/me/keys/{own}/rotate?overlap=600", headers=AGAIN)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == {**first.json, "key": None}
    assert with_key(site, first.json["key"]).get("/v1/me").json["key_id"] == first.json["id"]
    assert ann.post(f"/v1/me/keys/{own}/rotate").status_code == 201
    assert ann.get("/v1/me").status_code == 401


def test_another_s_key_does_not_exist(ann: FlaskClient, site: Site) -> None:
    of_bob = site.api.stores.keys.of("bob")[0].id
    assert ann.delete(f"/v1/me/keys/{of_bob}").json["code"] == "unknown_key"
    assert ann.post(f"/v1/me/keys/{of_bob}/rotate").json["code"] == "unknown_key"
    assert site.client("bob").get("/v1/me").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"scopes": []},
        {"scopes": ["all"]},
        {"label": "a\nb"},
        {"label": "\u2028"},
        {"label": "x" * 101},
        {"user": "bob"},
    ],
)
def test_a_wish_that_makes_no_sense(ann: FlaskClient, body: dict[str, object]) -> None:
    answer = ann.post("/v1/me/keys", json=body)
    assert (answer.status_code, answer.json["errors"][0]["pointer"].split("/")[1]) == (422, next(iter(body)))


def test_a_member_cannot_have_admin(ann: FlaskClient) -> None:
    assert ann.post("/v1/me/keys", json={"scopes": list(SCOPES)}).json["code"] == "scope"


def test_the_secret_of_a_key_is_written_nowhere(ann: FlaskClient, site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        key = ann.post("/v1/me/keys", json={}, headers=AGAIN).json["key"]
        ann.post("/v1/me/keys", json={}, headers=AGAIN)
        with_key(site, key).get("/v1/me/keys")
    redis = site.api.stores.redis
    dumped = b"".join(redis_dump(redis, name) for name in redis.keys("*"))
    secret = key.split("_", 2)[2]
    assert len(secret) == 32
    assert dumped
    assert secret.encode() not in dumped
    assert secret not in caplog.text
    files = [path for path in site.settings.data.rglob("*") if path.is_file()]
    assert [path for path in files if secret.encode() in path.read_bytes()] == []


def redis_dump(redis: object, name: str) -> bytes:
    """What Redis has under a name, as text."""
    kind = redis.type(name)  # type: ignore[attr-defined]
    read = {"hash": "hgetall", "set": "smembers", "string": "get", "stream": "xrange"}.get(kind)
    return repr(getattr(redis, read)(name) if read else redis.zrange(name, 0, -1)).encode()  # type: ignore[attr-defined]
