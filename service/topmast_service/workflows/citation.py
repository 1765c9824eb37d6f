"""How to cite what a search found, or what a bundle holds: as text, as BibTeX, as the ids that a DOI is made of.

MAST's DOI portal makes a DOI of a list of observations, up to 10,000 of them; it has no documented interface for
programs (mast-protocol §12). So the list is what topmast can give, with the words for a paper around it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from topmast_service import __version__
from topmast_service.domain import dois
from topmast_service.domain.job import Job
from topmast_service.errors import NoResult
from topmast_service.store.tables import Table

MOST_IDS = 10_000
"""Observations that one MAST DOI may have."""

MOST_PROGRAMS = 50
"""Programs that a text names; a search may find thousands."""

_LONGEST_QUERY = 400
_ARCHIVE = (
    "Data from MAST, the Mikulski Archive for Space Telescopes at the Space Telescope Science Institute, "
    "whose DOIs begin with 10.17909/."
)
_PORTAL = (
    "A DOI for exactly these observations: give MAST's DOI portal the list of their ids, "
    "/v1/jobs/{job}/citation?format=ids, and cite it beside this text."
)
_OBSERVATION = frozenset({"obs_id", "obsid", "obs_collection", "proposal_id", "calib_level"})
"""Columns by which rows are known as CAOM observations."""

_OBSERVED = '"calib_level" IS NOT -1 AND "obs_id" IS NOT NULL'
_ONE_OF_EACH = f'_row IN (SELECT MIN(_row) FROM rows WHERE {_OBSERVED} GROUP BY "obs_collection", "proposal_id")'  # noqa: S608 - our own columns

# A listing gives the files of an observation's members too; those of the highest level are its own.
_SELECTED = '"excluded" IS NULL'
_OWN = 'MAX(IFNULL("calib_level", -1) + 10 * ("productType" IS \'SCIENCE\'))'
_OF_PARENTS = (
    f'"parent_obsid" IN (SELECT "parent_obsid" FROM rows WHERE {_SELECTED}) '  # noqa: S608 - our own columns
    f'AND _row IN (SELECT _row FROM (SELECT _row, {_OWN} FROM rows GROUP BY "parent_obsid"))'
)
_WITHOUT_PARENT = f'"parent_obsid" IS NULL AND {_SELECTED}'


@dataclass(frozen=True)
class Program:
    """A program whose data are cited; investigator and title where the rows told them."""

    mission: str
    number: str
    investigator: str = ""
    title: str = ""

    def __str__(self) -> str:
        said = f"{self.mission} {self.number}" + (f", PI {self.investigator}" if self.investigator else "")
        return said + (f": {self.title}" if self.title else "")


@dataclass(frozen=True)
class Cited:
    """What is cited.

    Attributes
    ----------
    ids
        CAOM observation ids, sorted, each once; planned observations have no data and are not among them.
    missions
        Those that the observations are of.
    as_of
        When MAST was asked, RFC 3339.
    """

    job: Job
    ids: Sequence[str]
    programs: Sequence[Program]
    missions: frozenset[str]
    planned: int
    as_of: str


def of_search(search: Job, table: Table, as_of: str) -> Cited:
    """The observations that a search found.

    Raises
    ------
    NoResult
        Its rows are no observations.
    """
    if not _is_observations(table):
        raise NoResult(
            f"The rows of {search.id} are no observations, which is what a citation lists.",
            hint="Search them with expand=observations, or cite a bundle of them.",
        )
    programs = _programs(table)
    missions = frozenset(p.mission for p in programs)
    planned = len(table.distinct("obs_id", '"calib_level" = -1'))
    return Cited(search, table.distinct("obs_id", _OBSERVED), _numbered(programs), missions, planned, as_of)


def of_bundle(bundle: Job, products: Table, search: Table | None, as_of: str) -> Cited:
    """The observations whose products a bundle holds; of files named one by one, those that the files belong to.

    Parameters
    ----------
    search
        The rows it was made of, where they still are: they know investigators and titles.
    """
    rows = [row for condition in (_OF_PARENTS, _WITHOUT_PARENT) for row in products.rows(condition)]
    found = {str(row["obs_id"]): str(row.get("obs_collection") or "") for row in rows if row.get("obs_id")}
    told = {(p.mission, p.number): p for p in _programs(search)} if search else {}
    numbers = {(str(r.get("obs_collection") or ""), str(r["proposal_id"])) for r in rows if r.get("proposal_id")}
    programs = [told.get(number, Program(*number)) for number in numbers]
    return Cited(bundle, sorted(found), _numbered(programs), frozenset(found.values()), 0, as_of)


def ids(cited: Cited) -> Iterator[str]:
    """One observation id on each line, as MAST's DOI portal takes them; a comment before too many."""
    if len(cited.ids) > MOST_IDS:
        yield f"# {_too_many(cited)}\n"
    yield from (f"{obs_id}\n" for obs_id in cited.ids)


