"""POST /v1/bundles/{id}/copies: who may, where to, and what is shown of it; then the whole way on a real service."""

from __future__ import annotations

import ftplib
import json
import os
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import topmast
from tests.api.site import Site
from tests.live import start_up
from topmast_service import container
from topmast_service.domain import job
from topmast_service.embedded.address import free_port


def asked(client: FlaskClient, bundle: job.Job, directory: str = "ring", **more: Any) -> Any:
    return client.post(f"/v1/bundles/{bundle.id}/copies", json={"directory": directory, **more})


def test_a_copy_is_a_job_and_shows_what_became_of_it(office: Site, ann: FlaskClient) -> None:
    bundle = office.bundle()
    made = asked(ann, bundle, label="for the group")
    address = made.headers["Location"]
    assert (made.status_code, made.json["kind"], made.json["copy"]) == (202, "copy", None)
    assert address == f"/v1/jobs/{made.json['id']}"
    assert office.woken[-1].step == "copy"
    (office.settings.data / "shared").mkdir()
    container.for_copies(office.settings).run(made.json["id"])
    done = ann.get(address).json
    assert (done["phase"], done["outcome"], done["label"]) == ("COMPLETED", "complete", "for the group")
    assert done["links"]["bundle"] == f"/v1/bundles/{bundle.id}"
    assert {k: done["copy"][k] for k in ("bundle", "revision", "files", "kept", "failed", "failures")} == {
        "bundle": bundle.id, "revision": 1, "files": 6, "kept": 0, "failed": 0, "failures": [],
    }  # fmt: skip
    listed = ann.get("/v1/jobs?kind=copy").json["items"]
    assert [item["id"] for item in listed] == [made.json["id"]]
    assert ann.get(f"{address}/citation").status_code == 409
    assert ann.post(f"{address}/retry").status_code == 409
    assert ann.delete(address).status_code == 204


def test_one_key_makes_one_copy(office: Site, ann: FlaskClient) -> None:
    address, key = f"/v1/bundles/{office.bundle().id}/copies", {"Idempotency-Key": "k"}
    first, second = (ann.post(address, json={"directory": "ring"}, headers=key) for _ in range(2))
    assert (first.json["id"], second.headers["Idempotency-Replayed"]) == (second.json["id"], "true")
    assert ann.post(address, json={"directory": "pot"}, headers=key).json["code"] == "idempotency_mismatch"


@pytest.mark.parametrize(
    ("phase", "body", "refusal"),
    [
        (job.EXECUTING, {"directory": "ring"}, (409, "not_ready")),
        (job.ABORTED, {"directory": "ring"}, (409, "no_result")),
        (job.ARCHIVED, {"directory": "ring"}, (410, "expired")),
        (job.COMPLETED, {"directory": "/etc"}, (403, "copies_not_allowed")),
        (job.COMPLETED, {"directory": "../ring"}, (403, "copies_not_allowed")),
        (job.COMPLETED, {}, (422, "invalid")),
        (job.COMPLETED, {"directory": "ring", "overwrite": "yes"}, (422, "invalid")),
    ],
)
def test_what_cannot_be_is_refused_at_once(
    office: Site, ann: FlaskClient, phase: str, body: dict[str, Any], refusal: tuple[int, str]
) -> None:
    answer = ann.post(f"/v1/bundles/{office.bundle(phase).id}/copies", json=body)
    assert (answer.status_code, answer.json["code"]) == refusal
    assert not list(office.api.stores.redis.scan_iter("topmast:job:c_*"))


def test_another_users_bundle_does_not_exist(office: Site) -> None:
    assert asked(office.client("bob"), office.bundle()).status_code == 404


@pytest.mark.timeout(240)
def test_copied_by_the_real_service_whose_workers_are_killed_and_a_hook_is_run(tmp_path: Path) -> None:
    root, hook = tmp_path / "shared", tmp_path / "hook"
    root.mkdir()
    hook.write_text(f'#!/bin/sh\ncp "$1" {tmp_path}/told.json\n')
    hook.chmod(0o755)
    settings = {"TOPMAST_COPY_ROOTS": str(root), "TOPMAST_HOOKS": f"note={hook}", "TOPMAST_LEASE": "3"}
    port = free_port("127.0.0.1")
    settings |= {
        "TOPMAST_FTPS_PORT": str(port), "TOPMAST_FTPS_PASSIVE_PORTS": "42160-42179",
        "TOPMAST_FTPS_MASQUERADE": "203.0.113.7", "TOPMAST_FTPS_PUBLIC_HOST": "localhost",
    }  # fmt: skip
    up = start_up(tmp_path / "data", "--sandbox", "--scale", "0.01", env=settings)
    try:
        with topmast.Client.from_endpoint(tmp_path / "data" / "endpoint.json") as client:
            found = client.search("m57 r=1m", mission="JWST", instrument_name="MIRI*")
            bundle = client.bundle(found, sub_groups=["I2D", "ASN"], notify=[{"hook": "note"}]).wait(timeout=120)
            copy = bundle.copy_to("group/m57")
            up.kill("worker-transfer")
            done = copy.wait(timeout=120)
            assert (done.kind, done.outcome, done.raw["copy"]["failed"]) == ("copy", "complete", 0)
            subprocess.run(["sha256sum", "--quiet", "-c", "sha256sums.txt"], cwd=root / "group" / "m57", check=True)
            assert not list(root.rglob(".*"))
            where = ["--endpoint", str(tmp_path / "data" / "endpoint.json")]
            line = [sys.executable, "-m", "topmast.cli", *where, "copy", bundle.id, "second", "--wait"]
            subprocess.run(line, check=True, env=dict(os.environ), capture_output=True, timeout=120)
            assert (root / "second" / "MANIFEST.HTML").exists()
            with pytest.raises(topmast.NotAllowed, match="below"):
                bundle.copy_to("/elsewhere")
        assert passive(up.endpoint, port).startswith("227 Entering passive mode (203,0,113,7,164,")  # 164 * 256 = 41984
        until = time.monotonic() + 30
        while not (tmp_path / "told.json").exists() and time.monotonic() < until:
            time.sleep(0.1)
        assert json.loads((tmp_path / "told.json").read_text())["job_id"] == bundle.id
    finally:
        up.stop()


def passive(endpoint: dict[str, Any], port: int) -> str:
    """What the FTPS server of `up` answers to PASV."""
    ftps = endpoint["ftps"]
    assert (ftps["host"], ftps["port"]) == ("localhost", port)
    with ftplib.FTP_TLS(context=ssl.create_default_context(cafile=ftps["ca_file"]), timeout=20) as client:
        client.connect("127.0.0.1", port)
        client.login(ftps["user"], endpoint["api_key"])
        client.prot_p()
        return client.sendcmd("PASV")
