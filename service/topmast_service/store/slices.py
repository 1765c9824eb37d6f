"""Which files are to be moved next: slices of work handed out in turn over jobs.

A bundle's files wait in ``todo:<job>`` (member ``<row>:<bytes>``, score: not before). A worker asks for a slice, a few
files of the job that was served longest ago; it holds them under a lease and settles them one by one (``done:<job>``;
the rows of those that came, in the order of their coming, in ``arrived:<job>``). A slice whose lease ran out goes back
to the list. Everything that checks and then writes is one Lua script, so that two workers can never hold one file, and
a worker that woke up too late settles nothing.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from topmast_service.domain.job import Job
from topmast_service.errors import StaleAttempt
from topmast_service.store.connection import PREFIX, Client

SLICE_FILES, SLICE_BYTES = 32, 2_000_000_000
"""A slice is small, so that a three-file bundle never waits long behind a bulk one; what is left of it after a second
goes back (workflows.transfer), so that only small files come in so many."""

BULK_FILES = 1000
"""A job with more files waiting is bulk: it comes after the others and leaves them two places."""

MAX_LOST = 5
"""A file whose worker died so often while moving it is given up: it may be the file that kills them.

Killing twenty workers at random met one of 500 files three times; one that kills always still ends within minutes.
"""


@dataclass(frozen=True)
class Slice:
    """Files of one job in one worker's hands: `members` are ``<row>:<bytes>`` as queued."""

    id: str
    job_id: str
    members: tuple[str, ...]


