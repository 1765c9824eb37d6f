"""The samples of some mnemonics over an interval, whatever its length, each once.

MAST gives an interval with the sample before and the one after it. A long interval is asked for in pieces, whose length
follows from how many samples the piece before had; the brackets of inner pieces are samples of their neighbours, and
dropped. So the rows are those of one request for the whole: before, within, after.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from topmast_service.archive import engineering
from topmast_service.archive.transfer import Downloads, TransferBroken
from topmast_service.domain import dates, telemetry
from topmast_service.domain.columns import nearest
from topmast_service.domain.telemetry import Sample
from topmast_service.errors import MissingOnServer, TransferFailed, UnknownMnemonic, UpstreamDown
from topmast_service.workflows.search.asking import Asking
from topmast_service.workflows.tokens import lent

FIRST, SHORTEST, LONGEST = timedelta(hours=6), timedelta(minutes=10), timedelta(days=10)
"""Lengths of pieces: of the first, when nothing is known of how often there are samples, and the limits of all."""

GOAL = 250_000
"""Samples in a piece: some 15 MB."""

GROWTH = 8
"""A piece is at most so many times as long as the one before: what was quiet may become busy."""

MOST = 5_000_000
"""Samples that one search gives: a table of some 500 MB. The fastest mnemonics have 1.3 million a day."""

PAUSES = (1.0, 5.0)
"""Seconds before a piece that came broken is asked for again; after the last one the search waits, or ends."""


def not_known(name: str, known: Iterable[str]) -> str:
    """That there is no such mnemonic, and which are called nearly so."""
    near = nearest(name, known)
    return f"MAST knows no mnemonic {name}" + (f"; nearest: {', '.join(near)}." if near else ".")


@dataclass
class Samples:
    """The samples that one search asks for.

    Parameters
    ----------
    chosen
        Rows of the mnemonics, as MAST lists them.
    known
        The names of all mnemonics there are.
    """

    asking: Asking
    chosen: Sequence[Mapping[str, Any]]
    known: Sequence[str]
    given: int = field(default=0, init=False)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows, mnemonic by mnemonic, in time; `series` of the search's facts is complete with the last one."""
        start, end = telemetry.interval(self.asking.request["criteria"]["time"])
        told = self.asking.facts["series"] = []
        self.asking.tables.mkdir(parents=True, exist_ok=True)  # where a long answer is put while it is read
        with closing(self.asking.upstream.open_downloads()) as downloads:
            for mnemonic in self.chosen:
                one = _Series(self, downloads, str(mnemonic["tlmMnemonic"]), start, end)
                one.facts |= {"unit": mnemonic.get("unit"), "description": mnemonic.get("description")}
                told.append(one.facts)
                yield from one.rows()
                if not one.facts["samples"]:
                    self.asking.notes.append(_nothing_within(one.facts))
                if self.full:
                    self.asking.truncate(f"One search gives {MOST} samples: shorten the interval, or name fewer.")
                    return

    @property
    def full(self) -> bool:
        """Whether no more are given."""
        return self.given >= MOST


@dataclass
class _Series:
    """One mnemonic. `facts`: its name, how many samples within the interval and beside it, and the dataURIs asked."""

    of: Samples
    downloads: Downloads
    mnemonic: str
    start: datetime
    end: datetime
    facts: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.facts = {"mnemonic": self.mnemonic, "samples": 0, "before": 0, "after": 0, "uris": []}

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows, those next to the interval marked."""
        before: list[Sample] = []
        after: list[Sample] = []
        for sample in self._each_once():
            if sample.time < self.start:
                before = [sample] if not before or sample.time >= before[0].time else before
            elif sample.time > self.end:
                after = [sample] if not after or sample.time < after[0].time else after
            else:
                yield from self._rows(before, "before")
                before = []
                yield from self._rows([sample], None)
                if self.of.full:
                    return
        yield from self._rows(before, "before")
        yield from self._rows(after, "after")

    def _each_once(self) -> Iterator[Sample]:
        """All that MAST gives, but of each piece's samples within the interval only those that are its own."""
        begin, length = self.start, FIRST
        last = False
        while not last:
            self.of.asking.check()
            until = (begin + length).replace(microsecond=0)
            last = until >= self.end
            count = 0
            with ExitStack() as open_files:
                for sample in self._piece(open_files, begin, self.end if last else until):
                    count += 1
                    inside = self.start <= sample.time <= self.end
                    if not inside or (begin <= sample.time and (last or sample.time < until)):
                        yield sample
            begin, length = until, _next_length(length, count)

    def _piece(self, open_files: ExitStack, begin: datetime, until: datetime) -> Iterator[Sample]:
        uri = telemetry.uri(self.mnemonic, begin, until)
        for pause in (*PAUSES, None):
            try:
                found = self._asked(open_files, uri)
                break
            except (TransferBroken, TransferFailed, UpstreamDown) as error:
                if pause is None:
                    raise _final(error, uri) from error
                time.sleep(pause)
        self.facts["uris"].append(uri)
        return found

    def _asked(self, open_files: ExitStack, uri: str) -> Iterator[Sample]:
        asking = self.of.asking
        try:
            with lent(asking.upstream.tokens, asking.owner) as token:
                door = self.downloads.on_behalf(token)
                return open_files.enter_context(engineering.samples(door, uri, asking.tables))
        except MissingOnServer as error:
            others = [name for name in self.of.known if name != self.mnemonic]
            raise UnknownMnemonic(not_known(self.mnemonic, others)) from error

    def _rows(self, found: Iterable[Sample], bracket: str | None) -> Iterator[dict[str, Any]]:
        for sample in found:
            value = telemetry.number(sample)
            self.facts[bracket or "samples"] += 1
            self.of.given += 1
            yield {
                "mnemonic": self.mnemonic,
                "theTime": dates.written(sample.time),
                "MJD": sample.mjd,
                "euvalue": value,
                "eutext": sample.value if value is None else None,
                "sqldataType": sample.type,
                "bracket": bracket,
            }


def _nothing_within(facts: Mapping[str, Any]) -> str:
    beside = " and ".join(name for name in ("before", "after") if facts[name])
    rest = f"; the rows are those next to it ({beside})." if beside else ", nor near it."
    return f"{facts['mnemonic']} has no sample within the interval{rest}"


def _next_length(length: timedelta, count: int) -> timedelta:
    fitting = length * min(GROWTH, GOAL / max(count, 1))
    return min(max(fitting, SHORTEST), LONGEST)


def _final(error: Exception, uri: str) -> Exception:
    if isinstance(error, TransferBroken):
        return TransferFailed(f"The connection broke repeatedly while {uri} was on its way.")
    return error
