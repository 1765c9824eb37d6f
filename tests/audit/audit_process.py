"""A writer or a mover of the audit log: ``python -m tests.audit.audit_process write|move|die URL FOLDER ...``."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from topmast_service.domain.audit import Entry
from topmast_service.store import audit
from topmast_service.store.audit import AuditLog
from topmast_service.store.audit_files import MonthFiles
from topmast_service.store.connection import connect


class Killed(AuditLog):
    """Dies where it hurts most: what it has filed is still in Redis."""

    def _forget(self, filed: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def main(role: str, url: str, folder: str, *more: str) -> None:
    files = MonthFiles(Path(folder))
    if role == "write":
        log = AuditLog(connect(url), files)
        for number in range(int(more[1])):
            log.note(Entry("written", actor=more[0], path=str(number)))
    else:
        audit.KEPT, audit.BATCH = 0, 100
        (Killed if role == "die" else AuditLog)(connect(url), files).keep()


if __name__ == "__main__":
    main(*sys.argv[1:])
