"""A whole answer as a file: complete under its own name, or not there."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from ._clock import Deadline
from ._errors import TopmastError, UsageError
from ._messages import Request
from ._partfile import PartFile
from ._problems import error_for
from ._session import Session

#: What the end of a file's name asks the service for.
FORMATS = {
    ".csv": "csv",
    ".ecsv": "ecsv",
    ".vot": "votable",
    ".votable": "votable",
    ".xml": "votable",
    ".parquet": "parquet",
    ".html": "html",
}


def format_of(path: Path) -> str:
    """The format that a file's name says.

    Raises
    ------
    UsageError
        It says none that the service writes.
    """
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        ends = ", ".join(sorted(FORMATS))
        raise UsageError(f"{path.name!r} does not say in which format", hint=f"End the name in {ends}.") from None


def save(session: Session, request: Request, path: str | os.PathLike[str], deadline: Deadline) -> Path:
    """Write the answer to `request` into `path`, piece by piece; tried again from its start if it breaks off.

    Raises
    ------
    TopmastError, OSError
        It did not work; what was at `path` before still is.
    """
    target = Path(path).absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    for attempt in itertools.count(1):
        try:
            return _once(session, request, target, deadline)
        except TopmastError as error:
            pause = session.retry.pause(error, attempt, session.clock.fraction())
            if pause is None or pause >= deadline.left():
                raise
            session.clock.sleep(pause)
    raise AssertionError("unreachable")  # itertools.count never ends; mypy cannot know


def _once(session: Session, request: Request, target: Path, deadline: Deadline) -> Path:
    with PartFile.open(target, "") as part, session.open(request, deadline) as stream:
        if stream.head.status != 200:
            raise error_for(stream.read())
        for chunk in stream.chunks():
            part.append(chunk)
        part.commit()
    return target
