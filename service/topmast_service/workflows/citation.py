"""What of a search or a bundle is cited: its observations, their programs and investigators."""

from __future__ import annotations

from collections.abc import Iterable

from topmast_service.domain.citation import Cited, Program
from topmast_service.domain.job import Job
from topmast_service.errors import NoResult
from topmast_service.store.tables import Table

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
    told = {(p.mission, p.number): p for p in _programs(search)} if search else {}
    found: set[str] = set()
    programs: dict[tuple[str, str], Program] = {}
    for condition in (_OF_PARENTS, _WITHOUT_PARENT):
        for row in products.rows(condition):
            found |= {str(row["obs_id"])} if row.get("obs_id") else set()
            number = str(row.get("obs_collection") or ""), str(row.get("proposal_id") or "")
            programs.setdefault(number, told.get(number, Program(*number)))
    missions = frozenset(mission for mission, _ in programs if mission)
    return Cited(bundle, sorted(found), _numbered(programs.values()), missions, 0, as_of)


def _is_observations(table: Table) -> bool:
    return _OBSERVATION.issubset(table.columns)


def _programs(table: Table) -> list[Program]:
    """One for each mission and number among observation rows; none among others."""
    if not _is_observations(table):
        return []
    cells = ("obs_collection", "proposal_id", "proposal_pi", "obs_title")
    return [Program(*(str(row.get(c) or "") for c in cells)) for row in table.rows(_ONE_OF_EACH)]


def _numbered(programs: Iterable[Program]) -> list[Program]:
    return sorted((p for p in programs if p.number), key=lambda p: (p.mission, len(p.number), p.number))
