"""``--catalog DIR``: tables of one's own, thousands of rows, and rows as MAST really had them."""

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.astroquery.astroquery_process import AstroqueryProcess
from tests.servers import start_sandbox

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "caom_observation_rows.csv"
COUNT = 4000


@contextmanager
def astroquery_over(catalogue: Path, tmp: Path) -> Iterator[AstroqueryProcess]:
    sandbox = start_sandbox(tmp, "--catalog", str(catalogue))
    try:
        with AstroqueryProcess(sandbox.url, tmp) as process:
            yield process
    finally:
        sandbox.stop()


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A catalogue of 4,000 observations with two products each, and a column MAST does not have."""
    directory = tmp_path / "catalogue"
    directory.mkdir()
    names = [f"jw09999{number:06d}_02101_00001_mirimage" for number in range(COUNT)]
    observations = [
        {
            "obs_collection": "JWST",
            "obs_id": name,
            "obsid": 1000 + number,
            "proposal_id": "9999",
            "instrument_name": "MIRI/IMAGE",
            "calib_level": 2,
            "dataRights": "PUBLIC",
            "t_exptime": number,
            "s_ra": "",
            "weather": "fine",
        }
        for number, name in enumerate(names)
    ]
    products = [
        {
            "obsID": 1000 + number,
            "parent_obsid": 1000 + number,
            "obs_collection": "JWST",
            "obs_id": name if suffix == "cal" else "",
            "dataURI": f"mast:JWST/product/{name}_{suffix}.fits",
            "productFilename": f"{name}_{suffix}.fits",
            "productType": "SCIENCE",
            "size": 28800,
        }
        for number, name in enumerate(names)
        for suffix in ("rate", "cal")
    ]
    for name, rows in (("observations", observations), ("products", products)):
        with (directory / f"{name}.csv").open("w", newline="") as sheet:
            writer = csv.DictWriter(sheet, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return directory


def test_thousands_of_rows_load(tables, tmp_path):
    with astroquery_over(tables, tmp_path) as client:
        found = client.run(
            """
rows = Observations.query_criteria(proposal_id='9999', pagesize=1500)
longest = Observations.query_criteria(t_exptime=[3990, 99999])
products = Observations.get_product_list(rows[:1000])
named = Observations.filter_products(products, extension='_cal.fits')  # astroquery cannot file a blank obs_id
told = Observations.download_products(named[:2], download_dir=directory)
result = [len(rows), len(longest), len(products), list(told['Status']), list(map(str, told['Local Path']))]
""",
            directory=tmp_path,
        )

    rows, longest, products, statuses, paths = found
    assert (rows, longest, products) == (COUNT, 10, 2000)
    assert statuses == ["COMPLETE", "COMPLETE"]
    assert all(Path(path).stat().st_size == 28800 for path in paths)


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded rows are kept outside this repository")
def test_recorded_rows_of_mast_are_served(tmp_path):
    directory = tmp_path / "catalogue"
    directory.mkdir()
    shutil.copy(RECORDED, directory / "observations.csv")
    with RECORDED.open(newline="") as sheet:
        recorded = list(csv.DictReader(sheet))

    with astroquery_over(directory, tmp_path) as client:
        found = client.run("""
            count = Observations.query_criteria_count(obs_collection=['JWST', 'HST', '*'])
            planned = Observations.query_criteria(calib_level=-1)
            result = [count, len(planned), sorted(set(planned['proposal_id']))]
        """)

    planned = [row for row in recorded if row["calib_level"] == "-1"]
    assert found[0] == len([row for row in recorded if row["obs_collection"]])
    assert found[1] == len(planned) > 0
    assert found[2] == sorted({row["proposal_id"] for row in planned})
