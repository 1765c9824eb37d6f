"""What commands themselves leave in the audit log."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from topmast_service.domain.audit import CLI, Entry

if TYPE_CHECKING:
    from topmast_service.store.audit import AuditLog


@contextmanager
def noted(log: AuditLog, action: str, kind: str, thing: str) -> Iterator[None]:
    """Keep that a command was used to change something, and whether that failed."""
    entry = Entry(action, actor=_operating_system_user(), kind=kind, object=thing, address=CLI)
    try:
        yield
    except Exception as error:
        log.note(replace(entry, outcome=getattr(error, "code", type(error).__name__)))
        raise
    log.note(replace(entry, outcome="done"))


def _operating_system_user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user need not have a name
        return str(os.getuid())
