"""What running the pipeline again needs: the associations name it, the pool and the headers say the same of it.

Read with the service's own readers, which know nothing of how the sandbox writes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest

from topmast_sandbox.catalogue import Catalogue, open_catalogue
from topmast_sandbox.clock import Clock
from topmast_service.domain import association, pool

PREFIX = "mast:JWST/product/"
MRS, SKY = "jw01523-c1001_t001_miri_ch1-shortmediumlong", "jw01523-o004_t002_miri_ch1-shortmediumlong"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return open_catalogue(clock=Clock(), scale=0.001)


def body(catalogue: Catalogue, name: str, stop: int | None = None) -> bytes:
    file = catalogue.file(PREFIX + name)
    assert file is not None, name
    return b"".join(file.read(0, stop))


def listed(catalogue: Catalogue, obs_id: str) -> set[str]:
    (row,) = (r for r in catalogue.observations() if r["obs_id"] == obs_id)
    names = [p["productFilename"] for p in catalogue.products(row["obsid"])]
    assert len(names) == catalogue.count(row["obsid"])
    return set(names)


def associations(catalogue: Catalogue, obs_id: str, kind: str) -> dict[str, association.Association]:
    names = sorted(n for n in association.newest(listed(catalogue, obs_id)) if f"_{kind}_" in n)
    return {name: association.read(body(catalogue, name)) for name in names}


def kinds(found: association.Association) -> Counter[str]:
    return Counter(m.exptype for m in found.members())


def of(found: association.Association, exptype: str) -> list[str]:
    return [m.expname for m in found.members() if m.exptype == exptype]


def card(catalogue: Catalogue, name: str, keyword: str) -> str:
    header = body(catalogue, name, 12 * 2880).decode("ascii")
    cards = (header[at : at + 80] for at in range(0, len(header), 80))
    value = next(c[10:] for c in cards if c.startswith(f"{keyword:<8}="))
    return value.partition(" /")[0].strip().strip("'").strip()


def rows(catalogue: Catalogue, program: str) -> dict[str, pool.Pooled]:
    name = next(r.filename for s in catalogue._sources for r in s.records(int(program)) if r.item.suffix == "pool")
    return {row.filename: row for row in pool.read(body(catalogue, name))}


def test_dedicated_backgrounds_are_members_of_both_stages(catalogue: Catalogue) -> None:
    second = associations(catalogue, MRS, "spec2")
    science = [a for a in second.values() if a.candidate == "c1001"]
    assert len(science) == 12
    assert all(kinds(a) == {"science": 1, "background": 2} for a in science)
    for a in science:
        (exposure,) = of(a, "science")
        detector = exposure.split("_")[3]
        activity = exposure.split("_")[1][3:]
        for name in of(a, "background"):
            assert re.fullmatch(rf"jw01523004001_021{activity}_0000[12]_{detector}_rate\.fits", name)
            assert catalogue.file(PREFIX + name)
    (third,) = associations(catalogue, MRS, "spec3").values()
    assert kinds(third) == {"science": 12, "background": 6, "target_acquisition": 1}
    assert all(n.startswith("jw01523004001_") and n.endswith("_x1d.fits") for n in of(third, "background"))
    assert {m.expname for m in third.members()} <= listed(catalogue, MRS)
    member = third.members()[0]
    assert member.candidates == (("o003", "observation"), ("c1001", "background"))


def test_a_background_may_be_listed_under_another_observation_only(catalogue: Catalogue) -> None:
    """Whoever opens the target's observation alone reads of exposures that its listing does not have."""
    own = "jw01523-o003_t001_miri_ch1-shortmediumlong"
    there = listed(catalogue, own)
    named = {n for a in associations(catalogue, own, "spec2").values() for n in of(a, "background")}
    assert len(named) == 6
    assert not named & there
    assert named <= listed(catalogue, SKY)


