"""The same question at every door: may this one have that file, now?"""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.access.people import OPEN, PROGRAM, SECRET, Group, grant, uri
from topmast_service import container
from topmast_service.domain.job import Job
from topmast_service.ftps.openings import Openings


@pytest.fixture
def shared(group: Group) -> Job:
    """A bundle of Alice's with a file of the program and a public one, which Bob, Dave and Erin may look at."""
    done = group.bundle_of("alice", SECRET, OPEN)
    for name in ("bob", "dave", "erin"):
        group.api.sharing.share(group.job(done.id), name)
    return group.job(done.id)


def path_of(group: Group, bundle: Job, name: str) -> str:
    return str(group.rows(bundle)[name]["path"])


def members(kind: str, content: bytes) -> set[str]:
    """Names of the FITS files in an archive."""
    if kind == "zip":
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    else:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            names = archive.getnames()
    return {Path(name).name for name in names if name.endswith(".fits")}


@pytest.mark.parametrize(
    ("reader", "status", "code"),
    [
        ("alice", 200, None), ("dave", 200, None), ("bob", 403, "exclusive"), ("erin", 403, "needs_mast_token"),
    ],
)  # fmt: skip
def test_files_over_http(group: Group, shared: Job, reader: str, status: int, code: str | None) -> None:
    files = f"/v1/bundles/{shared.id}/files/"
    got, said = group.get(reader, files + path_of(group, shared, SECRET))
    assert got == status
    assert said == code or code is None
    assert group.get(reader, files + path_of(group, shared, OPEN))[0] == 200


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_archives_hold_what_their_reader_may_have(group: Group, shared: Job, kind: str) -> None:
    address = f"/v1/bundles/{shared.id}/archive.{kind}"
    held = {}
    for name in ("alice", "bob", "dave", "erin"):
        answer = group.client(name).get(address)
        assert answer.content_length == len(answer.data)
        held[name] = (members(kind, answer.data), answer.headers["ETag"])
    assert held["alice"] == held["dave"]
    assert held["bob"] == held["erin"]
    assert (held["alice"][0], held["bob"][0]) == ({SECRET, OPEN}, {OPEN})
    assert held["alice"][1] != held["bob"][1], "two archives, two ETags: one is not resumed with the other"


def test_another_bundle_does_not_exist_for_whom_it_is_not_shared_with(group: Group) -> None:
    done = group.bundle_of("alice", SECRET, OPEN)
    for part in ("", "/files", "/manifest", "/archive.zip", "/script.sh"):
        assert group.get("dave", f"/v1/bundles/{done.id}{part}") == (404, "unknown_job")


def test_a_share_is_for_looking_and_ends(group: Group, shared: Job) -> None:
    dave, address = group.client("dave"), f"/v1/bundles/{shared.id}"
    assert dave.get(address).json["bundle"]["shares"] == ["bob", "dave", "erin"]
    assert dave.get(f"{address}/manifest").status_code == 200
    assert dave.post(f"{address}/links", json={"path": ""}).status_code == 404
    assert dave.delete(f"/v1/jobs/{shared.id}").status_code == 404
    assert dave.put(f"{address}/shares/erin").status_code == 404
    alice = group.client("alice")
    assert alice.put(f"{address}/shares/nobody").status_code == 404
    assert alice.delete(f"{address}/shares/dave").status_code == 204
    assert dave.get(address).status_code == 404


def test_links_open_what_is_public(group: Group, shared: Job) -> None:
    alice = group.client("alice")
    made = alice.post(f"/v1/bundles/{shared.id}/links", json={"path": ""}).json["url"]
    secret = path_of(group, shared, SECRET)
    refused = alice.post(f"/v1/bundles/{shared.id}/links", json={"path": secret})
    assert (refused.status_code, refused.json["code"]) == (403, "not_by_link")
    there = urlsplit(made).path
    assert group.get(None, there + path_of(group, shared, OPEN))[0] == 200
    assert group.get(None, there + secret) == (403, "not_by_link")
    group.sandbox.post("rights", program=PROGRAM, rights="PUBLIC")
    assert group.get("alice", f"/v1/bundles/{shared.id}/files/{secret}")[0] == 200, "asking finds that it is public"
    group.api.rights.proofs.void("alice")
    assert group.get("alice", f"/v1/bundles/{shared.id}/files/{secret}")[0] == 200
    assert group.get(None, there + secret)[0] == 200


def test_after_a_while_it_is_asked_again(group: Group, shared: Job) -> None:
    address = f"/v1/bundles/{shared.id}/files/{path_of(group, shared, SECRET)}"
    assert group.get("alice", address)[0] == 200
    grant(group.sandbox, alice=[])
    group.api.rights.proofs.void("alice")
    assert group.get("alice", address) == (403, "exclusive")
    assert members("zip", group.client("alice").get(f"/v1/bundles/{shared.id}/archive.zip").data) == {OPEN}


def test_a_dead_token_opens_no_door(group: Group, shared: Job) -> None:
    address = f"/v1/bundles/{shared.id}/files/{path_of(group, shared, SECRET)}"
    group.sandbox.post("tokens", revoke=group.tokens["alice"])
    group.api.rights.proofs.void("alice")
    assert group.get("alice", address) == (403, "needs_mast_token")
    assert not group.api.mast_tokens.told("alice")["accepted"]
    group.store_token("alice")
    assert group.get("alice", address)[0] == 200


