"""One client's control connection: FTP's commands under TLS, reading only (RFC 959, 2228, 3659, 4217)."""

from __future__ import annotations

import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from pyftpdlib.handlers import TLS_FTPHandler

from topmast_service.errors import TopmastError
from topmast_service.ftps.boxes import BoxFilesystem
from topmast_service.ftps.doors import Doors

WRITING = frozenset(
    "ALLO APPE DELE MFMT MKD RMD RNFR RNTO SITE STOR STOU XMKD XRMD".split()  # noqa: SIM905 - reads better so
)
"""Refused outright. Not left to permissions: pyftpdlib's STOU makes its file first and asks afterwards."""

ACTIVE = frozenset({"PORT", "EPRT"})
"""Active mode makes the server connect out; passive mode works for every client we know."""


_LOOK_AGAIN = 0.02
"""Seconds between two looks whether MAST has answered."""


GOODBYE_WITHIN = 2.0
"""Seconds that a client has to read the last answer; one that reads nothing would keep its session for ever."""

SHORTEST_LOOK = 0.1
"""Seconds between two looks at a key, at least."""


class Session(TLS_FTPHandler):
    """A session; `server.make_server` sets the class attributes that depend on the settings."""

    doors: Doors
    recheck_after: float
    sign_in_within: float

    banner = "topmast: FTP with TLS (AUTH TLS), user name and API key."
    abstracted_fs = BoxFilesystem
    tls_control_required = True
    tls_data_required = True
    proto_cmds = {  # noqa: RUF012 - pyftpdlib's own class attribute
        name: form for name, form in TLS_FTPHandler.proto_cmds.items() if name.split()[0] not in WRITING | ACTIVE
    }

    _checked = 0.0
    _looks: Any = None
    _idler: Any = None

    def on_connect(self) -> None:
        """Give whoever connects a while to sign in: commands that need no key would keep a place for ever."""
        self.ioloop.call_later(self.sign_in_within, self._must_be_known, _errback=self.handle_error)

    def on_login(self, username: str) -> None:
        """Look at the key again now and then, also while nothing is asked or a file is on its way."""
        self.doors.told("ftps_sign_in", username, self.remote_ip)
        if self._looks is not None and not self._looks.cancelled:
            self._looks.cancel()
        every = max(self.recheck_after, SHORTEST_LOOK)
        self._looks = self.ioloop.call_every(every, self._look_again, _errback=self.handle_error)

    def found_terminator(self) -> None:
        """Read a command, with a new timer for the next one.

        pyftpdlib puts its timer off where it stands in its heap of timers. There it hides those behind it: one client
        that said NOOP now and then kept every other session's timers, and the looks at keys, from going off.
        """
        if self._idler is not None and not self._idler.cancelled:
            self._idler.cancel()
            self._idler = self.ioloop.call_later(self.timeout, self.handle_timeout, _errback=self.handle_error)
        super().found_terminator()

    def handle_timeout(self) -> None:
        """Say goodbye to a client that has said nothing for too long."""
        self.log("Session ended: nothing was asked for too long.")
        super().handle_timeout()

    def close_when_done(self) -> None:
        """Close once the last answer has been read; soon in any case."""
        super().close_when_done()
        self.ioloop.call_later(GOODBYE_WITHIN, self._close_now, _errback=self.handle_error)

    def close(self) -> None:
        """End the session, and the looks at its key."""
        if self._looks is not None and not self._looks.cancelled:
            self._looks.cancel()
        super().close()

    def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
        """Refuse writing, and characters that would forge log lines, before anything looks at them."""
        if cmd in WRITING:
            self.respond("550 This service is read-only.")
        elif not line.isprintable():
            self.respond("501 Control characters are not accepted.")
        else:
            super().pre_process_command(line, cmd, arg)

    def process_command(self, cmd: str, *args: Any, **kwargs: Any) -> None:
        """Run a command for somebody whose key still opens, and tell trouble of ours as trouble of ours."""
        try:
            if not self.authenticated:
                super().process_command(cmd, *args, **kwargs)
            elif self._still_welcome(cmd):
                self._prepare(cmd)
                super().process_command(cmd, *args, **kwargs)
        except TopmastError as error:
            self._later(error)

    def ftp_AUTH(self, line: str) -> None:  # noqa: N802 - pyftpdlib's name
        """Begin TLS, forgetting whatever came in clear behind it (the STARTTLS injection of CVE-2011-0411)."""
        self.ac_in_buffer = b""
        super().ftp_AUTH(line)

    def ftp_PASS(self, line: str) -> None:  # noqa: N802 - pyftpdlib's name
        """Sign in."""
        super().ftp_PASS(line)
        self._checked = time.monotonic()

    def ftp_RETR(self, file: str) -> None:  # noqa: N802 - pyftpdlib's name
        """Send a file once it is known that this user may have it."""
        self._send_when_open(file, self.doors.opens(self.username, file))

    def _send_when_open(self, file: str, answer: Future[str | None]) -> None:
        if self._closed or self._closing:
            return
        if not answer.done():
            self.ioloop.call_later(_LOOK_AGAIN, self._send_when_open, file, answer, _errback=self.handle_error)
        elif why := answer.result():
            self._restart_position = 0
            self.respond(f"550 {_in_one_line(why)}")
        else:
            super().ftp_RETR(file)

    def on_login_failed(self, username: str, password: str) -> None:
        """Somebody did not; some type their key in the place of their name."""
        self.doors.told("ftps_refused", username, self.remote_ip)

    def _prepare(self, cmd: str) -> None:
        # TYPE A is answered but not obeyed, as vsftpd does: FITS does not survive a change of line ends.
        self._current_type = "i"
        if self.proto_cmds[cmd]["perm"]:
            self.fs.refresh()

    def _still_welcome(self, cmd: str) -> bool:
        if not self.proto_cmds[cmd]["perm"] or time.monotonic() - self._checked < self.recheck_after:
            return True
        return self._opens()

    def _opens(self) -> bool:
        """Whether the key still does; if not, the session ends, and what it was fetching stops."""
        self._checked = time.monotonic()
        if self.doors.sign_in(self.username, self.password):
            return True
        self.log("Session ended: its API key no longer opens.")
        if self.data_channel is not None:
            self.data_channel.close()
        self._leave("421 This API key no longer opens; sign in with another.")
        return False

    def _look_again(self) -> None:
        with suppress(TopmastError):  # the store is away: nobody knows, and the next look will tell
            if self.authenticated:  # else somebody is signing in anew
                self._opens()

    def _must_be_known(self) -> None:
        if not (self._closed or self.authenticated):
            self.log("Session ended: nobody signed in.")
            self.close()

    def _close_now(self) -> None:
        if not self._closed:
            self.close()

    def _later(self, error: TopmastError) -> None:
        if self.authenticated:
            self.respond(f"450 {error.detail}")
        else:
            self._leave(f"421 {error.detail}")

    def _leave(self, answer: str) -> None:
        self.respond(answer)
        self.close_when_done()


def _in_one_line(text: str) -> str:
    """A name with a line break in it must not become a second answer."""
    return "".join(character if character.isprintable() else " " for character in text)
