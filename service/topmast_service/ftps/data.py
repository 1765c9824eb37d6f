"""One client's data connection, always under TLS."""

from __future__ import annotations

import socket

from pyftpdlib.handlers import TLS_DTPHandler


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