def text(cited: Cited) -> str:
    """What to say in a paper, and how to come by a DOI."""
    parts = [_ARCHIVE, f"{_how_many(cited)} {_asked(cited)}"]
    if cited.programs:
        head = f"{_number(len(cited.programs), 'program')}:"
        parts.append("\n".join([head, *(f"  {program}" for program in _shown(cited.programs))]))
    if own := _dois(cited.job):
        parts.append(f"They were found by their DOI, which is to be cited: {', '.join(own)}")
    parts.append(_PORTAL.format(job=cited.job.id))
    if len(cited.ids) > MOST_IDS:
        parts.append(_too_many(cited))
    return "\n\n".join(parts) + "\n"


def bibtex(cited: Cited) -> str:
    """An entry for a bibliography; with a DOI of one's own, add it as ``doi``."""
    numbers = _shown([f"{p.mission} {p.number}" for p in cited.programs])
    investigators = _shown(list(dict.fromkeys(p.investigator for p in cited.programs if p.investigator)))
    notes = [_how_many(cited), f"PI: {'; '.join(investigators)}." if investigators else ""]
    entry = {
        "author": "{{Mikulski Archive for Space Telescopes (MAST)}}",
        "title": "{" + _escaped(f"Observations of {_listed(numbers)}" if numbers else "Observations") + "}",
        "year": f"{{{cited.as_of[:4]}}}",
        "publisher": "{{Space Telescope Science Institute}}",
        "howpublished": "{MAST, DOI prefix 10.17909}",
        "note": "{" + _escaped(" ".join(n for n in (*notes, _asked(cited)) if n)) + "}",
    }
    members = ",\n".join(f"  {name} = {value}" for name, value in entry.items())
    return f"@misc{{topmast_{cited.job.id},\n{members}\n}}\n"


def _is_observations(table: Table) -> bool:
    return _OBSERVATION.issubset(table.columns)


def _programs(table: Table) -> list[Program]:
    """One for each mission and number among observation rows; none among others."""
    if not _is_observations(table):
        return []
    cells = ("obs_collection", "proposal_id", "proposal_pi", "obs_title")
    return [Program(*(str(row.get(c) or "") for c in cells)) for row in table.rows(_ONE_OF_EACH)]


def _dois(job: Job) -> list[str]:
    """The DOIs that a search was for, as addresses."""
    asked = (job.request.get("criteria") or {}).get("doi") if job.request.get("collection") == "dois" else None
    given = [str(doi) for doi in (asked if isinstance(asked, list) else [asked]) if doi]
    return [dois.RESOLVER + dois.read(doi) for doi in given]


def _numbered(programs: Iterable[Program]) -> list[Program]:
    return sorted((p for p in programs if p.number), key=lambda p: (p.mission, len(p.number), p.number))


def _how_many(cited: Cited) -> str:
    said = _number(len(cited.ids), "observation")
    if others := sorted(cited.missions - {"JWST"}):
        said += f", some or all of them of {', '.join(others)}"
    if cited.planned:
        said += f" ({cited.planned} planned ones have no data yet and are left out)"
    return f"{said}."


def _asked(cited: Cited) -> str:
    """By which question, when, and with what."""
    request = {k: v for k, v in cited.job.request.items() if k in _ASKING and v not in (None, False)}
    query = json.dumps(request, ensure_ascii=False)
    if len(query) > _LONGEST_QUERY:
        query = f"{query[:_LONGEST_QUERY]} …"
    what = "Found" if cited.job.kind == "search" else "Bundled"
    return f"{what} on {cited.as_of[:10]} with topmast {__version__}, {cited.job.kind} {cited.job.id}: {query}"


_ASKING = ("collection", "target", "criteria", "expand", "from", "select")
"""Members of a request that say what was asked for."""


def _too_many(cited: Cited) -> str:
    return f"{len(cited.ids)} observations are more than the {MOST_IDS} that one MAST DOI takes: divide the list."


def _shown(names: Sequence[Any]) -> list[str]:
    more = len(names) - MOST_PROGRAMS
    return [*map(str, names[:MOST_PROGRAMS]), *([f"and {more} more"] if more > 0 else [])]


def _listed(names: Sequence[str]) -> str:
    return f"programs {', '.join(names)}" if len(names) > 1 else f"program {names[0]}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def _escaped(said: str) -> str:
    """For LaTeX, on one line."""
    plain = " ".join(said.split())
    return re.sub(r"[\\~^&%$#_{}]", lambda found: _SPECIAL.get(found[0], f"\\{found[0]}"), plain)
