"""One client's control connection: FTP's commands under TLS, reading only (RFC 959, 2228, 3659, 4217)."""

from __future__ import annotations

import socket
import time
from concurrent.futures import Future
from typing import Any

from pyftpdlib.handlers import TLS_DTPHandler, TLS_FTPHandler

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


class Data(TLS_DTPHandler):
    """One transfer, or one listing."""

    def _do_ssl_handshake(self) -> None:
        # GnuTLS (lftp, wget) ends its handshake in two small writes, and the second waits until the first is
        # acknowledged, which Linux delays by 40 ms: 40 of the 43 ms that a small file took.
        super()._do_ssl_handshake()
        if self._ssl_accepting:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def send(self, data: bytes) -> int:
        """Send once the handshake is over.

        Sent earlier, OpenSSL shakes hands by itself behind pyftpdlib's back, which then closes without TLS's own
        goodbye: on a fast network clients took every other empty listing for a broken connection.
        """
        return 0 if self._ssl_accepting else int(super().send(data))

    def modify_ioloop_events(self, events: int, logdebug: bool = False) -> None:
        """Wait for the client's part of the handshake without asking whether we could write.

        pyftpdlib asks for both, and a socket can always be written to: a client that opens a data connection and
        then says nothing kept a core busy until the timeout.
        """
        shaking_hands = self._ssl_accepting and self._ssl_want_read
        super().modify_ioloop_events(self.ioloop.READ if shaking_hands else events, logdebug=logdebug)


class Session(TLS_FTPHandler):
    """A session; `server.make_server` sets the class attributes that depend on the settings."""

    doors: Doors
    recheck_after: float

    banner = "topmast: FTP with TLS (AUTH TLS), user name and API key."
    abstracted_fs = BoxFilesystem
    tls_control_required = True
    tls_data_required = True
    proto_cmds = {  # noqa: RUF012 - pyftpdlib's own class attribute
        name: form for name, form in TLS_FTPHandler.proto_cmds.items() if name.split()[0] not in WRITING | ACTIVE
    }

    _checked = 0.0

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

    def on_login(self, username: str) -> None:
        """Somebody came in."""
        self.doors.told("ftps_sign_in", username, self.remote_ip)

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
        self._checked = time.monotonic()
        if self.doors.sign_in(self.username, self.password):
            return True
        self._leave("421 This API key no longer opens; sign in with another.")
        return False

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
