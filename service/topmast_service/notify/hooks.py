"""The operator's commands, run when a bundle is complete: SLURM submission, a message to a chat, a next pipeline.

Only the operator says what is run (`TOPMAST_HOOKS`); a request only names one. No shell reads anything, and a hook gets
nothing of our environment: settings hold passwords.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from topmast_service.errors import Invalid
from topmast_service.notify.wording import plain

NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
TIMEOUT = 30.0
"""Seconds after which a hook and what it started is killed: one that submits a job needs one or two."""

KEPT_OUTPUT = 4000
"""Bytes of its output that are logged; what comes beyond is read, and forgotten."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LOOK_EVERY = 0.05
_READS = 64  # at a look: one that writes for ever must not keep us from looking at the time


@dataclass(frozen=True)
class Ended:
    """How a hook ended: `failure` is None if well, else why in a few words."""

    failure: str | None
    output: str


def named(text: str) -> dict[str, Path]:
    """The commands of the setting ``name=/absolute/path,other=/path``.

    Raises
    ------
    Invalid
        It is not of this form. Whether the files are there is asked by `check`, where they are run.
    """
    found: dict[str, Path] = {}
    for entry in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, path = entry.partition("=")
        if not NAME.fullmatch(name) or not path.startswith("/") or name in found:
            raise Invalid(
                f"TOPMAST_HOOKS: {plain(entry)!r} is not a new name=/absolute/path.", hint="slurm=/path/submit"
            )
        found[name] = Path(path)
    return found


def check(hooks: Mapping[str, Path]) -> None:
    """Make sure, at the start, that each hook can be run.

    Raises
    ------
    Invalid
        One is no executable file.
    """
    for name, path in hooks.items():
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise Invalid(f"TOPMAST_HOOKS: {name} is {path}, which is no executable file.", hint=f"chmod +x {path}")


def run(command: Path, argument: Path, told: Mapping[str, str], folder: Path, timeout: float = TIMEOUT) -> Ended:
    """Run one hook to its end.

    Parameters
    ----------
    argument
        Its one argument.
    told
        Its environment, beside PATH.
    folder
        Where it starts.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - the command is the operator's, the argument a path of ours
            [command, argument],
            cwd=folder,
            env={"PATH": PATH, **told},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that all it started can be killed with it
        )
    except OSError as error:
        return Ended(f"it could not be started: {error.strerror}", "")
    with process:
        return _watched(process, time.monotonic() + timeout)


def _watched(process: subprocess.Popen[bytes], until: float) -> Ended:
    pipe, kept = cast("IO[bytes]", process.stdout).fileno(), bytearray()
    os.set_blocking(pipe, False)
    late = False
    while process.poll() is None and not (late := time.monotonic() > until):
        _drain(pipe, kept)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_EVERY)
    if late:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    _drain(pipe, kept)  # not until its end: what it left running in the background may hold the pipe open
    return Ended(_failure(process.returncode, late), plain(kept.decode(errors="replace"), KEPT_OUTPUT))


def _drain(pipe: int, kept: bytearray) -> None:
    """Take what is in the pipe: a hook that writes much must not wait for us."""
    with contextlib.suppress(BlockingIOError):
        for _ in range(_READS):
            kept += os.read(pipe, 1 << 16)[: max(0, KEPT_OUTPUT - len(kept))]


def _failure(status: int, late: bool) -> str | None:
    if late:
        return "it took too long and was killed"
    if status < 0:
        return f"it was ended by signal {-status}"
    return f"exit status {status}" if status else None
