"""Snapshots: tolerant of what is new or odd, equal by content, picklable; lists of jobs; bundles' requests."""

from __future__ import annotations

import datetime as dt
import pickle

import numpy as np
import pytest
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

import topmast
from tests.sdk.documents import bundle, job, search
from tests.sdk.scripted import Answer, Seen, in_turn

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def odd(document: dict[str, object]) -> st.SearchStrategy[dict[str, object]]:
    """The document with any of its members replaced by anything."""
    replaced = st.dictionaries(st.sampled_from(sorted(document)), json_values)
    return replaced.map(lambda changes: {**document, **changes})


@given(document=odd(search()), part=odd(search()["search"]))
def test_any_search_document_can_be_read_and_shown(document, part) -> None:
    for candidate in (document, {**document, "search": part}):
        snapshot = topmast.Search.from_json(candidate)
        assert snapshot.raw is candidate
        snapshot._repr_html_()


@given(document=odd(bundle()), part=odd(bundle()["bundle"]))
def test_any_bundle_document_can_be_read_and_shown(document, part) -> None:
    for candidate in (document, {**document, "bundle": part}):
        topmast.Bundle.from_json(candidate)._repr_html_()


@given(row=st.dictionaries(st.sampled_from(["dataURI", "path", "size", "status", "calib_level"]), json_values))
def test_any_manifest_row_can_be_read(row) -> None:
    topmast.ManifestRow.from_json(row)


def test_what_a_document_says() -> None:
    snapshot = topmast.Bundle.from_json({**bundle(), "tomorrow": 1})
    assert snapshot.created == dt.datetime(2026, 7, 1, 10, tzinfo=dt.UTC)
    assert snapshot.raw["tomorrow"] == 1
    assert (snapshot.revision, snapshot.counts["excluded"], snapshot.ftps["port"]) == (1, {"type": 6}, 2121)
    assert (snapshot.done, snapshot.ok) == (True, True)


def test_a_snapshot_in_one_glance() -> None:
    running = bundle(phase="EXECUTING", label="m57", progress={"files_done": 3, "files_total": 34})
    assert repr(topmast.Bundle.from_json(running)) == "<Bundle b_1 EXECUTING 'm57' 3/34 files>"
    assert repr(topmast.Search.from_json(search())) == "<Search s_1 COMPLETED complete 2 rows>"


def test_an_unknown_phase_is_not_done() -> None:
    assert not topmast.Job.from_json(job(phase="DEFLATING")).done


def test_final_phases_are_the_services() -> None:
    domain = pytest.importorskip("topmast_service.domain.job", reason="the SDK alone is installed")
    assert {str(getattr(phase, "value", phase)) for phase in domain.FINAL} == topmast.FINAL_PHASES


def test_equal_by_content_and_the_same_after_a_pickle(serve) -> None:
    _, client, _ = serve(in_turn(Answer(500)))
    here = topmast.Search.from_json(search(), client._session)
    again = pickle.loads(pickle.dumps(here))  # noqa: S301 - our own bytes
    assert again == here
    assert again != topmast.Search.from_json(search(phase="ERROR"))
    with pytest.raises(topmast.UsageError):
        again.refresh()


def test_get_gives_the_kind_it_is(serve) -> None:
    answers = {"/v1/jobs/s_1": job("s_1"), "/v1/jobs/b_1": job("b_1"), "/v1/jobs/c_1": job("c_1", kind="copy")}
    _, client, _ = serve(lambda seen: Answer(body=answers[seen.path]))
    kinds = [type(client.jobs.get(job_id)) for job_id in ("s_1", "b_1", "c_1")]
    assert kinds == [topmast.Search, topmast.Bundle, topmast.Job]


def test_refresh_brings_the_kinds_own_part(serve) -> None:
    service, client, _ = serve(in_turn(Answer(body=bundle())))
    fresh = topmast.Bundle.from_json(job(), client._session).refresh()
    assert fresh.revision == 1
    assert service.paths() == ["/v1/bundles/b_1"]