def test_leakage_is_subtracted_from_science_and_background(catalogue: Catalogue) -> None:
    second = associations(catalogue, "jw01355-c1001_t001_nirspec_f170lp-g235m", "spec2")
    first = second["jw01355-c1001_20250911t184340_spec2_00001_asn.json"]
    assert of(first, "science") == ["jw01355011001_02101_00001_nrs1_rate.fits"]
    leaks = ["jw01355011001_02102_00001_nrs1_rate.fits", "jw01355012001_02102_00001_nrs1_rate.fits"]
    assert of(first, "imprint") == leaks
    assert of(first, "background") == ["jw01355012001_02101_00001_nrs1_rate.fits"]
    own = listed(catalogue, "jw01355011001_02102_00001_nrs1")
    made = {n.rpartition("_")[2] for n in own if "_02102_" in n}
    assert made == {"uncal.fits", "rate.fits", "rateints.fits", "uncal.jpg", "rate.jpg"}
    assert not any(n.endswith("_asn.json") for n in own)
    assert card(catalogue, leaks[0], "IS_IMPRT") == "T"
    assert rows(catalogue, "1355")["jw01355011001_02102_00001_nrs1_uncal.fits"].imprint


def test_coronagraphy_takes_its_reference_star_along(catalogue: Catalogue) -> None:
    (third,) = associations(catalogue, "jw01194-c1001_t001_nircam_clear-f444w-sub320a335r", "coron3").values()
    assert kinds(third) == {"science": 2, "psf": 5, "target_acquisition": 2}
    assert all(n.startswith("jw01194003001_") and n.endswith("_calints.fits") for n in of(third, "psf"))
    assert {n[:13] for n in of(third, "science")} == {"jw01194001001", "jw01194002001"}
    star = of(third, "psf")[0]
    assert (card(catalogue, star, "IS_PSF"), card(catalogue, of(third, "science")[0], "IS_PSF")) == ("T", "F")
    pooled = rows(catalogue, "1194")
    assert Counter(r.psf for r in pooled.values()) == {False: 4, True: 6}  # its acquisition is the star's too
    assert {("c1001", "psf")} == {c for r in pooled.values() for c in r.candidates if c[0] == "c1001"}


def test_nods_are_each_others_background_and_the_acquisition_is_named(catalogue: Catalogue) -> None:
    obs_id = "jw01433-o023_s000023007_nirspec_clear-prism"
    for name, second in associations(catalogue, obs_id, "spec2").items():
        (science,) = of(second, "science")
        assert kinds(second) == {"science": 1, "background": 2}
        assert science not in of(second, "background")
        assert card(catalogue, science, "ASNTABLE") == name
        assert card(catalogue, science, "MSAMETFL") == "jw01433023001_01_msa.fits"
    (third,) = associations(catalogue, obs_id, "spec3").values()
    assert kinds(third) == {"science": 6, "target_acquisition": 2}
    assert {m.expname for m in third.members()} | {"jw01433023001_01_msa.fits"} <= listed(catalogue, obs_id)
    assert {r.msa for r in rows(catalogue, "1433").values()} == {None, "jw01433023001_01_msa.fits"}


@pytest.mark.parametrize("instrument", ["NIRISS/WFSS", "NIRCAM/WFSS"])
def test_slitless_exposures_bring_their_direct_image(catalogue: Catalogue, instrument: str) -> None:
    row = next(r for r in catalogue.observations() if r["instrument_name"] == instrument and r["calib_level"] == 3)
    there = listed(catalogue, row["obs_id"])
    second = next(iter(associations(catalogue, row["obs_id"], "spec2").values()))
    assert kinds(second) == {"science": 1, "direct_image": 1, "sourcecat": 1, "segmap": 1}
    assert {m.expname for m in second.members()} <= there


def test_segments_are_members_one_by_one(catalogue: Catalogue) -> None:
    (third,) = associations(catalogue, "jw02113-o001_t002_niriss_clear-gr700xd-substrip256", "tso3").values()
    names = [f"jw02113001001_02101_00001-seg00{n}_nis_calints.fits" for n in (1, 2, 3)]
    assert of(third, "science") == names
    assert [card(catalogue, n, "EXSEGNUM") for n in names] == ["1", "2", "3"]
    assert {card(catalogue, n, "EXSEGTOT") for n in names} == {"3"}
    pooled = rows(catalogue, "2113")
    assert {(r.observation, r.segment, r.segments) for r in pooled.values()} == {
        (1, 1, 3), (1, 2, 3), (1, 3, 3), (2, 1, 3), (2, 3, 3),
    }  # fmt: skip
    assert not any("seg002" in n for n in listed(catalogue, "jw02113-o002_t002_niriss_clear-gr700xd-substrip256"))


