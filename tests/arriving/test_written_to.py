"""A box that its user wrote into: every door says what is there now, and nobody puts it back."""

from __future__ import annotations

import hashlib
import os

import pytest
from flask.testing import FlaskClient

from tests.arriving.conftest import MSA, UNCAL
from tests.arriving.test_arrivals import of_user
from tests.arriving.test_layouts import OBSERVATION, box_of
from tests.workflows.conftest import Site
from topmast_service import container
from topmast_service.domain.job import Job
from topmast_service.staging.manifest_files import SUMS

CHANGED, KEPT = f"Obs007/uncal/{UNCAL}", f"Obs007/asn/{MSA}"


@pytest.fixture
def done(site: Site) -> Job:
    return site.run(OBSERVATION, layout="pipeline")


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return of_user(site, "alice")


def write(site: Site, done: Job, *, keep_time: bool) -> bytes:
    """Change a file in its place, as ``fits.open(mode="update")`` does, perhaps with a program that keeps its time."""
    path = box_of(site, done) / CHANGED
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"SIMPLE  =                    F")
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return path.read_bytes()


@pytest.mark.parametrize("keep_time", [False, True])
def test_a_door_tells_the_checksum_of_what_it_sends(
    site: Site, client: FlaskClient, done: Job, keep_time: bool
) -> None:
    address = f"/v1/bundles/{done.id}/files"
    promised = {row["path"]: row["sha256"] for row in site.rows(done).values()}
    assert client.head(f"{address}/{CHANGED}").headers["ETag"] == f'"{promised[CHANGED]}"'
    now = write(site, done, keep_time=keep_time)
    got = client.get(f"{address}/{CHANGED}")
    assert got.data == now
    assert got.headers["ETag"] == f'"{hashlib.sha256(now).hexdigest()}"' != f'"{promised[CHANGED]}"'
    listed = {e["path"]: e["sha256"] for e in client.get(f"{address}/Obs007/uncal").json["items"]}
    assert listed == {CHANGED: None}
    listed = {e["path"]: e["sha256"] for e in client.get(f"{address}/Obs007/asn").json["items"]}
    assert listed[KEPT] == promised[KEPT]


def test_without_its_sums_every_file_is_read(site: Site, client: FlaskClient, done: Job) -> None:
    now = write(site, done, keep_time=False)
    (box_of(site, done) / SUMS).unlink()
    for path, content in ((CHANGED, now), (KEPT, (box_of(site, done) / KEPT).read_bytes())):
        told = client.head(f"/v1/bundles/{done.id}/files/{path}").headers["ETag"]
        assert told == f'"{hashlib.sha256(content).hexdigest()}"'


def test_a_file_that_was_taken_away_is_not_there(site: Site, client: FlaskClient, done: Job) -> None:
    (box_of(site, done) / CHANGED).unlink()
    assert client.get(f"/v1/bundles/{done.id}/files/{CHANGED}").json["code"] == "no_such_file"
    assert client.get(f"/v1/bundles/{done.id}/files/Obs007/uncal").json["items"] == []


def test_the_doctor_leaves_it_in_peace_and_rebuilds_it_as_it_was(site: Site, done: Job) -> None:
    def codes(*, repair: bool = False) -> set[str]:
        doctor = container.for_doctor(site.settings)
        found = doctor.examine(deep=True, repair=repair, pause=lambda _: None).findings
        return {finding.code for finding in found if finding.code.startswith("bundle")}

    now = write(site, done, keep_time=False)
    (box_of(site, done) / "Obs007" / "mine.fits").write_bytes(b"result")
    (box_of(site, done) / KEPT).unlink()
    assert codes(repair=True) == set()
    assert (box_of(site, done) / CHANGED).read_bytes() == now
    site.api.stores.trees.remove(done.owner, done.id)
    assert codes(repair=True) == {"bundle_missing"}
    assert (box_of(site, done) / CHANGED).stat().st_mode & 0o200
