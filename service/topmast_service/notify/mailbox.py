"""Messages into a Maildir, each exactly once.

The name of a message's file is made from its Message-ID, and ``link(2)`` into ``new/`` is the delivery: it cannot
happen twice, nor by halves, whenever the process dies.
"""

from __future__ import annotations

import mailbox
import os
import tempfile
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path


class Mailbox:
    """A Maildir at `path`, made when first needed (0700)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def deliver(self, message: EmailMessage) -> None:
        """Put the message into ``new/``, unless it is there, or was and somebody has seen it (``cur/``).

        Raises
        ------
        OSError
            The Maildir cannot be written.
        """
        self._prepare()
        name = sha256(str(message["Message-ID"]).encode()).hexdigest()[:32]
        if self._seen(name):
            return
        written = self._write(message)
        try:
            self._link(written, name)
        finally:
            written.unlink()

    def _prepare(self) -> None:
        # Not left to the standard library: it makes new/, cur/ and tmp/ only together with their parent, so a kill
        # in between left a Maildir that was never mended.
        for folder in (self.path, *(self.path / name for name in ("tmp", "new", "cur"))):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mailbox.Maildir(self.path, create=False).clean()  # what killed deliveries left, after 36 hours

    def _write(self, message: EmailMessage) -> Path:
        handle, path = tempfile.mkstemp(dir=self.path / "tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(message.as_bytes(policy=message.policy.clone(linesep="\n")))
            file.flush()
            os.fsync(handle)
        return Path(path)

    def _link(self, written: Path, name: str) -> None:
        try:
            os.link(written, self.path / "new" / name)
        except FileExistsError:
            return
        if self._seen(name):  # a reader moved the first one between our look and our link
            (self.path / "new" / name).unlink(missing_ok=True)
        _sync(self.path / "new")

    def _seen(self, name: str) -> bool:
        # Readers add their flags behind a colon: `<name>:2,S`.
        return any(entry.partition(":")[0] == name for entry in os.listdir(self.path / "cur"))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
