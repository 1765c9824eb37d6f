"""What comes along with the chosen products: parents, what the pipeline needs from a stage on, references.

Judged by what associations, pools and headers say, never by a number of files. The scenes are the sandbox's
(facts/recalibration.toml).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.planning.conftest import Planned, Planning
from topmast_service.domain import association, lineage
from topmast_service.domain.association import Association

MRS = "jw01523-c1001_t001_miri_ch1-shortmediumlong"
MRS_ALONE = "jw01523-o003_t001_miri_ch1-shortmediumlong"
CORONAGRAPHY = "jw01194-c1001_t001_nircam_clear-f444w-sub320a335r"
SHUTTERS = "jw01433-o023_s000023007_nirspec_clear-prism"
SERIES = "jw02113-o002_t002_niriss_clear-gr700xd-substrip256"
WHOLE_SERIES = "jw02113-o001_t002_niriss_clear-gr700xd-substrip256"
SLITLESS = "jw02736-o004_s04007_niriss_f115w-gr150c"
GAPS = "jw01837-o001_t001_nircam_clear-f200w"
TWO_GENERATIONS = "jw02107-o038_t003_miri_f770w"
FIELD = "jw01355-o011_t001_nirspec_f170lp-g235m"


def associations(site: Planning, planned: Planned) -> dict[str, Association]:
    """The associations of a plan, read by the test."""
    from topmast_service.staging.cache import Cache

    cache = Cache(site.settings.cache)
    rows = planned.rows("excluded IS NULL AND suffix = 'asn'")
    found = {row["productFilename"]: cache.newest(row["dataURI"]) for row in rows}
    return {name: association.read(cache.path(version).read_bytes()) for name, version in found.items() if version}


def of_stage(read: dict[str, Association], stage: int) -> list[Association]:
    return [found for found in read.values() if found.stage == stage]


def test_from_cal_on_it_is_the_association_and_its_members(site: Planning) -> None:
    planned = site.plan({"observations": [MRS]}, start="cal")
    (third,) = of_stage(associations(site, planned), 3)
    members = {member.expname for member in third.members()}
    assert {m.exptype for m in third.members()} >= {"science", "background", "target_acquisition"}
    assert planned.names() - {third.pool} == members | planned.names("excluded IS NULL AND suffix = 'asn'")
    assert planned.job.result["completeness"]["missing_count"] == 0


@pytest.mark.parametrize("obs_id", [MRS, MRS_ALONE, FIELD, SHUTTERS, CORONAGRAPHY, WHOLE_SERIES, SLITLESS])
@pytest.mark.parametrize("stage", ["rate", "uncal"])
def test_before_that_it_is_what_the_members_are_made_of(site: Planning, obs_id: str, stage: str) -> None:
    planned = site.plan({"observations": [obs_id]}, start=stage)
    read, names = associations(site, planned), planned.names()
    (third,) = of_stage(read, 3)
    made = {p.name for found in of_stage(read, 2) for p in found.products}
    for member in third.members():
        exposure = lineage.exposure_file(member.expname)
        assert exposure is None or exposure.obs_id in made, member
    for second in of_stage(read, 2):
        for member in second.members():
            exposure = lineage.exposure_file(member.expname)
            needed = exposure.at("uncal") if exposure and stage == "uncal" else member.expname
            assert needed in names, (member, second.type)
    other = "cal" if stage == "rate" else "rate"
    assert not {name for name in names if f"_{other}" in name}
    assert planned.job.result["completeness"]["missing"] == []


def test_backgrounds_imprints_and_reference_stars_come_from_other_observations(site: Planning) -> None:
    planned = site.plan({"observations": [MRS_ALONE]}, start="rate")
    assert any(name.startswith("jw01523004001") for name in planned.names())
    assert "1523:4" in planned.notes
    reason = {row["excluded"] for row in planned.rows("productFilename LIKE 'jw01523004001%' AND excluded IS NOT NULL")}
    assert reason <= {"companion", "guide_star"}
    leak = site.plan({"observations": [FIELD]}, start="rate")
    kinds = {m.exptype for found in of_stage(associations(site, leak), 2) for m in found.members()}
    assert {"imprint", "background"} <= kinds
    stars = site.plan({"observations": [CORONAGRAPHY]}, start="uncal")
    assert {row["visit"][5:8] for row in stars.rows() if row["suffix"] == "uncal"} == {"001", "002", "003"}


def test_spectra_through_shutters_bring_the_configuration_of_the_visit(site: Planning) -> None:
    planned = site.plan({"observations": [SHUTTERS]}, start="rate")
    assert planned.names("excluded IS NULL AND suffix = 'msa'") == {"jw01433023001_01_msa.fits"}


def test_science_and_info_bring_what_the_pipeline_needs_beside_them(site: Planning) -> None:
    spectra = site.plan({"observations": [SHUTTERS]}, select={"types": ["SCIENCE", "INFO"]})
    assert spectra.names("excluded IS NULL AND suffix = 'msa'")
    assert "AUXILIARY, came along" in spectra.notes
    slitless = site.plan({"observations": [SLITLESS]}, select={"types": ["SCIENCE", "INFO"]})
    segm = "excluded IS NULL AND suffix = 'segm'"
    assert slitless.names(segm) == {"jw02736-o003_t001_niriss_clear-f115w_segm.fits"}
    image = site.plan({"observations": [GAPS]}, select={"types": ["SCIENCE", "INFO"]})
    assert not image.names(segm)  # of an image it is a product, not an input


def test_a_segment_that_never_came_is_asked_for_and_told(site: Planning) -> None:
    planned = site.plan({"observations": [SERIES]}, start="uncal")
    names = {f"jw02113002001_02101_00001-seg{n:03}_nis_uncal.fits" for n in (1, 2, 3)}
    assert planned.names("excluded IS NULL AND suffix = 'uncal'") == names
    told = planned.job.result["completeness"]
    assert [(m["kind"], m["what"]) for m in told["missing"]] == [("segment", "jw02113002001_02101_00001-seg002_nis")]


def test_gaps_are_told_by_kind(site: Planning) -> None:
    told = site.plan({"observations": [GAPS]}, start="cal").job.result["completeness"]
    kinds: dict[str, set[str]] = {"member": set(), "detector": set(), "dither": set()}
    for missing in told["missing"]:
        kinds[missing["kind"]].add(missing["what"])
    assert kinds["member"] == {"jw01837001001_02101_00003_nrcb1_cal.fits"}
    assert kinds["detector"] == {"jw01837001001_02101_00002_nrcb3"}
    assert all(what.startswith("4 of 4") or "nrcb3" in what for what in kinds["dither"])
    assert told["missing_count"] == len(told["missing"]) == sum(map(len, kinds.values()))


def test_what_associations_name_and_mast_does_not_have_is_in_the_manifest_with_the_reason(site: Planning) -> None:
    done = site.run({"observations": [GAPS]}, start="cal")
    row = site.rows(done)["jw01837001001_02101_00003_nrcb1_cal.fits"]
    assert (row["status"], row["reason"]) == ("FAILED", "missing_on_server")
    assert done.outcome == "partial"


def test_parents_are_the_listing_the_association_and_earlier_stages(site: Planning) -> None:
    planned = site.plan({"observations": [MRS_ALONE]}, select={"parents": True})
    suffixes = {row["suffix"] for row in planned.rows()}
    assert {"s3d", "x1d", "cal", "rate", "rateints", "uncal", "asn", "pool"} <= suffixes
    assert not planned.rows("excluded IS NULL AND productFilename LIKE '%\\_gs-%' ESCAPE '\\'")
    assert not planned.rows("excluded IS NULL AND productType = 'PREVIEW'")
    # the background of stage 2 is of an observation that nobody opened
    assert any(name.startswith("jw01523004001") and "_rate" in name for name in planned.names())
    without = site.plan({"observations": [MRS_ALONE]}, select={"parents": True, "exclude": ["_rateints"]})
    assert "rateints" not in {row["suffix"] for row in without.rows()}


@pytest.mark.parametrize("more", [{"start": "cal"}, {"start": "uncal"}, {"select": {"parents": True}}])
def test_only_the_newest_generation_counts(site: Planning, more: dict[str, Any]) -> None:
    planned = site.plan({"observations": [TWO_GENERATIONS]}, **more)
    listed = planned.names("suffix = 'asn'")
    older = listed - association.newest(listed)
    assert older
    assert not older & planned.names()
    if more.get("start"):
        raw = {row["exposure"] for row in planned.rows("excluded IS NULL AND suffix IN ('uncal', 'cal')")}
        assert len(raw) == 4  # of the older generation's two dithers no association would say that two are missing


@pytest.mark.parametrize("start", [None, "rate"])
def test_references_are_those_that_the_headers_name(site: Planning, start: str | None) -> None:
    select = {"references": True} if start else {"sub_groups": ["CAL"], "references": True}
    planned = site.plan({"observations": [FIELD]}, select=select, **({"start": start} if start else {}))
    told = planned.job.result["references"]
    assert told["files"] > 5
    assert told["unread"] == 0
    assert told["contexts"] == sorted(planned.names("extension = 'pmap'"))
    files = planned.names("dataURI LIKE 'crds://%' AND extension NOT LIKE '%map'")
    types = {name.split("_")[2] for name in files}
    assert {"flat", "dark"} <= types
    assert told["not_named"]
    assert all(kind.startswith("pars-") for kind in told["not_named"])
    assert "no keyword names them" in planned.notes
    ticked = site.plan({"observations": [FIELD]}, select={"sub_groups": ["CAL"], "references": ["dark"]})
    files = ticked.names("dataURI LIKE 'crds://%' AND extension NOT LIKE '%map'")
    assert files
    assert all("_dark_" in name for name in files)


def test_references_are_fetched_like_any_file_and_once(site: Planning) -> None:
    source = {"observations": [FIELD]}
    select = {"names": ["*_00001_nrs1_cal.fits"], "references": ["dark", "flat"]}
    first = site.run(source, select=select)
    rows = [row for row in site.rows(first).values() if row["dataURI"].startswith("crds://")]
    assert rows
    assert {row["status"] for row in rows} == {"OK"}
    again = site.run(source, select=select)
    assert {row["source"] for row in site.rows(again).values()} == {"cached"}


def test_a_bundle_of_a_plan_is_what_was_planned(site: Planning) -> None:
    planned = site.plan({"observations": [SERIES]}, start="uncal")
    site.sandbox.post("requests/reset")
    new = site.bundle({"plan": planned.job.id})
    resolved = site.resolve(new.id)
    assert resolved.result["counts"] == planned.job.result["counts"]
    assert not {name for name in site.sandbox.requests()["services"] if "Caom" in name}


def test_a_plan_tells_what_a_bundle_would_cost(site: Planning) -> None:
    source, select = {"observations": [SERIES]}, {"sub_groups": ["UNCAL", "RATEINTS"]}
    before = site.plan(source, select=select).job.result["plan"]
    assert before["cached"] == {"files": 0, "bytes": 0}
    assert before["seconds"] is None
    assert before["disk"]["fits"]
    site.run(source, select={"sub_groups": ["UNCAL"]})
    after = site.plan(source, select=select).job.result["plan"]
    assert after["cached"]["files"] + after["to_fetch"]["files"] == before["to_fetch"]["files"]
    assert after["cached"]["files"] > 0
    assert 0 < after["seconds"]["earliest"] <= after["seconds"]["latest"]


def test_exclusive_files_are_told_with_their_release(site: Planning) -> None:
    found = site.plan({"observations": ["jw05191-o004_t001_miri_p750l-slitlessprism"]}, select={"levels": [3]})
    (exclusive,) = found.job.result["plan"]["exclusive"]
    assert exclusive["release"] > "2026"
    assert exclusive["files"] == found.counts["selected"]