def test_without_an_answer_from_mast_nothing_exclusive_opens(group: Group, shared: Job) -> None:
    address = f"/v1/bundles/{shared.id}/files/"
    group.api.rights.proofs.void("alice")
    group.sandbox.post("faults", uri="*", fault="status", status=503)
    assert group.get("alice", address + path_of(group, shared, SECRET)) == (502, "upstream_down")
    assert group.get("alice", address + path_of(group, shared, OPEN))[0] == 200


def test_a_file_that_mast_has_withdrawn_is_proven_by_another_of_its_program(group: Group, shared: Job) -> None:
    address = f"/v1/bundles/{shared.id}/files/{path_of(group, shared, SECRET)}"
    group.bundle_of("alice", SECRET.replace("o001", "o002"))
    group.api.rights.proofs.void("alice")
    group.api.rights.prove("alice", uri(SECRET.replace("o001", "o002")), group.api.stores.tokens.get("alice"))
    group.api.rights.proofs._redis.delete("topmast:proofs:alice")
    group.sandbox.post("faults", uri=uri(SECRET), fault="status", status=404)
    assert group.get("alice", address)[0] == 200
    assert group.get("bob", address) == (403, "exclusive")


def test_files_that_have_arrived_before_the_bundle_is_complete(group: Group) -> None:
    job = group.begun("alice", SECRET, OPEN)
    group.transfer()
    group.api.stores.jobs.change(job.id, lambda found: replace(found, shares=("bob", "dave")))
    listed = {i["path"] for i in group.client("bob").get(f"/v1/bundles/{job.id}/arrivals").json["items"]}
    secret = next(path for path in listed if path.endswith(SECRET))
    codes = {name: group.get(name, f"/v1/bundles/{job.id}/files/{secret}")[0] for name in ("alice", "dave", "bob")}
    assert codes == {"alice": 200, "dave": 200, "bob": 403}


def test_nginx_sends_what_is_public_only(group: Group, shared: Job) -> None:
    """It is another user of the machine, and may not read the rest."""
    group.api = container.for_api(replace(group.settings, accel_prefix="/_stage"), wake=group.woken.append)
    files = f"/v1/bundles/{shared.id}/files/"
    ours = group.client("alice").get(files + path_of(group, shared, SECRET))
    theirs = group.client("alice").get(files + path_of(group, shared, OPEN))
    assert ("X-Accel-Redirect" in ours.headers, len(ours.data) > 0) == (False, True)
    assert ("X-Accel-Redirect" in theirs.headers, len(theirs.data)) == (True, 0)


def test_a_copy_for_the_group_leaves_out_what_is_not_for_all(group: Group, shared: Job, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    copy = group.api.copies.submit(group.user("alice"), shared, {"directory": "here"}, None).job
    container.for_copies(group.settings).run(copy.id)
    done = group.job(copy.id)
    assert (done.outcome, [failure["path"] for failure in done.result["failures"]]) == (
        "partial",
        [path_of(group, shared, SECRET)],
    )
    assert "exclusive access" in done.result["failures"][0]["reason"]
    assert {path.name for path in (tmp_path / "shared").rglob("*.fits")} == {OPEN}


@pytest.fixture
def openings(group: Group) -> Iterator[Openings]:
    """What the FTPS server asks."""
    stores, rights = container.for_ftps(group.settings)
    yield Openings(stores, rights)
    stores.close()


def test_ftps_asks_too(group: Group, shared: Job, openings: Openings) -> None:
    secret, public = (f"/{shared.id}/{path_of(group, shared, name)}" for name in (SECRET, OPEN))
    why = {name: openings.of(name, secret).result(30) for name in ("alice", "dave", "bob", "erin")}
    assert (why["alice"], why["dave"]) == (None, None)
    assert "its program only" in why["bob"] or "does not give" in why["bob"]
    assert "token" in why["erin"]
    assert {openings.of(name, public).result(30) for name in why} == {None}


def test_a_public_box_asks_nobody(group: Group, openings: Openings) -> None:
    done = group.bundle_of("erin", OPEN)
    group.sandbox.post("requests/reset")
    assert openings.of("erin", f"/{done.id}/{path_of(group, done, OPEN)}").done()
    assert group.asked(OPEN) == {}


def test_who_in_the_group_is_on_a_program(group: Group, shared: Job) -> None:
    told = group.client("erin").get(f"/v1/programs/0{PROGRAM}/access").json
    assert (told["program"], [one["user"] for one in told["users"]]) == (PROGRAM, ["alice"])
    assert told["users"][0]["current"] is True
    group.get("dave", f"/v1/bundles/{shared.id}/files/{path_of(group, shared, SECRET)}")
    grant(group.sandbox, alice=[])
    group.api.rights.proofs.void("alice")
    group.get("alice", f"/v1/bundles/{shared.id}/files/{path_of(group, shared, SECRET)}")
    users = group.client("erin").get(f"/v1/programs/{PROGRAM}/access").json["users"]
    assert {one["user"]: one["current"] for one in users} == {"alice": False, "dave": True}


@pytest.mark.parametrize("text", ["null", "0.5", "123456", "%C2%84", "null%2Cnull"])
def test_what_can_be_no_program_and_nobody_is_not_found(group: Group, shared: Job, text: str) -> None:
    alice = group.client("alice")
    assert alice.get(f"/v1/programs/{text}/access").status_code == 404
    if text != "null":  # somebody may be called so
        assert alice.delete(f"/v1/bundles/{shared.id}/shares/{text}").status_code == 404
