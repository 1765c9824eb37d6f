"""Everything one running sandbox holds. In memory, hence one process."""

from dataclasses import dataclass

from topmast_sandbox.catalogue import Catalogue
from topmast_sandbox.clock import Clock
from topmast_sandbox.faults import FaultBook
from topmast_sandbox.settings import Switchboard
from topmast_sandbox.tally import Tally
from topmast_sandbox.tokens import TokenBook
from topmast_sandbox.wire.pace import Line
from topmast_sandbox.wire.polling import HeldQueries


@dataclass(frozen=True)
class Sandbox:
    """The parts that routes share; each guards itself against concurrent use."""

    catalogue: Catalogue
    clock: Clock
    tokens: TokenBook
    settings: Switchboard
    tally: Tally
    queries: HeldQueries
    faults: FaultBook
    line: Line

    @classmethod
    def around(cls, catalogue: Catalogue, clock: Clock) -> "Sandbox":
        """Return a fresh sandbox that serves `catalogue`, with dates told by `clock`."""
        settings = Switchboard()
        line = Line(settings)
        return cls(catalogue, clock, TokenBook(clock), settings, Tally(), HeldQueries(), FaultBook(), line)
