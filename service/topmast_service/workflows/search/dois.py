"""DOIs: what DataCite knows of each; their observations, where its metadata list them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from topmast_service.archive import observations
from topmast_service.archive.dois import DataCite
from topmast_service.domain import criteria, dois, forms
from topmast_service.domain.access import PLANNED_LEVEL
from topmast_service.domain.columns import NOT_ASKED, OBSERVATION, Column
from topmast_service.domain.dois import Named
from topmast_service.errors import DoiNotFound
from topmast_service.workflows.search.asking import Asking, Collection, Found

API = "DataCite /dois"

_C = Column
COLUMNS = (
    _C("doi", description="The DOI, in small letters", ucd="meta.ref.doi"),
    _C("title", description="Title", ucd="meta.title"),
    _C("creators", description="Who made the selection or the data", many=True, ucd="meta.curation"),
    _C("publisher", description="Who published it"),
    _C("year", "int", "", "Year of publication", ucd="time.publiYear"),
    _C("type", description="What it is, mostly Dataset"),
    _C("url", description="Where its page is", ucd="meta.ref.url"),
    _C("state", description="findable, registered or draft"),
    _C("citation", description="How to cite it", ucd="meta.bib"),
    _C("observations", "int", "", "How many observations its metadata list by id", ucd="meta.number"),
    _C("programs", description="Programs that its metadata name instead", many=True, ucd="meta.id;obs.proposal"),
    _C("observations_from", description="Which members of its metadata say so; empty: none does"),
)


def find(asking: Asking) -> Found:
    """The DOIs asked for, in the order asked for; with ``expand: observations`` the observations they list.

    Raises
    ------
    DoiNotFound
        DataCite knows none of them; of several, those that it does not know are told in notes.
    """
    known = _metadata(asking)
    if asking.search.expand == "observations":
        columns = [c for name, c in OBSERVATION.items() if name not in NOT_ASKED]
        return Found(columns, _observations(asking, known), f"{API}, {observations.FILTERED}")
    for doi in known:
        if not doi.startswith(dois.MAST):
            asking.notes.append(f"{doi} is not MAST's: those begin with {dois.MAST}.")
    return Found(COLUMNS, [_row(attributes) for attributes in known.values()], API)


COLLECTION = Collection(find)


def _metadata(asking: Asking) -> dict[str, Mapping[str, Any]]:
    """What DataCite knows, by DOI."""
    asked = asking.search.criterion("doi")
    found: dict[str, Mapping[str, Any]] = {}
    unknown: list[str] = []
    with closing(DataCite(asking.upstream.datacite_url, asking.upstream.timeout, asking.upstream.outgoing)) as datacite:
        for doi in dict.fromkeys(asked.exact if asked else ()):
            asking.check()
            try:
                found[doi] = datacite.metadata(doi)
            except DoiNotFound:
                unknown.append(doi)
    if not found:
        raise DoiNotFound(f"DataCite knows no DOI {', '.join(unknown[:5])}.")
    if unknown:
        asking.notes.append(f"DataCite knows no DOI {', '.join(unknown)}.")
    return found


def _row(metadata: Mapping[str, Any]) -> dict[str, Any]:
    named = dois.named(metadata)
    year = str(metadata.get("publicationYear") or "")
    return {
        "doi": metadata["doi"],
        "title": dois.title(metadata) or None,
        "creators": "; ".join(dois.creators(metadata)) or None,
        "publisher": dois.publisher(metadata) or None,
        "year": int(year) if year.isdecimal() else None,
        "type": dois.kind(metadata) or None,
        "url": metadata.get("url"),
        "state": metadata.get("state"),
        "citation": dois.citation(metadata),
        "observations": len(named.ids) or None,
        "programs": ";".join(f"{named.mission}-{number}" for number in named.programs) or None,
        "observations_from": named.source or None,
    }


def _observations(asking: Asking, known: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The CAOM rows of what the DOIs list, each once; the notes say which source said so, and what is missing."""
    seen: set[Any] = set()
    for doi, metadata in known.items():
        asking.check()
        named = dois.named(metadata)
        rows = _by_ids(asking, doi, named) if named.ids else _by_programs(asking, doi, named)
        for row in rows:
            if row.get("obsid") not in seen:
                seen.add(row.get("obsid"))
                yield row


def _by_ids(asking: Asking, doi: str, named: Named) -> Iterator[Mapping[str, Any]]:
    missing = dict.fromkeys(named.ids)
    asking.notes.append(f"{doi}: {named.source} lists {len(named.ids)} observations.")
    for row in observations.by_ids(asking.portal, named.ids):
        missing.pop(str(row.get("obs_id")).lower(), None)
        yield row
    if missing:
        asking.notes.append(f"{doi}: MAST does not find {len(missing)} of them: {_few(list(missing))}.")


def _by_programs(asking: Asking, doi: str, named: Named) -> Iterator[Mapping[str, Any]]:
    if not named.programs:
        asking.notes.append(f"{doi}: no source lists its observations; its page does: {dois.RESOLVER}{doi}")
        return
    asking.notes.append(
        f"{doi}: {named.source} names only {named.mission} {_few(named.programs)}; these are all executed observations "
        "of that, perhaps more than the DOI's authors chose."
    )
    asked = {"proposal_id": list(named.programs), "obs_collection": named.mission}
    found = observations.search(asking.portal, None, criteria.parse(asked, forms.OBSERVATIONS.columns)[0])
    yield from (row for row in found if row.get("calib_level") != PLANNED_LEVEL)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
