"""What a published box says of itself: every file accounted for, what was left out, where it came from."""

from __future__ import annotations

import csv
import json
import mailbox
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.workflows.conftest import Site
from tests.workflows.test_versions import F560W, fits, put
from topmast_service import container
from topmast_service.domain.job import Job
from topmast_service.staging.manifest_files import schema

M57 = {"observations": ["1", "2"]}
GUIDE_STAR = "mast:JWST/product/jw01558001001_gs-acq1_2022190112233_uncal.fits"
SCHEMA = jsonschema_rs.Draft202012Validator(json.loads(schema()), validate_formats=True)


def box(site: Site, done: Job) -> Path:
    return site.api.stores.trees.path(done.owner, done.id, done.revision or 0)


def record(site: Site, done: Job) -> Any:
    """manifest.json, which is as its schema says."""
    found = json.loads((box(site, done) / "manifest.json").read_text())
    assert [str(error) for error in SCHEMA.iter_errors(found)] == []
    return found


def excluded(site: Site, done: Job) -> list[dict[str, str]]:
    with (box(site, done) / "excluded.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("source", "select", "outcome"),
    [
        (M57, {}, "complete"),
        ({"observations": ["1", "3"]}, {}, "partial"),
        (M57, {"sub_groups": ["S3D"]}, "empty"),
        ({"uris": [F560W, GUIDE_STAR]}, {"guide_stars": "none"}, "complete"),
    ],
)
def test_a_manifest_adds_up_and_is_what_its_schema_says(
    site: Site, source: dict[str, Any], select: dict[str, Any], outcome: str
) -> None:
    done = site.run(source, select=select)
    assert done.outcome == outcome
    found = record(site, done)
    counts, totals = found["counts"], found["totals"]
    assert counts["listed"] == counts["unique"] + counts["duplicates"]
    assert counts["unique"] == counts["selected"] + sum(counts["excluded"].values())
    assert counts["selected"] == totals["ok"] + totals["failed"]
    assert totals["requested"] == totals["ok"] + totals["failed"] + totals["excluded"] == len(found["files"])
    assert totals["ok"] == totals["cached"] + totals["fetched"]
    assert totals["bytes"] == sum(row["size"] for row in found["files"] if row["status"] == "OK")


def test_every_product_that_was_left_out_is_listed_with_its_reason(site: Site) -> None:
    done = site.run(M57)
    found = {row["productFilename"]: row for row in excluded(site, done)}
    assert {name: row["reason"] for name, row in found.items()} == {
        "jw01558001001_gs-acq1_2022190112233_uncal.fits": "excluded:guide_star",
        "jw01558001001_02101_00001_mirimage_cal.fits": "excluded:not_mrp",
        "jw01558001001_02101_00001_mirimage_uncal.fits": "excluded:not_mrp",
    }
    assert found["jw01558001001_02101_00001_mirimage_cal.fits"]["listed"] == "2"
    assert "excluded.csv" in (box(site, done) / "sha256sums.txt").read_text()
    assert not (box(site, site.run({"uris": [F560W]})) / "excluded.csv").exists()


def test_a_file_that_was_named_has_a_row_also_when_it_was_left_out(site: Site) -> None:
    source, select = {"uris": [F560W, GUIDE_STAR]}, {"guide_stars": "none"}
    done = site.run(source, select=select, notify=[{"email": "a@example.org"}])
    row = site.rows(done)[GUIDE_STAR.rpartition("/")[2]]
    assert (row["status"], row["reason"], row["path"]) == ("EXCLUDED", "excluded:guide_star", "")
    assert [row["reason"] for row in excluded(site, done)] == ["excluded:guide_star"]
    assert (done.outcome, done.result["counts"]["ok"], done.result["counts"]["failed"]) == ("complete", 1, 0)
    assert "notify" not in record(site, done)["request"]
    site.upkeep()
    mails = [mail.as_string() for mail in mailbox.Maildir(site.settings.mail)]
    assert len(mails) == 2
    assert not [mail for mail in mails if "Not delivered" in mail]


def test_what_is_kept_says_that_there_is_something_newer(site: Site) -> None:
    put(site, F560W, fits("1.5.3"))
    done = site.run({"observations": ["1", "2", "3"]})
    put(site, F560W, fits("9.9.9"))
    site.api.control.retry(site.alice, done.id, everything=False)
    container.for_query(site.settings).bundles.again(done.id)
    site.transfer()
    row = site.rows(site.publish(done.id))[F560W.rpartition("/")[2]]
    assert (row["status"], row["cal_ver"]) == ("OK", "1.5.3")
    assert row["reason"].startswith("superseded by 9.9.9, jwst_0913.pmap")


def test_a_withdrawn_file_stays_one_in_the_next_revision(site: Site) -> None:
    gone = F560W.replace("f560w", "f999w")
    put(site, gone, fits("1.5.3"), age=timedelta(days=3))
    done = site.run({"uris": [gone, F560W.replace("f560w", "f998w")]})
    assert done.outcome == "partial"
    site.api.control.retry(site.alice, done.id, everything=False)
    container.for_query(site.settings).bundles.again(done.id)
    site.transfer()
    assert site.rows(site.publish(done.id))[gone.rpartition("/")[2]]["reason"].startswith("withdrawn; ")


def test_a_box_tells_the_search_it_was_made_of_and_how_to_cite_it(site: Site) -> None:
    search = site.search(target="283.396 33.029 r=1m", criteria={"instrument_name": "MIRI*"})
    done = site.run({"search": search.id}, select={"sub_groups": ["I2D"]})
    found = record(site, done)
    assert found["search"] == {"target": "283.396 33.029 r=1m", "criteria": {"instrument_name": "MIRI*"}}
    assert "1 planned" in " ".join(found["notes"])
    assert "James Webb Space Telescope" in found["citation"]["acknowledgement"]
    assert "s_" in found["citation"]["text"]
    assert done.result["asked"]["search"] == found["search"]


def test_what_was_asked_can_be_sent_again_when_list_and_plan_are_gone(site: Site) -> None:
    select = {"guide_stars": "none"}
    listed = site.run({"list": f"{F560W}\n{GUIDE_STAR}\n"}, select=select)
    assert record(site, listed)["request"] == {"from": {"uris": [F560W, GUIDE_STAR]}, "select": select}
    assert {name: row["status"] for name, row in site.rows(listed).items()} == {
        F560W.rpartition("/")[2]: "OK",
        GUIDE_STAR.rpartition("/")[2]: "EXCLUDED",
    }
    planned = site.bundle({"uris": [F560W, GUIDE_STAR]}, select=select, dry_run=True)
    site.resolve(planned.id)
    taken = site.run({"plan": planned.id}, label="taken over")
    said = record(site, taken)["request"]
    assert said == {"from": {"uris": [F560W, GUIDE_STAR]}, "select": select, "label": "taken over"}
    assert site.rows(taken).keys() == site.rows(listed).keys()
    again = site.run(said.pop("from"), **said)
    assert site.rows(again).keys() == site.rows(listed).keys()
