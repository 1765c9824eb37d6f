"""PATCH /v1/jobs/{id}, over HTTP, by the SDK, and by the lines that the warning mail prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import topmast
from tests.api.served import start_api
from tests.api.site import Site
from topmast_service.domain import job
from topmast_service.notify.compose import Endpoints, expiring


def in_days(days: float) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def test_label_end_and_recipients_are_changed_at_once_and_told(office: Site, ann: FlaskClient) -> None:
    running = office.bundle(job.EXECUTING, label="old", notices=("ready ann@example.org",))
    end = in_days(20)
    body = {"label": "new", "destruction": end, "notify": [{"email": "bob@example.org"}]}
    answer = ann.patch(f"/v1/jobs/{running.id}", json=body)
    assert (answer.status_code, answer.json["label"], answer.json["destruction"]) == (200, "new", f"{end[:-1]}.000Z")
    assert answer.json["version"] == running.version + 1
    changed = office.api.stores.jobs.get(running.id)
    assert changed.notices == changed.owed_at_end == ("ready bob@example.org",)
    assert ann.patch(f"/v1/jobs/{running.id}", json={"label": None}).json["label"] is None
    assert office.api.stores.jobs.get(running.id).owed_at_end == ("ready bob@example.org",)


def test_only_the_version_that_one_knows_is_changed(office: Site, ann: FlaskClient) -> None:
    address = f"/v1/jobs/{office.bundle().id}"
    etag = ann.get(address).headers["ETag"]
    answer = ann.patch(address, json={"label": "first"}, headers={"If-Match": etag})
    assert (answer.status_code, ann.get(address).headers["ETag"]) == (200, answer.headers["ETag"])
    lost = ann.patch(address, json={"label": "second"}, headers={"If-Match": etag})
    assert (lost.status_code, lost.json["code"]) == (412, "precondition_failed")
    weak = ann.patch(address, json={"label": "second"}, headers={"If-Match": f"W/{answer.headers['ETag']}"})
    assert weak.status_code == 412
    assert ann.get(address).json["label"] == "first"
    assert ann.patch(address, json={"label": "third"}, headers={"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize(
    ("phase", "body", "refusal"),
    [
        (job.COMPLETED, {"destruction": in_days(4000)}, (422, "invalid")),
        (job.COMPLETED, {"destruction": in_days(-1)}, (422, "invalid")),
        (job.COMPLETED, {"destruction": "tomorrow"}, (422, "invalid")),
        (job.COMPLETED, {}, (422, "invalid")),
        (job.COMPLETED, {"name": "x"}, (422, "invalid")),
        (job.COMPLETED, {"notify": []}, (409, "illegal_move")),
        (job.EXECUTING, {"notify": [{"hook": "slurm"}]}, (422, "unknown_hook")),
        (job.EXECUTING, {"notify": [{"hook": "slurm", "email": "a@b.org"}]}, (422, "invalid")),
        (job.EXECUTING, {"notify": [{}]}, (422, "invalid")),
        (job.ARCHIVED, {"destruction": in_days(3)}, (409, "illegal_move")),
        (job.ARCHIVED, {"label": "remembered"}, (200, None)),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changed(
    office: Site, ann: FlaskClient, phase: str, body: dict[str, Any], refusal: tuple[int, str | None]
) -> None:
    known = office.bundle(phase)
    answer = ann.patch(f"/v1/jobs/{known.id}", json=body)
    assert (answer.status_code, answer.json.get("code")) == refusal
    if refusal[0] != 200:
        assert office.api.stores.jobs.get(known.id) == known


def test_the_refusal_says_what_is_allowed(office: Site, ann: FlaskClient) -> None:
    answer = ann.patch(f"/v1/jobs/{office.bundle().id}", json={"destruction": in_days(4000)}).json
    assert "3650 days" in answer["detail"]
    assert re.search(r"latest is \d{4}-\d\d-\d\dT", answer["hint"])
    assert answer["errors"][0]["pointer"] == "/destruction"


def test_another_users_job_does_not_exist(office: Site) -> None:
    known = office.bundle()
    assert office.client("bob").patch(f"/v1/jobs/{known.id}", json={"label": "mine"}).status_code == 404


def test_the_sdk_and_the_lines_of_the_mail_keep_a_bundle(office: Site, tmp_path: Path) -> None:
    done = office.bundle(label="old")
    server = start_api(office, tmp_path)
    try:
        with topmast.Client(server.url, office.keys["ann"]) as client:
            known = client.bundles.get(done.id)
            assert known.update(label=None).label == ""
            until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
            assert known.extend(until=until).destruction == until
            assert known.extend(days=2.5).destruction == until + timedelta(days=2.5)
            assert known.extend(days=1).counts == known.counts
            with pytest.raises(topmast.Invalid, match="The latest is"):
                known.extend(days=9999)
            for wrong in ({}, {"days": 1, "until": until}):
                with pytest.raises(topmast.UsageError):
                    known.extend(**wrong)
            with pytest.raises(topmast.UsageError):
                known.update()
            with pytest.raises(topmast.IllegalMove):
                known.update(notify="bob@example.org")
        before = office.api.stores.jobs.get(done.id)
        mail = expiring(before, Endpoints(server.url, None, None, None, "t@example.org"), "a@b.org").get_content()
        for line in (line.strip() for line in mail.splitlines()):
            if " topmast extend " in line:
                run(line, office.keys["ann"])
                longer = office.api.stores.jobs.get(done.id).destruction
                assert longer - before.destruction == timedelta(days=6)
            if line.startswith("curl"):
                run(line, office.keys["ann"])
                kept = office.api.stores.jobs.get(done.id).destruction
                assert abs(kept - before.destruction - timedelta(days=6)) < timedelta(seconds=1)
        assert office.api.stores.jobs.get(done.id).version == before.version + 2
    finally:
        server.stop()


def run(line: str, key: str) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "TOPMAST_API_KEY": key, "PATH": path}
    subprocess.run(["bash", "-c", line], env=environment, check=True, capture_output=True, timeout=60)
