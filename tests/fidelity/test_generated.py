"""Generated rows go the way that `make check-archive` sends real ones, and a cell that changed would be found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fidelity import sources
from tests.fidelity.check import FORMATS, check
from tests.fidelity.comparing import compare
from tests.fidelity.report import write
from tests.fidelity.sources import Texts
from topmast_service.domain.columns import OBSERVATION, Column

TITLES = ["a, \"b\" 'c'", "two\tblanks  inside", "Ångström α 😀 ]]> <b>&amp;", "nan", "-999", "NULL", "", "1e5", "#"]
SLITLETS = "POLYGON ICRS " + " ".join(f"{283 + n / 997!r} {33 + n / 991!r}" for n in range(600))


def observation(number: int) -> Texts:
    """A CAOM row with every column; each third cell of some is blank, each fifth row is planned."""
    level = "-1" if number % 5 == 0 else str(number % 4)
    row = {name: f"{name} {number}" for name, column in OBSERVATION.items() if column.type == "string"}
    row |= {name: repr(number / 7 * 10**k) for k, name in enumerate(("s_ra", "s_dec", "t_min", "em_min", "srcDen"))}
    row |= {"obs_collection": "JWST", "calib_level": level, "t_exptime": repr(0.1 * number), "t_obs_release": "59000.5"}
    row |= {"obs_title": TITLES[number % len(TITLES)], "s_region": SLITLETS if number % 7 == 0 else "POLYGON 1 2 3 4"}
    row |= {
        "sequence_number": "-999",
        "mtFlag": "true" if number % 2 else "False",
        "obsid": str(2**40 + number),
        "objID": str(number),
    }
    row |= {"dataRights": ("PUBLIC", "", "EXCLUSIVE_ACCESS", "RESTRICTED")[number % 4]}
    optional = ("s_ra", "s_dec", "t_min", "filters", "mtFlag", "sequence_number", "obs_id", "srcDen", "t_obs_release")
    return row | {name: "" for k, name in enumerate(optional) if (number + k) % 3 == 0}


def keywords(number: int) -> Texts:
    """A keyword row with dates and their twins, truths as FITS has them, and numbers with a zero before them."""
    when = 1_758_998_307_295 + number * 86_400_001
    return {
        "ArchiveFileID": str(205_720_407 + number), "filename": f"jw01216{number:03}001_02101_00001_nrs1_cal.fits",
        "productLevel": ("2a", "2b", "3")[number % 3], "instrume": ("NIRSPEC", "MIRI")[number % 2],
        "dataURI": "" if number % 4 == 0 else f"mast:JWST/product/jw01216{number:03}001_02101_00001_nrs1_cal.fits",
        "date_obs": f"/Date({when})/" if number % 3 else "", "date_obs_mjd": repr(40_587 + when / 86_400_000),
        "tsovisit": "tf"[number % 2], "visit_id": "01216202001", "effexptm": repr(number / 3), "nints": str(number),
        "isRestricted": "False", "publicReleaseDate": "/Date(1764142007000)/",
        "s_region": "", "gs_mag": "15.57903099060059",
    }  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        sources.observations("generated", [observation(n) for n in range(1, 250)]),
        sources.keywords("generated", [keywords(n) for n in range(1, 130)]),
    ],
    ids=["observations", "keywords"],
)
def test_every_cell_comes_back_through_every_format(source: sources.Source, tmp_path: Path) -> None:
    found = check(source, tmp_path / "installation")
    assert [c.format for c in found.compared] == list(FORMATS)
    for compared in found.compared:
        assert compared.differences == []
        assert compared.rows == len(source.rows)
        assert compared.blanks > len(source.rows)
    if source.observations:
        assert (found.planned, len(found.access)) == (49, 5)
    else:
        assert found.compared[0].dates > 200
    assert f"| generated | votable | {len(source.rows)} of {len(source.rows)} |" in write([found])


@pytest.mark.parametrize(
    ("column", "kind", "text", "cell"),
    [
        ("x", "float", "390.4363057343289", 390.436305734329),
        ("x", "int", "9007199254740993", 9007199254740992),
        ("x", "string", "01", 1),
        ("x", "string", "", ""),
        ("x", "string", "a ", "a"),
        ("x", "boolean", "false", 0),
        ("x", "date", "/Date(1764142007001)/", "2025-11-26T07:26:47Z"),
        ("x", "float", "-999", None),
    ],
)
def test_a_changed_cell_is_a_difference(column: str, kind: str, text: str, cell: object) -> None:
    source = sources.observations("one", [{"obsid": "1", column: text}])
    columns = [Column("obsid"), Column(column, kind)]
    compared = compare("json", source, columns, [{"obsid": "1", column: cell}])
    assert (compared.rows, len(compared.differences)) == (1, 1)


def test_missing_and_doubled_rows_are_differences() -> None:
    source = sources.observations("two", [{"obsid": "1"}, {"obsid": "2"}])
    found = compare("json", source, [Column("obsid")], [{"obsid": "1"}, {"obsid": "1"}, {"obsid": "3"}])
    assert len(found.differences) == 3
