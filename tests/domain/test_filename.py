"""Every kind of file that the archive lists is explained."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topmast_service.domain.filename import explain, meaning
from topmast_service.domain.suffixes import SUFFIXES
from topmast_service.errors import UnknownFilename

REAL = Path(__file__).parents[3] / "shared" / "data"
NAMING = {
    "dataURL", "jpegURL", "filename", "fileName", "dataURI", "productFilename", "URI", "File", "fileSetName", "obs_id",
    "asnpool", "asntable", "msametfl", "FILENAME", "MSAMETFL", "expname",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("jw01366004001_04101_00001-seg003_nrs1_uncal.fits", "raw ramps, uncalibrated"),
        ("jw05398-c1125_s000001572_nircam_f322w2-grismr_x1d.fits", "extracted spectrum"),
        ("jw01082-c1001_20231220t155119_image3_00001_asn.json", "association: which exposures belong together"),
        ("jw01180025001_01_msa.fits", "micro-shutter configuration of the visit"),
        ("jw02733-o001_t001_nircam_f405n-f444w_cat.ecsv", "source catalog"),
        ("jw02733-o001_t001_nircam_f405n-f444w_i2d.jpg", "preview: resampled image"),
        ("jw02609009001_gs-fg_2022341040127-seg001_uncal.fits", "guide star: fine guiding (raw ramps, uncalibrated)"),
        ("notes.txt", ""),
        ("", ""),
    ],
)
def test_meaning(name: str, words: str) -> None:
    assert meaning(name) == words


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        (
            "jw01366004001_0410a_00001-seg003_nrs1_uncal.fits",
            {
                "base": "exposure", "program": "1366", "observation": 4, "visit": 1, "visit_group": 4,
                "parallel_sequence": 1, "activity": "0a", "exposure": 1, "segment": 3, "detector": "nrs1",
                "instrument": "NIRSPEC", "stage": 0, "level": 1, "dms_level": "1b", "extension": "fits",
                "obs_id": "jw01366004001_0410a_00001-seg003_nrs1",
            },
        ),
        (
            "jw02733002001_02103_00001_mirimage_o002_crf.fits",
            {
                "base": "exposure", "association": "o002", "association_kind": "observation", "suffix": "crf",
                "stage": 3, "level": 2, "dms_level": "2c", "obs_id": "jw02733002001_02103_00001_mirimage",
            },
        ),
        (
            "jw10678-c1001_s000277193-epoch2_nircam_f444w-grismr_x1d.png",
            {
                "base": "source", "program": "10678", "association": "c1001", "source": "000277193", "epoch": 2,
                "source_kind": "source", "target": None, "instrument": "NIRCAM",
                "optical_elements": ("f444w", "grismr"), "level": 3, "dms_level": "3", "preview": True,
            },
        ),
        (
            "jw04818-o013_t007_miri_p750l-slitlessprism_x1dints.fits",
            {"target": 7, "optical_elements": ("p750l",), "subarray": "slitlessprism", "level": 3, "stage": 3},
        ),
        (
            "jw01091-o002_t001_niriss_clear-gr700xd-substrip256_whtlt.ecsv",
            {"optical_elements": ("clear", "gr700xd"), "subarray": "substrip256", "extension": "ecsv"},
        ),
        ("jw01180-o003_b00012_nirspec_f170lp-g235m_cal.fits", {"source_kind": "background", "level": 3}),
        ("jw02733-o002_t001_miri_f1130w", {"suffix": None, "obs_id": "jw02733-o002_t001_miri_f1130w"}),
        ("jw03166-c1011_t001_miri", {"base": "source", "optical_elements": (), "instrument": "MIRI"}),
        ("jw01163-a3001_t001_nircam_f212n-wlm8-nrca3_wfscmb-02.fits", {"suffix": "wfscmb", "activity": "02"}),
        ("jw01216202001_02101_00001", {"base": "exposure", "detector": None, "obs_id": None}),
        ("jw02609010001_xx102_00001_nirspec", {"base": "exposure", "planned": True, "level": -1}),
        (
            "jw04681445001_04201_00002_nis_cal_thumb.jpg",
            {"thumbnail": True, "preview": True, "suffix": "cal", "instrument": "NIRISS"},
        ),
        (
            "jw09285-o001_20250101t010203_tso-spec3_001_asn.json",
            {
                "base": "association", "level": None,
                "details": {"made": "20250101t010203", "type": "tso-spec3", "number": "001"},
            },
        ),
        ("jw09505_20251216t202003_pool.csv", {"base": "pool", "program": "9505", "observation": None}),
        ("jw01180025001_01_msa.fits", {"base": "msa", "visit": 1, "details": {"configuration": "01"}, "level": 1}),
        (
            "jw02609009001_gs-fg_2022341040127-seg001_uncal.fits",
            {
                "base": "guide star", "segment": 1, "level": 1, "stage": None,
                "details": {"step": "fg", "ended": "2022341040127"},
            },
        ),
        (
            "jw02609009001_gs-id_1_image_cal.fits",
            {"base": "guide star", "level": 2, "details": {"step": "id", "attempt": "1", "image": "image"}},
        ),
        (
            "jw02609009001_gs-id_2_stacked-uncal.fits",
            {"suffix": "uncal", "details": {"step": "id", "attempt": "2", "image": "stacked"}},
        ),
        (
            "SA_ZADUCMDX-20220701T000000-20220701T030000.csv",
            {
                "base": "engineering",
                "details": {"mnemonic": "SA_ZADUCMDX", "start": "20220701T000000", "end": "20220701T030000"},
            },
        ),
        (
            "R2023040504-NRCA3_FP1-1.fits",
            {"base": "wavefront", "details": {"correction": "R2023040504", "aperture": "NRCA3_FP1", "number": "1"}},
        ),
        (
            "jwst_nircam_pars-tweakregstep_0037.asdf",
            {"base": "reference", "instrument": "NIRCAM", "details": {"type": "pars-tweakregstep", "number": "0037"}},
        ),
        ("jwst_1464.pmap", {"base": "reference", "content": "CRDS reference mapping"}),
        ("u9o40504m_c0f.fits", {"base": "other", "mission": "HST", "suffix": "c0f", "obs_id": "u9o40504m"}),
        ("jw02221002001_04201_00001_nrs1_novel.fits", {"suffix": "novel", "content": None, "level": None}),
    ],
)  # fmt: skip
def test_what_a_name_says(name: str, facts: dict[str, Any]) -> None:
    said = asdict(explain(name))
    assert {key: said[key] for key in facts} == facts


@pytest.mark.parametrize(
    ("name", "understood"),
    [
        ("jw02733-o001_t001_nircam_f090w_i2d.exe", "program 2733, association o001"),
        ("jw02733-x001_t001_nircam_f090w_i2d.fits", "program 2733"),
        ("jw02733001001_02101_1_nrca1_cal.fits", "program 2733, observation 1, visit 1"),
        ("jw02733001001_02101_00001_nrcc1_cal.fits", "cal: calibrated exposure"),
        ("holiday.jpg", "Nothing of it"),
        ("../etc/passwd", "Nothing of it"),
        ("jw02733001001_02101_00001_nrca1_cal.fits\n", "program 2733"),
    ],
)
def test_an_unknown_name_tells_what_was_understood(name: str, understood: str) -> None:
    with pytest.raises(UnknownFilename) as refused:
        explain(name)
    assert understood in refused.value.detail
    assert refused.value.code == "unknown_filename"


def test_a_misspelt_suffix_is_suggested() -> None:
    with pytest.raises(UnknownFilename) as refused:
        explain("jw02733-o001_t001_nirpec_f090w_i2dd.fits")
    assert "i2d" in refused.value.errors[0]["suggestions"]


DIGITS = {n: st.integers(0, 10**n - 1).map(lambda i, n=n: f"{i:0{n}}") for n in (2, 3, 5)}
DETECTORS = [
    "nrca1",
    "nrcb4",
    "nrcalong",
    "nrcblong",
    "nis",
    "nrs1",
    "nrs2",
    "mirimage",
    "mirifushort",
    "mirifulong",
    "guider2",
]
ACTIVITY = st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=2)


@given(
    st.tuples(DIGITS[5], DIGITS[3], DIGITS[3], DIGITS[2], st.integers(1, 5), ACTIVITY, DIGITS[5]),
    st.none() | st.integers(1, 999),
    st.sampled_from(DETECTORS),
    st.sampled_from(sorted(set(SUFFIXES) - {"asn", "pool", "msa", "stream"})),
)  # fmt: skip
def test_any_exposure(parts: tuple[Any, ...], segment: int | None, detector: str, suffix: str) -> None:
    program, observation, visit, group, sequence, activity, exposure = parts
    stem = f"jw{program}{observation}{visit}_{group}{sequence}{activity}_{exposure}"
    stem += f"-seg{segment:03}" if segment else ""
    said = explain(f"{stem}_{detector}_{suffix}.fits")
    assert (said.program, said.observation, said.visit) == (str(int(program)), int(observation), int(visit))
    assert (said.visit_group, said.parallel_sequence, said.activity) == (int(group), sequence, activity)
    assert (said.exposure, said.segment, said.detector) == (int(exposure), segment, detector)
    assert (said.suffix, said.content, said.level) == (suffix, SUFFIXES[suffix].content, SUFFIXES[suffix].level)
    assert said.obs_id == f"{stem}_{detector}"


@given(st.text(max_size=40))
def test_any_text_is_explained_or_refused(text: str) -> None:
    with suppress(UnknownFilename):
        assert explain(text).name == text


def real_names() -> Iterator[str]:
    """Every name that the real tables have in a column of names."""
    for path in sorted(REAL.glob("*.csv")) + sorted(REAL.glob("associations/*")):
        yield from (path.suffix == ".json" and re.findall(r'"expname": "([^"]+)"', path.read_text())) or []
        yield path.name.removeprefix("REAL_") if path.parent.name == "associations" else ""
        if path.suffix == ".csv":
            with path.open() as file:
                delimiter = "|" if path.name.endswith("_pool.csv") else ","
                for row in csv.DictReader(file, delimiter=delimiter):
                    yield from (cell for column, cell in row.items() if column in NAMING and cell)
    for found in json.loads((REAL / "ngc3132_search_target.json").read_text())["results"]:
        yield from (str(found[column]) for column in NAMING & found.keys() if found[column])


def test_every_real_name_is_explained() -> None:
    if not REAL.exists():
        pytest.skip("../shared/data is not beside this checkout")
    names = {name.rpartition("/")[2].strip() for name in real_names()} - {"", "NULL", "N/A", "NONE"}
    # The keyword OBS_ID (V, visit, P, …) of the keyword tables is neither a file nor CAOM's obs_id.
    names = {name for name in names if not re.fullmatch(r"V\d{11}P\w+", name)}
    jwst = {name for name in names if name.lower().startswith("jw")}
    assert len(jwst) > 1500
    unknown = set()
    for name in names:
        try:
            said = explain(name)
        except UnknownFilename:
            unknown.add(name)
            continue
        assert said.base != "other" or name not in jwst
        assert said.content or said.suffix is None or name not in jwst, name
    assert unknown & jwst == set()
    assert unknown == set()
