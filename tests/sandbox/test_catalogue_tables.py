"""A catalogue read from CSV gives back what the tables say."""

import csv
from pathlib import Path

import pytest
from astropy.io import fits

from topmast_sandbox.catalogue import TableError, open_catalogue
from topmast_sandbox.catalogue.caom import COLUMNS
from topmast_sandbox.catalogue.tables import PRODUCT_COLUMNS
from topmast_sandbox.clock import Clock

REAL = Path(__file__).parents[3] / "shared" / "data" / "caom_observation_rows.csv"


def write(directory, name, rows):
    with (directory / name).open("w", newline="") as lines:
        table = csv.DictWriter(lines, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def opened(directory):
    return open_catalogue(directory, clock=Clock(), scale=0.002)


@pytest.fixture
def generated():
    catalogue = open_catalogue(clock=Clock(), scale=0.002)
    planes = [r for r in catalogue.observations() if r["proposal_id"] in {"2733", "1373", "10678"}]
    return catalogue, planes, [p for r in planes[:4] for p in catalogue.products(r["obsid"])]


def test_a_catalogue_written_out_reads_back_the_same(generated, tmp_path):
    catalogue, planes, products = generated
    write(tmp_path, "observations.csv", [{**p, "source": "ours", "extra": 1} for p in planes])
    write(tmp_path, "products.csv", products)
    read = opened(tmp_path)
    assert read.observations() == planes
    assert [p for r in planes for p in read.products(r["obsid"])] == products
    assert all(read.count(r["obsid"]) == catalogue.count(r["obsid"]) for r in planes[:4])
    files = {p["dataURI"]: p["size"] for p in products}
    assert {f.uri: f.size for f in read.unique_files()} == files


def test_bytes_have_the_listed_size_and_fits_where_it_can_be(generated, tmp_path):
    _, planes, products = generated
    write(tmp_path, "observations.csv", planes)
    odd = [dict(p, size="3001") if p["dataURI"].endswith("_i2d.fits") else p for p in products]
    odd = [dict(p, size="") if p["dataURI"].endswith("_cat.ecsv") else p for p in odd]
    write(tmp_path, "products.csv", odd)
    read = opened(tmp_path)
    for file in list(read.unique_files())[::40]:
        data = b"".join(file.read())
        assert len(data) == file.size
        if file.filename.endswith("_rate.fits"):
            (tmp_path / "a.fits").write_bytes(data)
            with fits.open(tmp_path / "a.fits") as hdus:
                assert len(hdus[0].header) > 100
    image = next(f for f in read.unique_files() if f.filename.endswith("_i2d.fits"))
    assert image.size == 3001 == len(b"".join(image.read()))


def test_blank_cells_and_blank_ids_are_nulls(tmp_path):
    first = {"obs_collection": "JWST", "s_ra": "1.5", "calib_level": "3.0", "mtFlag": "TRUE", "obsid": "", "obs_id": ""}
    write(tmp_path, "observations.csv", [first, {"obs_collection": "JWST", "obsid": "12", "obs_id": "x"}])
    write(tmp_path, "products.csv", [{"dataURI": "mast:JWST/product/x_cal.fits", "parent_obsid": "12", "obs_id": ""}])
    catalogue = opened(tmp_path)
    first, second = catalogue.observations()
    assert list(first) == COLUMNS
    assert (first["obsid"], first["obs_id"], first["calib_level"], first["mtFlag"]) == (None, None, 3, True)
    assert second["s_ra"] is None
    (product,) = catalogue.products(12)
    assert list(product) == PRODUCT_COLUMNS
    assert (product["obs_id"], product["size"]) == (None, None)
    assert catalogue.file("mast:jwst/product/x_cal.fits").size > 0


def test_products_may_be_absent_but_observations_not(tmp_path):
    with pytest.raises(TableError, match=r"observations\.csv is missing"):
        opened(tmp_path)
    write(tmp_path, "observations.csv", [{"obs_id": "a", "obsid": "1"}])
    assert list(opened(tmp_path).products(1)) == []


@pytest.mark.parametrize(
    ("column", "cell"), [("s_ra", "north"), ("obsid", "1.2.3"), ("mtFlag", "maybe"), ("calib_level", "inf")]
)
def test_a_wrong_cell_is_named(tmp_path, column, cell):
    write(tmp_path, "observations.csv", [{"obs_id": "a", column: cell}])
    with pytest.raises(TableError, match=rf"observations\.csv, line 2, column {column}: '{cell}'"):
        opened(tmp_path)


def test_reprocessing_works_on_tables_too(generated, tmp_path):
    _, planes, products = generated
    write(tmp_path, "observations.csv", planes)
    write(tmp_path, "products.csv", products)
    catalogue = opened(tmp_path)
    plane = planes[0]
    before = {p["dataURI"] for p in catalogue.products(plane["obsid"])}
    report = catalogue.reprocess(obs_id=plane["obs_id"])
    after = {p["dataURI"] for p in catalogue.products(plane["obsid"])}
    assert before - after
    assert before - after <= set(report["withdrawn"])
    assert all(catalogue.file(u) is None for u in before - after)
    assert all(catalogue.file(u) for u in after)


def test_keyword_rows_are_served_as_stated(tmp_path):
    write(tmp_path, "observations.csv", [{"obs_id": "a", "obsid": "1"}])
    row = {"filename": "jw01_nrs1_cal.fits", "date_obs": "/Date(1732577116456)/", "date_obs_mjd": "60639.97",
           "tsovisit": "f", "visit_id": "01216202001", "isRestricted": "False", "checksum": "abc", "nints": "8",
           "newer": "010", "number": "7", "truth": "True", "blank": ""}  # fmt: skip
    write(tmp_path, "keywords.csv", [{"service": "NIRSpec", **row}, {"service": "nirspec", **row}])
    write(tmp_path, "keywords_miri.csv", [{"filename": "jw02_mirimage_cal.fits"}])
    catalogue = opened(tmp_path)
    first, second = catalogue.keywords("Nirspec")
    typed = {"date_obs_mjd": 60639.97, "isRestricted": False, "nints": 8, "number": 7, "truth": True}
    stated = {**row, **typed, "blank": None}
    assert {name: first.get(name) for name in row} == stated
    assert second["newer"] == "010"
    assert {("newer", "string"), ("truth", "boolean"), ("number", "int")} <= set(catalogue.keyword_columns("nirspec"))
    assert "blank" not in dict(catalogue.keyword_columns("nirspec"))
    assert [r["filename"] for r in catalogue.keywords("miri")] == ["jw02_mirimage_cal.fits"]
    assert list(catalogue.keywords("nircam")) == []


@pytest.mark.parametrize(
    ("row", "said"), [({"service": "cos"}, "'cos' is no service"), ({"service": "miri", "nints": "x"}, "nints")]
)
def test_a_wrong_keyword_row_is_named(tmp_path, row, said):
    write(tmp_path, "observations.csv", [{"obs_id": "a", "obsid": "1"}])
    write(tmp_path, "keywords.csv", [row])
    with pytest.raises(TableError, match=rf"keywords\.csv, line 2.*{said}"):
        opened(tmp_path)


@pytest.mark.skipif(not REAL.exists(), reason="the recorded MAST rows are not beside this checkout")
def test_real_rows_come_back_cell_by_cell(tmp_path):
    (tmp_path / "observations.csv").write_bytes(REAL.read_bytes())
    with REAL.open(newline="", encoding="utf-8-sig") as lines:
        stated = list(csv.DictReader(lines))
    served = opened(tmp_path).observations()
    assert len(served) == len(stated) > 300
    for text, row in zip(stated, served, strict=True):
        for column in COLUMNS:
            assert same(row[column], text[column]), (column, row[column], text[column])


def same(value, text):
    if value is None:
        return not text.strip()
    if isinstance(value, bool):
        return str(value).lower() == text.strip().lower()
    return float(text) == value if isinstance(value, int | float) else text == value
