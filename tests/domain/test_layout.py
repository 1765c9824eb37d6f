"""Where products lie: predictably, apart from each other, and never outside the box."""

from __future__ import annotations

import hashlib
import json
import os
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from topmast_service.domain.layout import LAYOUTS, Places, place
from topmast_service.staging.manifest_files import PAGE, RECORD, SUMS, TABLE

ASSOCIATION = "REAL_jw02609-o007_20240212t021359_spec3_00001_asn.json"
RECORDED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "associations" / ASSOCIATION


def row(name: str, **more: Any) -> dict[str, Any]:
    """A product row as MAST lists it."""
    known = {"productFilename": name, "obs_id": name.rpartition("_")[0], "obs_collection": "JWST"}
    return {"dataURI": f"mast:JWST/product/{name}", "productType": "", **known, **more}


HST = row("ibxl50010_drz.fits", dataURI="mast:HST/product/ibxl50010_drz.fits", obs_collection="HST", obs_id="ibxl50010")
TELEMETRY = row(
    "SA_ZADUCMDX-20220701T000000-20220701T030000.csv", obs_collection="jwstedb", obs_id="SA_ZADUCMDX",
    dataURI="mast:jwstedb/SA_ZADUCMDX-20220701T000000-20220701T030000.csv",
)  # fmt: skip
CUTOUT = row("hlsp_x_jwst_nircam_i2d.fits", obs_collection="HLSP", obs_id="hlsp_x", proposal_id="1345")
POOL = row("jw02736_20220712t161855_pool.csv", obs_id="jw02736-o007_t001_nircam_clear-f090w")


def crds(name: str) -> dict[str, Any]:
    return {"dataURI": f"crds://{name}", "obs_collection": "CRDS", "productFilename": name, "obs_id": None}


PLACES = [
    (row("jw02736007001_03103_00001_nrcb1_uncal.fits"), "Obs007/uncal", "02736/obsnum07"),
    (row("jw02736107001_03103_00001-seg002_nrs1_rateints.fits"), "Obs107/rate", "02736/obsnum107"),
    (row("jw02736007001_03103_00001_nrcb1_calints.fits"), "Obs007/cal", "02736/obsnum07"),
    (row("jw02736007001_03103_00001_nrcb1_o007_crf.fits"), "Obs007/crf", "02736/obsnum07"),
    (row("jw02736-o007_t001_nircam_clear-f090w_i2d.fits"), "Obs007/i2d", "02736/obsnum07"),
    (row("jw02736-o007_t001_nircam_clear-f090w_i2d.jpg"), "Obs007/preview", "02736/obsnum07"),
    (row("jw02736-o007_20220712t161855_image2_00001_asn.json"), "Obs007/asn", "02736/obsnum07"),
    (row("jw02736-c1001_20220712t161855_image3_00001_asn.json"), "ObsC1001/asn", "02736/NA"),
    (row("jw02736-a3001_t001_nircam_clear-f090w_cat.ecsv"), "ObsA3001/cat", "02736/NA"),
    (row("jw02736007001_01_msa.fits"), "Obs007/asn", "02736/obsnum07"),
    (row("jw02736007001_gs-fg_2022195080707_cal.fits"), "Obs007/gs", "02736/obsnum07"),
    (POOL, "Obs007/asn", "02736/obsnum07"),
    (POOL | {"obs_id": "jw02736"}, "ObsNA/asn", "02736/NA"),
    (row("jw01366003001_04101_00001_nrs1"), "Obs003/other", "01366/obsnum03"),
    (HST, "HST/ibxl50010", "HST/ibxl50010"),
    (CUTOUT, "HLSP/hlsp_x", "HLSP/hlsp_x"),
    (TELEMETRY, "jwstedb/SA_ZADUCMDX", "jwstedb/SA_ZADUCMDX"),
    (row("R2022071601-NRCA3_FP1-1.fits", obs_id="R2022071601"), "JWST/R2022071601", "JWST/R2022071601"),
]


@pytest.mark.parametrize(
    ("given", "pipeline", "by_program"), PLACES, ids=lambda v: v["productFilename"] if isinstance(v, dict) else None
)
def test_a_product_has_its_place_in_each_layout(given: dict[str, Any], pipeline: str, by_program: str) -> None:
    name = given["productFilename"]
    assert place("pipeline", given) == f"{pipeline}/{name}"
    assert place("by_program", given) == f"{by_program}/{name}"
    assert place("flat", given) == name
    assert place("mast", given) == f"{given['obs_collection']}/{given['obs_id']}/{name}"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("jwst_miri_flat_0786.fits", "references/jwst/miri"),
        ("jwst_nirspec_pars-jumpstep_0001.asdf", "references/jwst/nirspec"),
        ("jwst_1234.pmap", "mappings/jwst"),
        ("jwst_miri_0321.imap", "mappings/jwst"),
        ("jwst_miri_flat_0100.rmap", "mappings/jwst"),
        ("odd.fits", "references/jwst/all"),
    ],
)
def test_references_lie_as_crds_keeps_them(layout: str, name: str, folder: str) -> None:
    assert place(layout, crds(name)) == f"crds/{folder}/{name}"


