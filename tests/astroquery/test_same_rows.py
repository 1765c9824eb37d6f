"""The unmodified astroquery and topmast are asked the same questions: same rows, same cells.

Where they differ, astroquery has a numbered defect (notes on its protocol, mast-protocol.md). An exception proves its
defect: topmast, asked what astroquery sent in place of the question, gives astroquery's rows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.astroquery.astroquery_process import AstroqueryProcess
from tests.astroquery.questions import KINDS, ROWS, Question, questions, rows
from tests.servers import SandboxProcess, start_sandbox
from tests.servers_redis import start_redis
from tests.workflows.conftest import product, write_catalogue
from topmast_service import container
from topmast_service.archive import portal
from topmast_service.config import Settings
from topmast_service.domain import job
from topmast_service.store.tables import Table
from topmast_service.workflows.control import rows_table
from topmast_service.workflows.search import hints

Rows = dict[int, dict[str, Any]]

ASK = """
import numpy
from astropy.coordinates import SkyCoord
result = []
warnings.simplefilter("ignore")  # that filters are dropped is what the test is about
for question in questions:
    criteria = dict(question["criteria"])
    if question["cone"]:
        ra, dec, radius = question["cone"]
        criteria |= {"coordinates": SkyCoord(ra, dec, unit="deg"), "radius": f"{radius} deg"}
    try:
        table = Observations.query_criteria(**criteria)
        cell = lambda value: None if numpy.ma.is_masked(value) else getattr(value, "item", lambda: value)()
        result.append([{name: cell(row[name]) for name in table.colnames} for row in table])
    except Exception as error:
        result.append(f"{type(error).__name__}: {error}")
"""

NO_FILTER = "§16.15: at least one criterion besides the place"
"""What astroquery refuses; also after it has dropped the only one (§16.13)."""


@dataclass
class Topmast:
    """A user and a worker."""

    settings: Settings
    api: container.Api
    query: container.Query

    def ask(self, **body: Any) -> Rows:
        """The rows of a search, by obsid."""
        user = self.api.stores.users.get("alice")
        new = self.api.submissions.search(user, {name: value for name, value in body.items() if value}).job
        self.query.searches.run(new.id)
        assert self.api.stores.jobs.get(new.id).phase == job.COMPLETED
        return {int(row["obsid"]): row for row in Table(rows_table(self.settings.tables, new.id)).rows()}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("small")
    catalogue = write_catalogue(folder / "catalogue", rows(), [product(1, "jw00001-o001_t001_row_i2d.fits")])
    sandbox = start_sandbox(folder, "--catalog", str(catalogue))
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="module")
def topmast(small: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topmast]:
    folder = tmp_path_factory.mktemp("topmast")
    redis = start_redis(tmp_path_factory.mktemp("redis"))
    settings = Settings(data=folder, redis_url=redis.url, mast_url=small.url, resolver_url=small.url)
    api = container.for_api(settings, wake=lambda _: None)
    api.stores.users.add("alice")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(portal, "EMPTY_PAUSES", ())
        patched.setattr(hints, "MOST_COUNTS", 0)  # what else there would be is not the question here
        yield Topmast(settings, api, container.for_query(settings))
    api.stores.close()
    redis.stop()


@pytest.fixture(scope="module")
def asked(
    small: SandboxProcess, topmast: Topmast, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[Question, Rows, Rows]]:
    """Every question, with astroquery's rows and ours."""
    drawn = list(questions())
    with AstroqueryProcess(small.url, tmp_path_factory.mktemp("astroquery")) as process:
        theirs = process.run(ASK, questions=[{"criteria": q.theirs, "cone": q.cone} for q in drawn])
    both = []
    for question, found in zip(drawn, theirs, strict=True):
        question.refused = isinstance(found, str)
        if question.refused:
            assert found.startswith("InvalidQueryError: At least one non-positional criterion"), (question, found)
            assert not question.sent, NO_FILTER
        ours = topmast.ask(criteria=question.ours, target=question.target)
        both.append((question, {} if question.refused else {int(row["obsid"]): row for row in found}, ours))
    return both


def test_the_questions_are_many_and_of_every_kind(asked: list[tuple[Question, Rows, Rows]]) -> None:
    plain = [q for q, _, _ in asked if q.defect is None]
    assert len(plain) >= 150
    assert len(asked) >= 200
    assert set(Counter(kind for q, _, _ in asked for kind in q.kinds)) == set(KINDS)
    found = [len(ours) for _, _, ours in asked]
    assert sum(0 < n < ROWS for n in found) > len(found) / 2  # neither nothing nor everything


def test_the_same_rows(asked: list[tuple[Question, Rows, Rows]]) -> None:
    different = [
        (q.theirs, q.target, sorted(set(theirs) ^ set(ours)))
        for q, theirs, ours in asked
        if q.defect is None and set(theirs) != set(ours)
    ]
    assert different == []


def test_the_same_cells(asked: list[tuple[Question, Rows, Rows]]) -> None:
    for _, theirs, ours in asked:
        for obsid in set(theirs) & set(ours):
            wrong = {
                name: (cell, ours[obsid].get(name))
                for name, cell in theirs[obsid].items()
                if name != "objID1" and not _same(name, cell, ours[obsid][name])
            }
            assert wrong == {}


def test_every_column_comes(asked: list[tuple[Question, Rows, Rows]]) -> None:
    """``objID1`` is the same cell as ``objID`` once more, in positional searches."""
    for _, theirs, ours in asked:
        for obsid in set(theirs) & set(ours):
            assert set(theirs[obsid]) - {"objID1"} == set(ours[obsid]) - {"_row"}
            assert theirs[obsid].get("objID1", theirs[obsid]["objID"]) == theirs[obsid]["objID"]


def test_each_exception_is_the_defect_it_cites(asked: list[tuple[Question, Rows, Rows]], topmast: Topmast) -> None:
    exceptions = [(q, theirs, ours) for q, theirs, ours in asked if q.defect is not None]
    assert sum(set(theirs) != set(ours) for _, theirs, ours in exceptions) > len(exceptions) / 4
    for question, theirs, _ in exceptions:
        if question.refused:
            continue
        assert set(topmast.ask(criteria=question.sent, target=question.target)) == set(theirs), question


def _same(name: str, theirs: Any, ours: Any) -> bool:
    if theirs is None and name == "sequence_number":
        return ours in {None, -999}  # §16.14: a real -999 is masked
    if isinstance(theirs, float):
        return ours is None if math.isnan(theirs) else math.isclose(theirs, ours, rel_tol=1e-12, abs_tol=1e-6)
    return bool(theirs == ours) and type(theirs) is type(ours)