def test_jobs_are_listed_lazily_and_no_further_than_asked(serve) -> None:
    def script(seen: Seen) -> Answer:
        start = int(seen.value("cursor") or 0)
        limit = int(seen.value("limit") or 0)
        return Answer(body={"items": [job(f"b_{start + n}") for n in range(limit)], "next": str(start + limit)})

    service, client, _ = serve(script)
    after = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
    listed = client.jobs.list(kind="bundle", phase=["QUEUED", "EXECUTING"], label="x", after=after, limit=100)
    assert service.seen == []
    assert [one.id for one in listed] == [f"b_{n}" for n in range(100)]
    assert len(service.seen) == 1
    assert service.seen[0].query == [
        ("kind", "bundle"),
        ("label", "x"),
        ("after", "2026-07-01T00:00:00Z"),
        ("phase", "QUEUED"),
        ("phase", "EXECUTING"),
        ("limit", "100"),
    ]
    assert len([*client.jobs.list(limit=250)]) == 250
    assert list(client.jobs.list(limit=0)) == []


SEARCH = topmast.Search.from_json(search("s_9"))
ROWS = [{"obs_id": "jw1", "obsid": "87"}, {"obs_id": "jw2", "obsid": None}]


@pytest.mark.parametrize(
    ("origin", "sent"),
    [
        (SEARCH, {"search": "s_9"}),
        ("s_9", {"search": "s_9"}),
        ("jw01558-o001", {"observations": ["jw01558-o001"]}),
        (["jw1", "jw2", "jw1"], {"observations": ["jw1", "jw2"]}),
        ([87, np.int64(88)], {"observations": ["87", "88"]}),
        (ROWS, {"observations": ["87", "jw2"]}),
        (iter(ROWS), {"observations": ["87", "jw2"]}),
        (ROWS[0], {"observations": ["87"]}),
        (Table(rows=[{"obsid": "1"}, {"obsid": "2"}]), {"observations": ["1", "2"]}),
        (Table(rows=[{"obsid": "1"}])[0], {"observations": ["1"]}),
        ("mast:JWST/product/a.fits", {"uris": ["mast:JWST/product/a.fits"]}),
        ([{"dataURI": "mast:JWST/product/a.fits", "obsid": "1"}], {"uris": ["mast:JWST/product/a.fits"]}),
    ],
)
def test_what_a_bundle_is_made_from(serve, origin, sent) -> None:
    service, client, _ = serve(in_turn(Answer(202, job())))
    client.bundle(origin)
    assert service.seen[0].json == {"from": sent}


@pytest.mark.parametrize(
    "origin",
    [
        [],
        "",
        None,
        3.5,
        [None],
        [{"ra": 3}],
        [{"obs_id": ""}],
        ["jw1", "mast:JWST/product/a.fits"],
        topmast.Bundle.from_json(bundle()),
        Table(),
    ],
    ids=repr,
)
def test_what_no_bundle_can_be_made_from_is_not_sent(serve, origin) -> None:
    service, client, _ = serve(in_turn(Answer(202, job())))
    with pytest.raises(topmast.UsageError):
        client.bundle(origin)
    assert service.seen == []


def test_a_bundles_options(serve) -> None:
    service, client, _ = serve(in_turn(Answer(202, job())))
    made = client.bundle(
        SEARCH,
        types="SCIENCE",
        sub_groups=["I2D", "ASN"],
        levels=3,
        mrp=False,
        guide_stars="only",
        notify=["a@b.org", {"email": "c@d.org"}],
        retention_days=7,
        label="mine",
    )
    assert service.seen[0].json == {
        "from": {"search": "s_9"},
        "select": {
            "types": ["SCIENCE"],
            "sub_groups": ["I2D", "ASN"],
            "levels": [3],
            "mrp": False,
            "guide_stars": "only",
        },
        "notify": [{"email": "a@b.org"}, {"email": "c@d.org"}],
        "retention_days": 7,
        "label": "mine",
    }
    assert isinstance(made, topmast.Bundle)


def test_sub_groups_must_be_text(serve) -> None:
    service, client, _ = serve(in_turn(Answer(202, job())))
    with pytest.raises(topmast.UsageError, match="sub_groups"):
        client.bundle("jw1", sub_groups=[3])
    assert service.seen == []
