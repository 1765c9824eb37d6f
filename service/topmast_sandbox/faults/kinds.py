"""Every fault there is: one frozen record each, whose name is what a rule says as ``fault``.

The base class says where in an answer's life a fault acts; `wire.failing` carries it out. Offsets `at` count bytes of
the answer's body, not of the file: a resumed answer is cut as easily as a whole one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from topmast_sandbox.faults.visit import Visit


@dataclass(frozen=True)
class Kind:
    """A fault. `name` is how rules call it."""

    name: ClassVar[str]

    def meets(self, visit: Visit) -> bool:
        """Whether it can happen to this request at all; what cannot is not counted either."""
        return True


@dataclass(frozen=True)
class Event(Kind):
    """Happens in the archive before the request is answered."""


@dataclass(frozen=True)
class Twist(Kind):
    """The request is understood as another one. Only for requests with a Range."""

    def meets(self, visit: Visit) -> bool:
        """Without a Range there is nothing to misunderstand."""
        return visit.ranged


@dataclass(frozen=True)
class Wait(Kind):
    """The answer is late."""


@dataclass(frozen=True)
class Instead(Kind):
    """Another answer is given in place of the right one."""


@dataclass(frozen=True)
class Altered(Kind):
    """A portal's JSON answer says something else."""

    def meets(self, visit: Visit) -> bool:
        """Only the portal answers so."""
        return visit.portal


@dataclass(frozen=True)
class Body(Kind):
    """The body goes out wrongly."""

    def meets(self, visit: Visit) -> bool:
        """An answer to HEAD has none."""
        return visit.method != "HEAD"


@dataclass(frozen=True)
class Framing(Kind):
    """What is said of the body's length is wrong, to HEAD too."""


@dataclass(frozen=True)
class Changed(Event):
    """The file gets other bytes under its name, for good: ``longer``, ``shorter`` or ``same`` in length.

    With `at`, that happens while its body is on the way: the first `at` bytes are the old ones, the rest the new.
    """

    name = "changed"
    how: str = "longer"
    at: int = -1

    def meets(self, visit: Visit) -> bool:
        """Only files change, and in mid-body only where there is a body."""
        return visit.uri is not None and (self.at < 0 or visit.method != "HEAD")


@dataclass(frozen=True)
class Reprocessed(Event):
    """The reprocess event, of a program or of one observation."""

    name = "reprocessed"
    program: str = ""
    obs_id: str = ""


@dataclass(frozen=True)
class TokenEnds(Event):
    """The token that came with the request ends, before it is looked at."""

    name = "token_ends"

    def meets(self, visit: Visit) -> bool:
        """Anonymous requests have none."""
        return visit.token


@dataclass(frozen=True)
class Executing(Event):
    """A new portal query is answered EXECUTING `polls` times; 0 is for ever. Polls are held for `hold_seconds`."""

    name = "executing"
    polls: int = 0

    def meets(self, visit: Visit) -> bool:
        """Only the portal polls."""
        return visit.portal


@dataclass(frozen=True)
class RangeIgnored(Twist):
    """The whole file is sent (200) though a part was asked for."""

    name = "range_ignored"


@dataclass(frozen=True)
class IfRangeIgnored(Twist):
    """The part is sent (206) though If-Range does not hold."""

    name = "if_range_ignored"


@dataclass(frozen=True)
class RangeShifted(Twist):
    """Another part is sent, and said: it begins `by` bytes later."""

    name = "range_shifted"
    by: int = 1


@dataclass(frozen=True)
class Late(Wait):
    """The answer begins after so many seconds."""

    name = "late"
    seconds: float = 1.0


@dataclass(frozen=True)
class Hang(Instead):
    """No answer comes; after so many seconds the connection is closed."""

    name = "hang"
    seconds: float = 3600.0


@dataclass(frozen=True)
class Refused(Instead):
    """The connection is reset before a single byte is answered."""

    name = "refused"


@dataclass(frozen=True)
class Status(Instead):
    """An error status. `retry_after` (seconds; negative: none) is told as a number, or with `as_date` as a date."""

    name = "status"
    status: int = 503
    retry_after: float = -1.0
    as_date: bool = False


@dataclass(frozen=True)
class Page(Instead):
    """A maintenance page: 200, text/html."""

    name = "html"


@dataclass(frozen=True)
class Nothing(Instead):
    """200 without a byte."""

    name = "empty"


@dataclass(frozen=True)
class Redirect(Instead):
    """Elsewhere: ``same`` host (where the right answer is), ``other`` host name, or ``loop`` (here again)."""

    name = "redirect"
    to: str = "same"
    status: int = 302


@dataclass(frozen=True)
class PortalError(Altered):
    """Status ERROR with a message; HTTP says 200."""

    name = "error"
    msg: str = "Timeout expired."


@dataclass(frozen=True)
class NoRows(Altered):
    """COMPLETE, and no rows, whatever there is."""

    name = "no_rows"


@dataclass(frozen=True)
class Capped(Altered):
    """Only the first `rows` rows come. The paging tells how many there are, unless `hidden`."""

    name = "capped"
    rows: int = 5000
    hidden: bool = False


@dataclass(frozen=True)
class Missing(Altered):
    """These keys are not in the answer."""

    name = "missing"
    keys: tuple[str, ...] = ("data",)


@dataclass(frozen=True)
class Null(Altered):
    """These keys are null in the answer."""

    name = "null"
    keys: tuple[str, ...] = ("paging",)


@dataclass(frozen=True)
class Reset(Body):
    """The connection is reset (RST) after so many bytes."""

    name = "reset"
    at: int = 0


@dataclass(frozen=True)
class Cut(Body):
    """The connection is closed in good order (FIN) after so many bytes, whatever Content-Length promised."""

    name = "cut"
    at: int = 0


@dataclass(frozen=True)
class Stall(Body):
    """After so many bytes nothing comes for so many seconds; then it goes on."""

    name = "stall"
    at: int = 0
    seconds: float = 60.0


@dataclass(frozen=True)
class Drip(Body):
    """From this byte on the body comes ten times a second, a little at a time."""

    name = "drip"
    at: int = 0
    bytes_per_second: float = 1000.0


@dataclass(frozen=True)
class Unframed(Framing):
    """No Content-Length: ``chunked``, or ``close`` (the end of the connection is the end of the body)."""

    name = "no_length"
    framing: str = "chunked"


@dataclass(frozen=True)
class WrongLength(Framing):
    """Content-Length says `by` bytes more than come, or (negative) less: then all come, and the connection ends."""

    name = "wrong_length"
    by: int = 1000


KINDS: dict[str, type[Kind]] = {
    kind.name: kind
    for kind in (
        Changed, Reprocessed, TokenEnds, Executing, RangeIgnored, IfRangeIgnored, RangeShifted, Late, Hang, Refused,
        Status, Page, Nothing, Redirect, PortalError, NoRows, Capped, Missing, Null, Reset, Cut, Stall, Drip, Unframed,
        WrongLength,
    )
}  # fmt: skip