def test_an_acquisition_is_not_split(catalogue: Catalogue) -> None:
    split = {r.exp_type: r.segments for r in rows(catalogue, "1366").values()}
    assert (split["NRS_BRIGHTOBJ"], split["NRS_TACONFIRM"]) == (4, None)


def test_what_is_missing_is_missing_everywhere(catalogue: Catalogue) -> None:
    obs_id, lost = "jw01837-o001_t001_nircam_clear-f200w", "jw01837001001_02101_00003_nrcb1_cal.fits"
    (third,) = associations(catalogue, obs_id, "image3").values()
    there = listed(catalogue, obs_id)
    assert {m.expname for m in third.members()} - there == {lost}
    assert catalogue.file(PREFIX + lost) is None
    assert lost.replace("_cal", "_rate") in there
    short = [r for r in rows(catalogue, "1837").values() if r.observation == 1 and r.detector != "nrcblong"]
    assert Counter(r.dither for r in short) == {1: 4, 2: 3, 3: 4}
    assert {(r.dithers, r.exposures) for r in short} == {(4, 4)}
    assert {r.detector for r in short if r.dither == 2} == {"nrcb1", "nrcb2", "nrcb4"}
    assert not any("_02101_00004_" in n or "_00002_nrcb3_" in n for n in there)


def test_background_dithers_and_association_stand_in_headers_and_pool_alike(catalogue: Catalogue) -> None:
    for filename, row in rows(catalogue, "1523").items():
        rate = filename.replace("_uncal", "_rate")
        assert card(catalogue, rate, "BKGDTARG") == ("T" if row.background else "F")
        assert row.background == (row.observation == 4)
        assert card(catalogue, rate, "NUMDTHPT") == str(row.dithers)
        assert card(catalogue, rate, "PATTTYPE") == row.pattern
        assert card(catalogue, rate, "NEXPOSUR") == str(row.exposures)
        named = association.read(body(catalogue, card(catalogue, rate, "ASNTABLE")))
        assert f"{row.stem}_{row.detector}_rate.fits" in of(named, "science")
        assert card(catalogue, rate, "ASNPOOL") == named.pool
    specifications = {(r.exp_type, r.specification) for r in rows(catalogue, "1523").values() if r.observation == 3}
    assert specifications == {("MIR_TACQ", 1), ("MIR_MRS", 2), ("MIR_MRS", 3), ("MIR_MRS", 4)}


def generations(catalogue: Catalogue, obs_id: str, fits: Callable[[str], bool]) -> dict[str, association.Association]:
    names = sorted(n for n in listed(catalogue, obs_id) if n.endswith("_asn.json") and fits(n))
    return {n: association.read(body(catalogue, n)) for n in names}


def test_an_earlier_generation_is_listed_with_fewer_members(catalogue: Catalogue) -> None:
    old, new = generations(catalogue, "jw02107-o038_t003_miri_f770w", lambda n: "_image3_" in n).values()
    assert (old.version, new.version) == ("20240302t101112", "20250911t184340")
    assert {m.expname for m in old.members()} < {m.expname for m in new.members()}
    assert [len(a.members()) for a in (old, new)] == [2, 4]
    assert [len(pool.read(body(catalogue, a.pool))) for a in (old, new)] == [4, 8]
    second = generations(catalogue, "jw02107-o038_t003_miri_f770w", lambda n: "_image2_" in n)
    assert Counter(a.version for a in second.values()) == {old.version: 2, new.version: 4}


def test_reprocessing_makes_a_generation_and_leaves_earlier_ones() -> None:
    catalogue = open_catalogue(clock=Clock(), scale=0.001)
    obs_id = "jw02107-o038_t003_miri_f770w"
    before = {n for n in listed(catalogue, obs_id) if n.endswith(("_asn.json", "_pool.csv"))}
    members = {m.expname for a in associations(catalogue, obs_id, "image3").values() for m in a.members()}
    catalogue.reprocess(program="2107")
    after = {n for n in listed(catalogue, obs_id) if n.endswith(("_asn.json", "_pool.csv"))}
    assert {n.split("_")[1] for n in before & after} == {"20240302t101112"}
    assert all(catalogue.file(PREFIX + n) is None for n in before - after)
    assert members == {m.expname for a in associations(catalogue, obs_id, "image3").values() for m in a.members()}
    assert association.newest(after) == {n for n in after - before if n.endswith("_asn.json")}
