"""Looks at Redis after every single command of every process, and knows what may never be seen there."""

from __future__ import annotations

import json
from typing import Any

from topmast_service.domain.job import ABORTED, ARCHIVED, EXECUTING, FINAL, MOVES, PENDING, SUSPENDED, Job, from_record

Kept = dict[str, dict[str, str]]


class Witness:
    """What was seen last, to compare with; `most` slices may be in hands at once; `aborted` ever."""

    def __init__(self, redis: Any, most: int) -> None:
        self._redis = redis
        self._most = most
        self._jobs: dict[str, Job] = {}
        self._done: Kept = {}
        self.aborted: set[str] = set()

    def jobs(self) -> list[Job]:
        """Every record, oldest first."""
        keys = sorted(self._redis.scan_iter("topmast:job:*", count=1000))
        found = [from_record(json.loads(raw)) for raw in self._redis.mget(keys) if raw] if keys else []
        return sorted(found, key=lambda job: job.created)

    def forget_times(self) -> None:
        """After time was moved: what is compared is read anew."""
        self._jobs = {job.id: job for job in self.jobs()}

    def look(self) -> None:
        """Once over everything.

        Raises
        ------
        AssertionError
            Something that may never be.
        """
        jobs = {job.id: job for job in self.jobs()}
        opened = self._redis.smembers("topmast:open")
        for job in jobs.values():
            if job.id in self._jobs:
                _may_follow(self._jobs[job.id], job)
            _can_go_on(job, job.id in opened)
            self._files(job)
        self._jobs = jobs
        self.aborted |= {job.id for job in jobs.values() if job.phase == ABORTED}
        assert self._redis.zcard("topmast:slices") <= self._most, "more slices in hands than connections"

    def _files(self, job: Job) -> None:
        """Each file is waiting, in one worker's hands, or settled; what is settled stays as it is."""
        todo = {row(m) for m in self._redis.zrange(f"topmast:todo:{job.id}", 0, -1)}
        slices = [
            self._redis.zrange(f"topmast:slice:{piece}:files", 0, -1)
            for piece in self._redis.smembers(f"topmast:held:{job.id}")
        ]
        held = [row(member) for piece in slices for member in piece]
        done = self._redis.hgetall(f"topmast:done:{job.id}")
        everywhere = [*todo, *held, *done]
        assert len(set(everywhere)) == len(everywhere), f"a file is in two places: {sorted(everywhere)}"
        counts = {k: int(v) for k, v in self._redis.hgetall(f"topmast:count:{job.id}").items()}
        assert counts == _tally(done) | {k: 0 for k, v in counts.items() if not v}, "counts differ from results"
        if job.step in {"transfer", "publish"} and job.phase not in FINAL:
            wanted = job.progress["files_total"]
            assert len(everywhere) == wanted, f"{wanted} files were asked for, {len(everywhere)} are accounted for"
            assert job.step == "transfer" or len(done) == wanted, "publishing what is not settled"
            before = self._done.get(f"{job.id}:{job.step}:{job.attempt}", {})
            assert before.items() <= done.items(), "a settled file changed"
            self._done[f"{job.id}:{job.step}:{job.attempt}"] = done


def row(member: str) -> str:
    """The row of a file, as the work list names it."""
    return member.partition(":")[0]


def _tally(done: dict[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for result in map(json.loads, done.values()):
        _count(found, result["status"], 1)
        _count(found, "bytes", result.get("size", 0))
        if result.get("source") == "cached":
            _count(found, "cached", 1)
            _count(found, "cached_bytes", result["size"])
    return found


def _count(found: dict[str, int], name: str, number: int) -> None:
    if number or name in found:
        found[name] = found.get(name, 0) + number


def _may_follow(before: Job, after: Job) -> None:
    assert _reachable(before.phase, after.phase, after.version - before.version), f"{before.phase} became {after.phase}"
    assert after.version >= before.version, "the version went back"
    assert after.phase == before.phase or after.version > before.version, "a phase changed under the same version"
    assert before.attempt <= after.attempt <= before.attempt + 1, "attempts are counted one by one"
    assert (after.revision or 0) >= (before.revision or 0), "a revision was taken back"
    if before.phase in FINAL and after.phase in {before.phase, ARCHIVED}:
        same = ("revision", "result", "outcome", "error", "ended", "attempt", "step")
        assert [getattr(before, n) for n in same] == [getattr(after, n) for n in same], "what has ended changed"


def _reachable(before: str, after: str, moves: int) -> bool:
    """Whether so many legal moves lead there: one change may be two, such as HELD by way of QUEUED to EXECUTING."""
    reached = {before}
    for _ in range(min(moves, 2)):
        reached |= {phase for known in reached for phase in MOVES[known]}
    return after in reached


def _can_go_on(job: Job, looked_after: bool) -> None:
    """Nothing is lost: whatever is not final has somebody or something that carries it on."""
    if job.phase in FINAL:
        assert job.ended, "ended, and nobody knows when"
        assert looked_after or not job.notices, "somebody waits for a message that nobody will send"
        return
    assert looked_after, f"{job.phase} and nobody looks after it"
    if job.phase == EXECUTING:
        assert job.step == "transfer" or job.lease_until, "at work, and nobody knows until when"
    elif job.phase == SUSPENDED:
        assert job.not_before, "waiting for ever"
    elif job.phase != PENDING:
        assert not job.lease_until, "a lease that nobody holds"
