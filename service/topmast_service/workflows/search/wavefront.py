"""Wavefront sensing: OPD maps and their kin, by date, aperture and kind."""

from __future__ import annotations

from topmast_service.archive import keywords
from topmast_service.domain.criteria import Criterion
from topmast_service.domain.forms import WAVEFRONT
from topmast_service.workflows.search.asking import Asking, Collection, Found
from topmast_service.workflows.search.keywords import named, whole_numbers


def find(asking: Asking) -> Found:
    """The wavefront products that fit."""
    rows = keywords.search(asking.portal, WAVEFRONT, _criteria(asking))
    columns = list(asking.search.form.columns.values())
    return Found(columns, named(rows, asking.notes), keywords.SERVICES[WAVEFRONT])


def count(asking: Asking) -> int:
    """How many there are."""
    return keywords.count(asking.portal, WAVEFRONT, _criteria(asking))


COLLECTION = Collection(find, count)


def _criteria(asking: Asking) -> list[Criterion]:
    return whole_numbers(asking.search.criteria)