class Slices:
    """The work list of all transfer workers.

    Parameters
    ----------
    lease
        Seconds after which a silent worker's slice is given to another.
    most
        Slices held at once in the whole installation: one connection to MAST each.
    """

    def __init__(self, redis: Client, lease: float = 30.0, most: int = 8) -> None:
        self._redis = redis
        self._lease = lease
        self._most = most
        text = resources.files("topmast_service.store").joinpath("slices.lua").read_text()
        parts = dict(_named_scripts(text))
        self._scripts = {name: redis.register_script(body) for name, body in parts.items()}

    def fill(self, seen: Job, files: Iterable[tuple[int, int]]) -> None:
        """Queue the (row, bytes) of `files`, all due now. Filling again changes nothing.

        Raises
        ------
        StaleAttempt
            The job is no longer as `seen`. A worker that was stopped for minutes once filled the list of a bundle
            that another had published meanwhile.
        """
        members = [f"{row}:{size}" for row, size in files]
        for start in range(0, len(members), 1000):
            self._for(seen, "fill", *members[start : start + 1000])

    def settle_at_once(self, seen: Job, results: Mapping[int, dict[str, Any]]) -> None:
        """Record files that need no moving, by row, before any is queued; `StaleAttempt` as in `fill`."""
        told = [(row, json.dumps(result), *_counted(result)) for row, result in results.items()]
        self._for(seen, "settle_at_once", *(value for one in told for value in one))

    def next(self) -> Slice | None:
        """The next slice of the job that was served longest ago, small jobs before bulk ones.

        None when nothing is due, or when as many slices are held as there may be connections to MAST.
        """
        new_id = secrets.token_hex(8)
        found = self._run("next", new_id, self._lease, SLICE_FILES, SLICE_BYTES, self._most, BULK_FILES)
        return Slice(new_id, found[0], tuple(found[1:])) if found else None

    def renew(self, piece: Slice, moving: int = 0) -> bool:
        """Prolong the lease and tell the bytes of the file on its way; False when the slice is no longer ours."""
        return bool(self._run("renew", piece.id, self._lease, moving))

    def settle(self, piece: Slice, member: str, result: dict[str, Any]) -> bool:
        """Record what became of one file; False when the slice is no longer ours (then nothing is recorded)."""
        return bool(self._run("settle", piece.id, piece.job_id, member, json.dumps(result), *_counted(result)))

    def postpone(self, piece: Slice, member: str, seconds: float, counted: bool) -> None:
        """Put one file back, due in `seconds`; a `counted` one uses up a try."""
        self._run("postpone", piece.id, piece.job_id, member, seconds, int(counted))

    def tried(self, piece: Slice, member: str) -> int:
        """How many counted tries a file has behind it."""
        return int(self._redis.hget(_key("tries", piece.job_id), str(row_of(member))) or 0)

    def close(self, piece: Slice) -> bool:
        """Give back what is left of a slice; whether every file of the job is settled now."""
        return bool(self._run("close", piece.id, piece.job_id))

    def hold(self, job_id: str) -> None:
        """Take the job's files out of all hands, and let nobody take them until `release`."""
        self._run("hold", job_id)

    def release(self, job_id: str) -> None:
        """The job takes its turns again."""
        self._run("release", job_id)

    def expire(self) -> list[str]:
        """Take back the slices whose lease ran out; returns their jobs' ids."""
        return list(self._run("expire", MAX_LOST))

    def give_up(self, job_id: str, result: dict[str, Any]) -> None:
        """Settle every waiting file of a job with `result`; files in hands stay there."""
        self._run("give_up", job_id, json.dumps(result), result["status"])

    def drained(self, job_id: str) -> bool:
        """Whether every file of the job is settled."""
        return not self._redis.zcard(_key("todo", job_id)) and not self._redis.scard(_key("held", job_id))

    def due_in(self) -> float | None:
        """Seconds until the next file is due (≤ 0: now), None when nothing waits that could be taken now."""
        answer = self._run("due", self._most, BULK_FILES)
        return None if answer is None else float(answer)

    def counts(self, job_id: str) -> dict[str, int]:
        """``{"OK", "FAILED", "WITHHELD", "cached", "bytes", "cached_bytes", "moving"}`` so far; absent ones are 0."""
        found = self._redis.hgetall(_key("count", job_id))
        moving = sum(map(int, self._redis.hvals(_key("moving", job_id))))
        return {str(k): int(v) for k, v in found.items()} | ({"moving": moving} if moving else {})

    def results(self, job_id: str) -> dict[int, dict[str, Any]]:
        """What became of each settled file, by its row in the product table."""
        found = self._redis.hscan_iter(_key("done", job_id), count=1000)
        return {int(row): json.loads(result) for row, result in found}

    def results_of(self, job_id: str, rows: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The same for some rows; those that are not settled are left out."""
        found = self._redis.hmget(_key("done", job_id), list(map(str, rows))) if rows else []
        return {row: json.loads(result) for row, result in zip(rows, found, strict=True) if result is not None}

    def arrivals(self, job_id: str) -> int:
        """How many files of the job have arrived."""
        return int(self._redis.llen(_key("arrived", job_id)))

    def arrived(self, job_id: str, after: int, limit: int) -> list[int]:
        """The rows of files that came, in the order of their arrival, behind the first `after`."""
        return [int(row) for row in self._redis.lrange(_key("arrived", job_id), after, after + limit - 1)]

    def forget(self, seen: Job) -> None:
        """Remove every trace of a job whose results nobody needs; nothing happens if it is no longer as `seen`.

        Whoever says so may have been stopped for minutes: meanwhile the job may have been begun anew.
        """
        self._run("forget", seen.id, seen.phase, seen.attempt)

    def forget_removed(self, job_id: str) -> None:
        """The same for a job whose record is gone; nothing happens if it is there."""
        self._run("forget", job_id, "", "")

    def _for(self, seen: Job, script: str, *args: Any) -> None:
        if not self._run(script, seen.id, seen.phase, seen.attempt, *args):
            raise StaleAttempt(f"Job {seen.id} is no longer {seen.phase} in attempt {seen.attempt}.")

    def _run(self, script: str, *args: Any) -> Any:
        return self._scripts[script](keys=[PREFIX], args=list(args))


def row_of(member: str) -> int:
    """The row in the product table of a queued file."""
    return int(member.partition(":")[0])


def _counted(result: Mapping[str, Any]) -> tuple[str, str, int]:
    return result["status"], result.get("source", ""), int(result.get("size") or 0)


def _key(family: str, job_id: str) -> str:
    return f"{PREFIX}{family}:{job_id}"


def _named_scripts(text: str) -> Iterable[tuple[str, str]]:
    common, *parts = text.split("-- script: ")
    for part in parts:
        name, _, body = part.partition("\n")
        yield name.strip(), common + body