def test_a_background_has_a_folder_of_its_own() -> None:
    names = [f"jw01523{number:03}001_03102_00001_mirifushort_rate.fits" for number in (3, 4)]
    assert [place("pipeline", row(name)).partition("/")[0] for name in names] == ["Obs003", "Obs004"]


@pytest.mark.skipif(not RECORDED.exists(), reason="needs a recorded association")
def test_in_a_flat_box_an_association_finds_its_members() -> None:
    members = [m["expname"] for product in json.loads(RECORDED.read_text())["products"] for m in product["members"]]
    asn = place("flat", row(ASSOCIATION.removeprefix("REAL_")))
    assert members
    assert {os.path.join(os.path.dirname(asn), name) for name in members} == {place("flat", row(n)) for n in members}


def test_the_later_of_two_gets_another_name() -> None:
    places = Places("flat")
    one, two = row("a_i2d.fits"), row("A_I2D.fits", dataURI="mast:HST/product/A_I2D.fits")
    assert [places.of(one), places.of(two)] == ["a_i2d.fits", "A_I2D~864d175f.fits"]
    assert places.notes() == ["1 files have the name of another and were given one of their own: A_I2D~864d175f.fits."]


def test_two_whose_marks_are_the_same_lie_apart_too() -> None:
    """A mark is 32 bits: whoever tries 100,000 dataURIs finds two with the same."""
    seen: dict[str, str] = {}
    for number in count():
        uri = f"mast:JWST/{number}"
        mark = hashlib.sha256(uri.encode()).hexdigest()[:8]
        if mark in seen:
            break
        seen[mark] = uri
    places = Places("flat")
    found = [places.of(row("x.fits", dataURI=one)) for one in ("mast:JWST/x", seen[mark], uri)]
    assert found[:2] == ["x.fits", f"x~{mark}.fits"]
    assert len(set(found)) == 3


@pytest.mark.parametrize("name", [PAGE, RECORD, TABLE, SUMS, "crds", "Manifest.Json"])
def test_no_product_takes_the_name_of_what_the_box_itself_has(name: str) -> None:
    assert Places("flat").of(row(name)).lower() != name.lower()


def test_many_clashes_are_counted_and_some_named() -> None:
    places = Places("flat")
    for number in range(20):
        places.of(row("x.fits", dataURI=f"mast:JWST/{number}"))
    (note,) = places.notes()
    assert note.startswith("19 files")
    assert note.count("~") == 5
    assert note.endswith(", ….")


TEXT = st.text(max_size=12) | st.sampled_from(
    ["", "..", ".", "/", "a/b", "-rf", ".bashrc", "x\ny", "é", "\x00", "b" * 300, "c." + "d" * 300, "crds", "CRDS",
     "JWST", "ObsNA", "asn", "NA", "jw02736", "02736", PAGE, "jw02736-o007_x_i2d.fits", "jw02736_x_pool.csv"]
)  # fmt: skip
ROWS = st.fixed_dictionaries(
    {
        "dataURI": st.one_of(TEXT.map(lambda t: f"mast:JWST/product/{t}"), TEXT.map(lambda t: f"crds://{t}")),
        "productFilename": TEXT | st.none(),
        "obs_id": TEXT | st.none(),
        "obs_collection": TEXT | st.none(),
        "productSubGroupDescription": TEXT,
    }
)


@given(rows=st.lists(ROWS, max_size=12, unique_by=lambda r: r["dataURI"]), layout=st.sampled_from(LAYOUTS))
@example(rows=[row("x", obs_collection=PAGE)], layout="mast")
@example(rows=[row("references", obs_collection="crds", obs_id="x"), crds("y")], layout="mast")
def test_whatever_the_names_each_file_has_a_place_of_its_own_inside(rows: list[dict[str, Any]], layout: str) -> None:
    paths, again = ([places.of(one) for one in rows] for places in (Places(layout), Places(layout)))
    assert paths == again
    for path in paths:
        assert os.path.normpath(path) == path
        assert all(0 < len(piece.encode("ascii")) <= 255 and piece[0] not in ".-" for piece in path.split("/"))
    # sorted with a slash behind each, a folder would come right before what is in it
    spread = sorted(f"{path.lower()}/" for path in [*paths, PAGE])
    assert not [(before, after) for before, after in pairwise(spread) if after.startswith(before)]
