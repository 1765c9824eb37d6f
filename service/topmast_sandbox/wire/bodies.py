"""Bodies that go out wrongly: each function takes a body and gives another.

They begin with no bytes at all, upon which gunicorn sends the headers: a body cut at 0 still has its head.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from flask import Request, Response

from topmast_sandbox.faults.kinds import Cut, Drip, Kind, Reset, Stall, Unframed, WrongLength
from topmast_sandbox.wire.connection import leave, reset, socket_of, wait

_DROPS_PER_SECOND = 10


def spoilt(body: Iterator[bytes], fault: Kind, request: Request) -> Iterator[bytes]:
    """Return `body` as it goes out under a fault that stops or slows it, unchanged under any other."""
    match fault:
        case Reset():
            return _until(body, fault.at, partial(reset, request))
        case Cut():
            return _until(body, fault.at, leave)
        case Stall():
            return _paused(body, fault, request)
        case Drip():
            return _dripping(body, fault, request)
    return body


def reframed(response: Response, body: Iterator[bytes], fault: Kind, request: Request) -> Iterator[bytes]:
    """Change what the headers say of the body's length, if the fault is about that; return what is sent then."""
    length = response.content_length
    if isinstance(fault, WrongLength) and length is not None:
        promised = max(0, length + fault.by)
        response.headers["Content-Length"] = str(promised)
        return _beyond(body, promised, request)
    if isinstance(fault, Unframed):
        response.headers.pop("Content-Length", None)
        if fault.framing == "close" and request.method != "HEAD":
            return _raw(response, body, request)
    return body


def spliced(body: Iterable[bytes], at: int, length: int, rest: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    """The first `at` of the `length` bytes of `body`, then `rest`; the connection ends if that is not enough."""
    sent = 0
    for before, after in _split(body, at):
        yield before
        sent += len(before)
        if after or sent >= length:
            break
    if sent < length:
        for chunk in rest():
            yield chunk
            sent += len(chunk)
        if sent < length:
            leave()


def tell_length(response: Response) -> None:
    """Say how long a body is that is at hand as a whole: the framework would do so only if it were left as it is."""
    if response.is_sequence and "Content-Length" not in response.headers:
        response.content_length = sum(len(part) for part in response.iter_encoded())


def _split(body: Iterable[bytes], at: int) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk of a body, as what lies before the offset `at` and what lies behind."""
    for chunk in body:
        yield chunk[:at], chunk[at:]
        at = max(0, at - len(chunk))


def _until(body: Iterable[bytes], at: int, end: Callable[[], object]) -> Iterator[bytes]:
    yield b""
    for before, after in _split(body, at):
        if before:
            yield before
        if after:
            end()


def _paused(body: Iterable[bytes], fault: Stall, request: Request) -> Iterator[bytes]:
    yield b""
    left = fault.seconds
    for before, after in _split(body, fault.at):
        if before:
            yield before
        if after:
            wait(request, left)
            left = 0
            yield after


def _dripping(body: Iterable[bytes], fault: Drip, request: Request) -> Iterator[bytes]:
    yield b""
    size = max(1, round(fault.bytes_per_second / _DROPS_PER_SECOND))
    for before, after in _split(body, fault.at):
        if before:
            yield before
        for start in range(0, len(after), size):
            wait(request, size / fault.bytes_per_second)
            yield after[start : start + size]


def _beyond(body: Iterable[bytes], promised: int, request: Request) -> Iterator[bytes]:
    """All of the body, also past its promised end, where gunicorn would stop; then the connection ends."""
    yield b""
    for before, after in _split(body, promised):
        if before:
            yield before
        if after:
            socket_of(request).sendall(after)
    leave()


def _raw(response: Response, body: Iterable[bytes], request: Request) -> Iterator[bytes]:
    """Head and body past gunicorn, which would chunk what has no length; the end of the connection ends the body."""
    connection = socket_of(request)
    headers = [("Connection", "close"), *response.headers.items()]
    lines = [f"HTTP/1.1 {response.status}", *(f"{name}: {value}" for name, value in headers), "", ""]
    connection.sendall("\r\n".join(lines).encode("latin-1"))
    for chunk in body:
        connection.sendall(chunk)
    leave()
    yield b""  # not reached: it makes this a generator, which begins when gunicorn asks for the first byte
