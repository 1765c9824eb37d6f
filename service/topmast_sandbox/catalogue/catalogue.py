"""The sandbox's archive: what a search, a listing, a HEAD and a download are answered from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

from topmast_sandbox.catalogue import (
    crds,
    crds_files,
    engineering,
    filesets,
    keywords,
    names,
    reprocessing,
    resolver,
    rewriting,
)
from topmast_sandbox.catalogue.caom import PREFIX
from topmast_sandbox.catalogue.content import Contents
from topmast_sandbox.catalogue.file import File, media_type
from topmast_sandbox.catalogue.header import Revision
from topmast_sandbox.catalogue.keyword_table import KeywordTable, KeywordTables
from topmast_sandbox.catalogue.listing import Listing
from topmast_sandbox.catalogue.record import Record, Source
from topmast_sandbox.catalogue.reprocess import History
from topmast_sandbox.catalogue.rights import Rights, Said
from topmast_sandbox.catalogue.stated_keywords import StatedKeywords
from topmast_sandbox.clock import Clock


class Catalogue:
    """One archive, whatever its rows come from.

    Parameters
    ----------
    sources
        Where the rows come from, asked in this order; their obsids and dataURIs do not overlap.
    seed, scale
        Which noise fills the files, and by how much their pixel area shrinks.
    keyword_rows
        Rows of keyword services that tables state; they stand for all that would follow from the files.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        seed: int,
        scale: float,
        clock: Clock,
        keyword_rows: Mapping[str, StatedKeywords] = MappingProxyType({}),
    ) -> None:
        self._stated = keyword_rows
        self._sources = sources
        self._clock = clock
        self._seed = seed
        self._history = History()
        self._rights = Rights(self._history)
        self._contents = Contents(seed, scale, self._history.current)
        self._keywords = KeywordTables(self._keyword_table)

    def observations(self) -> list[dict[str, Any]]:
        """CAOM rows: MAST's 33 columns in its order, None for null; dataRights as of the sandbox's time."""
        now = self._clock.mjd()
        return [self._rights.plane(source, plane, now) for source in self._sources for plane in source.planes()]

    def products(self, obsid: int) -> Iterator[dict[str, Any]]:
        """Product rows of an observation (20 columns), with members, guide stars and duplicates, as MAST lists them.

        ``parent_obsid`` is `obsid` in every row. Nothing for an unknown obsid or a planned observation.
        """
        for source in self._sources:
            listing = Listing(source, self._history, self._contents, self._rights, self._clock.mjd())
            for listed in source.listing(obsid):
                yield listing.row(listed, obsid)

    def count(self, obsid: int) -> int:
        """How many rows `products` would give, by arithmetic alone."""
        return sum(source.count(obsid) for source in self._sources)

    def file(self, uri: str) -> File | None:
        """A file by its dataURI (``mast:jwst/product/`` in any case); None when unknown or withdrawn."""
        found = self._record(uri)
        return self._file(*found) if found else None

    def unique_files(self) -> Iterator[File]:
        """Every file once, under today's name."""
        for source in self._sources:
            yield from (self._file(source, record) for record in source.records())

    def keywords(self, service: str, *, checksums: bool = True) -> Iterator[Mapping[str, Any]]:
        """Instrument-keyword rows of a service (``Nircam`` … ``GuideStar``, ``Wss``).

        They are made once, and again after a reprocessing. ``checksum`` is the MD5 of the file's bytes, worked out
        when the cell is read; without `checksums` it is null.
        """
        return self._keywords.of(service.lower()).rows(self._checksum if checksums else lambda _: None)

    def keyword_columns(self, service: str) -> list[tuple[str, str]]:
        """Name and Portal type of a keyword service's columns; none for an unknown service."""
        stated = self._stated.get(service.lower())
        return list(stated.columns) if stated else keywords.columns(service)

    def filesets(self, program: int | None = None) -> list[dict[str, Any]]:
        """Rows of the mission search for JWST, of all programs or of one: one per file set; files are not opened."""
        found = []
        for source in self._sources:
            for name, records in filesets.group(source.records(program)).items():
                today = self._rights.plane(source, records[0].plane, self._clock.mjd())
                found.append(filesets.row(name, records, self._history.revision, today))
        return found

    def fileset_products(self, name: str) -> list[dict[str, Any]]:
        """Products of a file set, with the mission search's keys; none for an unknown name."""
        return [
            filesets.product(name, record, self._file(source, record))
            for source in self._sources
            for record in filesets.group(source.records(names.program_of(name))).get(name, ())
        ]

    def resolve(self, name: str) -> dict[str, Any] | None:
        """A resolver entry for a target's name in any spelling; None when it is unknown."""
        return resolver.resolve(name)

    def mnemonics(self) -> list[dict[str, Any]]:
        """The engineering dictionary."""
        return engineering.mnemonics()

    def samples(self, mnemonic: str, start: datetime, end: datetime) -> Iterator[tuple[str, str, str, str]]:
        """Telemetry as the archive prints it (time, MJD, value, SQL type), one sample beyond either end."""
        return engineering.samples(mnemonic, start, end)

    def crds_file(self, name: str) -> File | None:
        """A CRDS reference file by name; None when no mapping leads to it."""
        return crds_files.file(name)

    def crds_mapping(self, name: str) -> str | None:
        """Text of a CRDS mapping (pmap, imap, rmap); None for any other name."""
        return crds.mapping(name)

    def reprocess(self, *, program: str | None = None, obs_id: str | None = None) -> dict[str, Any]:
        """The reprocess event, for a program or for one observation with its members.

        Raises
        ------
        LookupError
            There is no such program or observation, or neither was named.
        """
        event = reprocessing.Reprocessing(self._history, self._contents, self._clock)
        with self._keywords.forgetting():
            return event.run(self._sources, program=program, obs_id=obs_id)

    def rewrite(self, uri: str, how: str) -> None:
        """Give one file new bytes under its name, ``longer``, ``shorter`` or of the ``same`` length.

        Raises
        ------
        LookupError
            There is no such file.
        ValueError
            It cannot be made so.
        """
        found = self._record(uri)
        if found is None:
            raise LookupError(f"no file {uri}")
        with self._keywords.forgetting():
            rewriting.rewrite(found[1], how, history=self._history, contents=self._contents, clock=self._clock)

    def state_rights(self, said: Said, *, program: str | None = None, uri: str | None = None) -> str:
        """State who may see a program or one file, in place of what was stated of it before; returns which.

        Raises
        ------
        LookupError
            There is no such program or file, or neither was named.
        """
        found = self._record(uri) if uri else None
        planes = (plane for source in self._sources for plane in source.planes())
        if found is None and (uri or not program or all(str(p["proposal_id"]) != program for p in planes)):
            raise LookupError(f"no file or program {uri or program!r}")
        with self._keywords.forgetting():
            self._rights.state(found[1].uri if found else str(program), said)
        return found[1].uri if found else str(program)

    def forget_rights(self) -> None:
        """Who may see what is again what the catalogue says."""
        with self._keywords.forgetting():
            self._rights.forget()

    @cached_property
    def _keyword_records(self) -> list[tuple[Source, dict[str, list[Record]]]]:
        return [(source, keywords.by_service(source.records())) for source in self._sources]

    def _keyword_table(self, service: str) -> KeywordTable:
        if service in self._stated:
            return self._stated[service].table
        rows = (
            keywords.row(record, self._history.revision(record), self._file(source, record), service)
            for source, found in self._keyword_records
            for record in found.get(service, ())
        )
        return KeywordTable((name for name, _ in keywords.columns(service)), rows)

    def _checksum(self, uri: str) -> str:
        file = self.file(uri)
        if file is None:
            raise LookupError(f"no file {uri}")  # its row is older than an event that renamed it
        return keywords.checksum(file)

    def _record(self, uri: str) -> tuple[Source, Record] | None:
        if uri.lower().startswith(PREFIX.lower()):
            uri = PREFIX + uri[len(PREFIX) :]
        head, slash, name = uri.rpartition("/")
        first = self._history.first(name)
        if first is None:
            return None
        found = ((source, source.record(f"{head}{slash}{first}")) for source in self._sources)
        return next(((source, record) for source, record in found if record), None)

    def _file(self, source: Source, record: Record) -> File:
        revision = self._history.revision(record)
        now = self._clock.mjd()
        plane = self._rights.plane(source, record.plane, now)
        rights, release = self._rights.at_the_door(record, plane, now)
        size = self._contents.size(record, revision)
        head = record.uri.removesuffix(record.filename)
        return File(
            uri=head + revision.filename,
            filename=revision.filename,
            size=size,
            listed_size=self._history.listed_size(record, size),
            etag=self._etag(record, revision, size),
            modified=datetime.fromisoformat(revision.processed).replace(tzinfo=UTC, microsecond=0),
            program=str(plane["proposal_id"] or ""),
            rights=rights,
            release_mjd=release,
            media_type=media_type(revision.filename),
            body=lambda: self._contents.segments(record, revision),
        )

    def _etag(self, record: Record, revision: Revision, size: int) -> str:
        identity = f"{self._seed}|{record.uri}|{revision.generation}|{size}"
        return blake2b(identity.encode(), digest_size=12).hexdigest()
