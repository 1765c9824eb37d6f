"""The columns that can be asked for: as shipped, with what MAST said of them last laid over.

What MAST said is one JSON file, written aside and renamed, that every process reads when it has changed. It is a copy
of what can be asked again: if it is damaged, the shipped columns serve until the next refresh.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from topmast_service.domain import dictionary, forms, metadata
from topmast_service.domain.dictionary import Entry
from topmast_service.domain.forms import Form
from topmast_service.domain.metadata import Answer, Metadata, Told

log = logging.getLogger(__name__)

FILE = "columns.json"
SCHEMA = 1
LEFT_OVER = 3600
"""Seconds after which a file that was never renamed has no writer any more."""

_Stamp = tuple[int, int, int]
_NOTHING: _Stamp = (0, 0, 0)


@dataclass(frozen=True)
class Edition:
    """The forms and the dictionary as of one reading of the file."""

    stamp: _Stamp
    known: Metadata
    _forms: dict[str, Form] = field(default_factory=dict)

    def form(self, name: str) -> Form:
        """The form of a collection.

        Raises
        ------
        Invalid
            There is no such collection.
        """
        if name not in self._forms:
            self._forms[name] = metadata.laid_over(forms.of(name), self.known)
        return self._forms[name]

    def as_of(self, name: str) -> datetime | None:
        """When MAST described the columns of a collection; None: they are the shipped ones."""
        return metadata.as_of(forms.of(name), self.known)

    def heard(self, source: str) -> datetime | None:
        """When MAST said something of a source (`domain.metadata.SOURCES`); None: it never did."""
        return self.known[source].as_of if source in self.known else None

    @cached_property
    def keywords(self) -> dict[str, Entry]:
        """The keyword dictionary, by name."""
        return dictionary.entries(self.known)


class ColumnBook:
    """What MAST said, in one folder; safe with threads, and with several processes that write.

    Parameters
    ----------
    folder
        Where the file is; it is made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._edition = Edition(_NOTHING, {})

    def edition(self) -> Edition:
        """What is known now; read again only when the file has changed."""
        stamp = self._stamp()
        if stamp != self._edition.stamp:
            self._edition = Edition(stamp, self._read())
        return self._edition

    def form(self, name: str) -> Form:
        """The form of a collection as of now (`domain.search.FormOf`).

        Raises
        ------
        Invalid
            There is no such collection.
        """
        return self.edition().form(name)

    def keep(self, known: Metadata) -> None:
        """Let this be known instead; whole or not at all."""
        sources = {name: _written(answer) for name, answer in known.items()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._remove_left_over()
        number, aside = tempfile.mkstemp(dir=self._path.parent, prefix=f".{FILE}.")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                json.dump({"schema": SCHEMA, "sources": sources}, file)
            os.chmod(aside, 0o644)  # the API may run as another user of the group
            os.replace(aside, self._path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise

    def _remove_left_over(self) -> None:
        """What a writer left that was killed."""
        for path in self._path.parent.glob(f".{FILE}.*"):
            if time.time() - path.stat().st_mtime > LEFT_OVER:
                path.unlink(missing_ok=True)

    def _stamp(self) -> _Stamp:
        try:
            found = self._path.stat()
        except OSError:
            return _NOTHING
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> Metadata:
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            if document["schema"] != SCHEMA:
                raise ValueError(f"schema {document['schema']}")
            return {name: _answer(said) for name, said in document["sources"].items() if name in metadata.SOURCES}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("%s cannot be read (%s): the shipped columns serve", self._path.name, error)
            return {}


def _written(answer: Answer) -> dict[str, Any]:
    told = [{name: value for name, value in asdict(one).items() if value} for one in answer.told.values()]
    as_of = answer.as_of.isoformat() if answer.as_of else None
    return {"asked": answer.asked.isoformat(), "as_of": as_of, "told": dict(zip(answer.told, told, strict=True))}


def _answer(said: Mapping[str, Any]) -> Answer:
    as_of = datetime.fromisoformat(said["as_of"]) if said["as_of"] else None
    told = {name: _told(one) for name, one in said["told"].items()}
    return Answer(datetime.fromisoformat(said["asked"]), as_of, told)


def _told(said: Mapping[str, Any]) -> Told:
    return Told(**{**said, "values": tuple(said.get("values", ()))})
