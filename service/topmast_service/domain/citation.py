"""How observations are cited: in words, in BibTeX, as the ids that a DOI is made of.

MAST's DOI portal makes a DOI of a list of observations, up to 10,000 of them; it has no documented interface for
programs (mast-protocol §12). So the list is what topmast can give, with the words for a paper around it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from topmast_service import __version__
from topmast_service.domain import dois
from topmast_service.domain.job import Job

MOST_IDS = 10_000
"""Observations that one MAST DOI may have."""

MOST_PROGRAMS = 50
"""Programs that a text names; a search may find thousands."""

_LONGEST_QUERY = 400
_ARCHIVE = (
    "Data from MAST, the Mikulski Archive for Space Telescopes at the Space Telescope Science Institute, "
    "whose DOIs begin with 10.17909/."
)
_JWST = (
    "This work is based [in part] on observations made with the NASA/ESA/CSA James Webb Space Telescope. The data were "
    "obtained from the Mikulski Archive for Space Telescopes at the Space Telescope Science Institute, which is "
    "operated by the Association of Universities for Research in Astronomy, Inc., under NASA contract NAS 5-03127 for "
    "JWST."
)
_HST = (
    "This research is based [in part] on observations made with the NASA/ESA Hubble Space Telescope obtained from the "
    "Space Telescope Science Institute, which is operated by the Association of Universities for Research in "
    "Astronomy, Inc., under NASA contract NAS 5-26555."
)
_PORTAL = (
    "A DOI for exactly these observations: give MAST's DOI portal the list of their ids, "
    "/v1/jobs/{job}/citation?format=ids, and cite it beside this text."
)
_ASKING = ("collection", "target", "criteria", "expand", "from", "select")
"""Members of a request that say what was asked for."""


@dataclass(frozen=True)
class Program:
    """A program whose data are cited; investigator and title where the rows told them."""

    mission: str
    number: str
    investigator: str = ""
    title: str = ""

    def __str__(self) -> str:
        said = f"{self.mission} {self.number}" + (f", PI {self.investigator}" if self.investigator else "")
        return " ".join((said + (f": {self.title}" if self.title else "")).split())


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


def acknowledgement(cited: Cited) -> str:
    """The missions' words for a paper's end, with the programs (STScI: "Mission acknowledgements")."""
    words = [*([_HST] if "HST" in cited.missions else []), *([_JWST] if cited.missions != {"HST"} else [])]
    if numbers := _shown([f"#{program.number}" for program in cited.programs]):
        words.append(f"These observations are associated with {_listed(numbers)}.")
    return " ".join(words)


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


def _dois(job: Job) -> list[str]:
    """The DOIs that a search was for, as addresses."""
    asked = (job.request.get("criteria") or {}).get("doi") if job.request.get("collection") == "dois" else None
    given = asked if isinstance(asked, list) else [asked] if asked else []
    return [dois.RESOLVER + dois.read(str(doi)) for doi in given]


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
