"""The end of every story: nothing more happens to anybody, time passes, and what was asked for must come about."""

from __future__ import annotations

import re
from collections import Counter

from tests.machines.mast import MISSING, Mast
from tests.machines.world import ALICE, World
from topmast_service.domain.job import ABORTED, COMPLETED, HELD, Job
from topmast_service.store.tables import Table
from topmast_service.workflows.control import manifest_table

ROUNDS = 30
"""Minutes of healthy life after which everything must have ended."""

WORK = frozenset(
    {"todo", "done", "count", "tries", "lost", "held", "moving", "arrived", "slice", "slices", "turns", "open"}
)
"""Families of keys that only exist while there is work."""


def heal(world: World, mast: Mast) -> None:
    """Run everything to its end, and look at what there is.

    Raises
    ------
    AssertionError
        A job never ends, ended otherwise than its request deserves, or something is left over.
    """
    mast.away = False
    for job in world.jobs():
        if job.phase == HELD:
            world.do(lambda p, job_id=job.id: p.api.control.run(ALICE, job_id))  # type: ignore[misc]
    for _ in range(ROUNDS):
        world.deliver_all()
        world.pass_time(61)
        world.upkeep()
        if not world.redis.smembers("topmast:open"):
            break
    for job in world.jobs():
        assert job.final, f"{job.id} never ends: {job}"
        _ended_well(world, job)
    _nothing_is_left(world)
    _each_message_once(world)


def _ended_well(world: World, job: Job) -> None:
    if job.phase == ABORTED or (job.error or {}).get("code") == "worker_lost":  # three accidents on one step
        return
    assert job.phase == COMPLETED, f"{job.id} ended as {job.phase}: {job.error}"
    table = Table(manifest_table(world.settings.tables, job.id, job.revision or 0))
    rows = list(table.rows())
    wanted = job.request["from"]["uris"]
    assert [row["dataURI"] for row in rows] == wanted
    for row in rows:
        expected = ("FAILED", "missing_on_server") if MISSING in row["dataURI"] else ("OK", row["reason"])
        assert (row["status"], row["reason"]) == expected, f"{row['dataURI']}: {row['status']} {row['reason']}"
    staged = world.settings.stage / "alice" / job.id / str(job.revision)
    delivered = {path.name for path in staged.glob("JWST/*/*")}
    assert delivered == {row["productFilename"] for row in rows if row["status"] == "OK"}


def _nothing_is_left(world: World) -> None:
    ids = [job.id for job in world.jobs()]
    keys = [key for key in world.redis.scan_iter("topmast:*") if key.split(":")[1] not in {"job", "once"}]
    left = [key for key in keys if key.split(":")[1] in WORK or any(job_id in key for job_id in ids)]
    assert not left, f"left in Redis: {left}"
    assert not list(world.settings.cache.glob("parts/*"))


def _each_message_once(world: World) -> None:
    sent = [path.read_text() for path in world.settings.mail.glob("new/*")]
    ids = [re.findall("^Message-ID: <(.*?)>", text, re.MULTILINE | re.IGNORECASE)[0] for text in sent]
    told = Counter(tuple(name.split(".")[: 2 if ".accepted." in name else 3]) for name in ids)
    assert all(count == 1 for count in told.values()), f"told more than once: {told}"
    for job in world.jobs():
        if job.phase == COMPLETED:
            assert (job.id, "accepted") in told or job.id in world.witness.aborted, (
                "nobody was told that the request came"
            )
            assert (job.id, "ready", f"{job.revision}") in told, "nobody was told that it is ready"
