"""What must be true after any chaos: on disk, in the records, in the mailbox, and in the sandbox's counters."""

from __future__ import annotations

import hashlib
import re
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from tests.chaos.fleet import Fleet
from topmast_service.domain.job import COMPLETED, Job
from topmast_service.store.tables import Table
from topmast_service.workflows.control import manifest_table

BUFFER = 1 << 20
"""Bytes that may cross the network once more after an interruption."""


def is_whole(fleet: Fleet, job: Job, files: int) -> None:
    """The bundle is complete, and every file in it is what the sandbox serves, byte for byte."""
    assert (job.phase, job.outcome) == (COMPLETED, "complete"), fleet.story(f"it ended as {job.phase} {job.outcome}")
    table = Table(manifest_table(fleet.settings.tables, job.id, job.revision or 0))
    rows = {row["path"]: row for row in table.rows()}
    fleet.sandbox.set(bytes_per_second=0)
    staged = fleet.settings.stage / job.owner / job.id / str(job.revision)
    found = {str(path.relative_to(staged)): _sha256(path.read_bytes()) for path in staged.glob("*/*/*")}
    assert found == {path: row["sha256"] for path, row in rows.items()}, fleet.story("the box is not its manifest")
    assert len(rows) == files == table.count(), fleet.story(f"{len(rows)} files instead of {files}")
    served = {uri: _sha256(_served(fleet, uri)) for uri in (row["dataURI"] for row in rows.values())}
    wrong = [row["dataURI"] for row in rows.values() if served[row["dataURI"]] != row["sha256"]]
    assert not wrong, fleet.story(f"not the bytes that are served: {wrong}")


def asked_little(
    fleet: Fleet, counted: dict[str, Any], accidents: int, sizes: dict[str, int], buffer: int = BUFFER
) -> None:
    """Each file was asked for once, and once more for what may have interrupted it; bytes likewise.

    Parameters
    ----------
    counted
        The sandbox's counters before anybody looked at the files.
    accidents
        Kills and restarts of Redis.
    sizes
        Bytes by dataURI.
    buffer
        Bytes that may be sent in vain at an interruption.
    """
    for uri, size in sizes.items():
        count = counted["files"][uri]
        bound = 1 + accidents + sum(count["injected"].values())
        asked = count["requests"]
        assert 1 <= asked <= bound, fleet.story(f"{uri}: {asked} requests, {bound} would have been enough: {count}")
        most = size + buffer * (asked - 1)
        assert count["bytes"] <= most, fleet.story(f"{uri}: {count['bytes']} bytes, {most} would have been enough")
    counts = [counted["files"][uri] for uri in sizes]
    asked, spoilt = (
        sum(each) for each in zip(*((c["requests"], sum(c["injected"].values())) for c in counts), strict=True)
    )
    bound = len(sizes) + spoilt + accidents * fleet.settings.mast_connections
    assert asked <= bound, fleet.story(f"{asked} requests in all, {bound} would have been enough")
    print(f"{len(sizes)} files, {accidents} accidents, {spoilt} spoilt requests: {asked} requests")  # noqa: T201


def tidy(fleet: Fleet, jobs: list[Job]) -> None:
    """A round of upkeep later nothing is left of the work, and everybody has each message once."""
    fleet.a_round_of_upkeep()
    parts = [path.name for path in (fleet.settings.cache / "parts").glob("*")]
    assert not parts, fleet.story(f"left behind: {parts}")
    keys = [key for key in fleet.api.stores.redis.scan_iter("topmast:*") if key.split(":")[1] not in {"job", "once"}]
    left = [key for key in keys if key in {"topmast:slices", "topmast:turns"} or any(job.id in key for job in jobs)]
    assert not left, fleet.story(f"left in Redis: {left}")
    told = Counter(told_of(fleet.settings.mail))
    wanted = {name for job in jobs for name in (f"{job.id}.accepted.0", f"{job.id}.ready.{job.revision}")}
    mine = {name: n for name, n in told.items() if any(job.id in name for job in jobs)}
    assert mine == dict.fromkeys(wanted, 1), fleet.story(f"messages: {mine}")


def told_of(mail: Path) -> list[str]:
    """``job.event.revision`` of every message in the Maildir."""
    found = [re.findall(r"^Message-ID: <(.*?)\.[0-9a-f]{12}@", p.read_text(), re.M) for p in mail.glob("new/*")]
    return [name for names in found for name in names]


def _served(fleet: Fleet, uri: str) -> bytes:
    with urllib.request.urlopen(f"{fleet.sandbox.url}/api/v0.1/Download/file?uri={uri}", timeout=60) as answer:
        return bytes(answer.read())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
