"""The socket under a request, for what no web framework does on purpose: reset, leave, send bytes past the end.

gunicorn's thread worker hands its socket on as ``gunicorn.socket``, and closes the connection in good order (FIN, then
what still comes is drained) when the application ends with a broken pipe: that is a truncation as clients see it.
"""

import contextlib
import errno
import fcntl
import select
import socket
import struct
import termios
import time

from flask import Request

_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: on, zero seconds
_DRAIN = 2.0  # seconds for the client to take what was sent before a reset, which would take it back


def socket_of(request: Request) -> socket.socket:
    """Return the connection's socket."""
    found: socket.socket = request.environ["gunicorn.socket"]
    return found


def leave() -> None:
    """End the answer here; gunicorn closes the connection in good order.

    Raises
    ------
    BrokenPipeError
        Always; gunicorn takes it for a client that went away, and says nothing.
    """
    raise BrokenPipeError(errno.EPIPE, "left on purpose")


def reset(request: Request) -> None:
    """Reset the connection (RST), once the client's machine has what was sent.

    Raises
    ------
    ConnectionResetError
        Always; gunicorn takes it for the client's doing, and says nothing.
    """
    connection = socket_of(request)
    until = time.monotonic() + _DRAIN
    while _unsent(connection) and time.monotonic() < until:
        time.sleep(0.002)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    connection.close()
    raise ConnectionResetError(errno.ECONNRESET, "reset on purpose")


def wait(request: Request, seconds: float) -> None:
    """Sleep, but no longer than the client stays: a thread is too precious to wait for nobody.

    Raises
    ------
    BrokenPipeError
        The client went away.
    """
    connection, until = socket_of(request), time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if not select.select([connection], [], [], left)[0]:
            return
        gone = True
        with contextlib.suppress(ConnectionError):
            gone = not connection.recv(1, socket.MSG_PEEK)
        if gone:
            leave()
        time.sleep(min(left, 0.05))  # its next request is there already, and has to wait


def _unsent(connection: socket.socket) -> int:
    answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    return int(struct.unpack("i", answer)[0])
