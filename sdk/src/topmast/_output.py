"""What a command has to say, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OK, FAILED, USAGE, NO_ANSWER, PARTIAL, REFUSED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130


@dataclass(frozen=True)
class Output:
    """A document for programs, text for people, and an exit code."""

    document: Any
    text: str
    code: int = OK
