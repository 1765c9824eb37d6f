"""When and how the products of a listing were taken, asked of MAST: only for selections that want to know.

CAOM's product rows have neither exposure type nor date; the keyword services have both, at the price of a query for
each instrument and few programs, some seconds each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from topmast_service.archive import filters, keywords
from topmast_service.archive.portal import PAGE_ROWS, Portal
from topmast_service.domain import exposures
from topmast_service.domain.criteria import Criterion
from topmast_service.domain.forms import keyword_column, keyword_columns
from topmast_service.store.exposures import Exposures

INSTRUMENTS = ("nircam", "niriss", "nirspec", "miri", "fgs")
"""Guide stars are left out: their names say what they are."""

ASKED = ("filename", "exp_type", "expstart", "date_obs_mjd", "filter", "pupil", "grating", "band", "channel")
PROGRAMS_PER_QUERY = 5
"""With up to 100,000 files each, so that MAST's limit of 500,000 rows is not met."""

_CHUNK = 1_000


@contextmanager
def known(
    open_portal: Callable[[], Portal],
    programs: Iterable[str],
    instruments: Iterable[str] = INSTRUMENTS,
    check: Callable[[], None] = lambda: None,
) -> Iterator[Exposures]:
    """What MAST's keywords say of the exposures of some programs, for as long as the block lasts.

    Parameters
    ----------
    open_portal
        Makes a conversation with the Portal; up to three are held at once, one for each instrument.
    programs
        Numbers, with or without leading zeros (`NameFacts.program`).
    instruments
        Those of the listing (`NameFacts.instrument`); each is a query more.
    check
        Stops the work where it is no longer wanted.

    Raises
    ------
    UpstreamDown, RejectedByArchive
        MAST did not tell; half of an answer is none.

    Examples
    --------
    ::

        with exposures.known(open_portal, ["1558"], ["miri"]) as taken:
            exposure = taken.of("jw01558001001_02101_00001_mirimage_uncal.fits")
    """
    wanted = sorted({p.lstrip("0") or "0" for p in programs}, key=int)
    services = [name for name in INSTRUMENTS if name in set(instruments)]
    with Exposures() as found:
        for batch in filters.batches(wanted, PROGRAMS_PER_QUERY):
            for rows in _chunks(open_portal, services, batch):
                check()
                found.add((keywords.name_of(row), exposures.of_row(row)) for row in rows)
        found.index()
        yield found


def _chunks(
    open_portal: Callable[[], Portal], services: list[str], programs: list[str]
) -> Iterator[list[keywords.Row]]:
    wanted = [Criterion(keyword_column("program"), exact=tuple(programs))]

    def ask(portal: Portal, service: str) -> Iterator[keywords.Row]:
        few = ",".join(name for name in ASKED if name in keyword_columns(service))
        return keywords.search(portal, service, wanted, few, PAGE_ROWS)

    rows = (row for _, row in keywords.side_by_side(open_portal, services, ask))
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk
