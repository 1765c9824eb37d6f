"""Product lists, filters and downloads, as astroquery does them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

OBSERVATION = "jw01558-o001_t001_miri_f1000w"
LIST = f"""
rows = Observations.query_criteria(obs_id='{OBSERVATION}', obs_collection='JWST')
products = Observations.get_product_list(rows)
"""
IMAGES = LIST + (
    "images = Observations.filter_products(Observations.filter_products(products, mrp_only=True),"
    " productSubGroupDescription=['I2D', 'ASN'])\n"
)


def test_the_list_repeats_files_and_the_unique_list_does_not(run):
    listed, unique, distinct = run(
        LIST
        + """
unique = Observations.get_unique_product_list(rows)
result = [len(products), len(unique), len(set(products['dataURI']))]
"""
    )

    assert listed == 7496  # as the Primer's own table says for this observation
    assert unique == distinct < listed


def test_the_minimum_recommended_products(run):
    found = run(
        LIST
        + """
kept = Observations.filter_products(products, mrp_only=True)
result = [[row['productSubGroupDescription'], int(row['calib_level'])] for row in kept]
"""
    )

    assert len(found) == 2
    assert all(level == 3 for _, level in found)


def test_a_long_list_comes_in_pages(run, sandbox):
    rows = run(
        LIST
        + """
rows = Mast.service_request('Mast.Caom.Products', {'obsid': rows['obsid'][0]}, pagesize=1000)
result = len(rows)
"""
    )

    assert rows == 7496
    assert sandbox.requests()["services"]["Mast.Caom.Products"] == 1 + 8


def test_download_and_again_from_the_cache(run, sandbox, tmp_path):
    found = run(
        IMAGES
        + """
first = Observations.download_products(images, download_dir=directory)
second = Observations.download_products(images, download_dir=directory)
result = [list(map(str, first['Local Path'])), list(first['Status']), list(second['Status'])]
""",
        directory=tmp_path,
    )

    paths, first, second = found
    assert set(first) == set(second) == {"COMPLETE"}
    assert all(f"mastDownload/JWST/{OBSERVATION}/" in path for path in paths)
    sizes = {Path(path).name: Path(path).stat().st_size for path in paths}
    for uri, counted in sandbox.requests()["files"].items():
        assert counted["methods"] == {"head": 2, "get": 1}
        assert counted["bytes"] == sizes[uri.rpartition("/")[2]]


@pytest.mark.clients
def test_the_curl_script_runs(run, tmp_path):
    """MAST's own way to fetch many files: the script is bash and curl, so both are needed."""
    if not (shutil.which("bash") and shutil.which("curl")):
        pytest.fail("bash or curl is missing") if os.environ.get("CI") else pytest.skip("needs bash and curl")
    scripts = run(
        IMAGES
        + """
told = Observations.download_products(images, download_dir=directory, curl_flag=True)
result = [list(map(str, told['Local Path'])), list(told['Status'])]
""",
        directory=tmp_path,
    )

    assert scripts[1] == ["COMPLETE"]
    subprocess.run(["bash", scripts[0][0]], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    (folder,) = tmp_path.glob("MAST_*")
    fetched = [path.name for path in folder.glob(f"JWST/{OBSERVATION}/*")]
    assert f"{OBSERVATION}_i2d.fits" in fetched
    assert (folder / "MANIFEST.HTML").read_text().count("OK") == len(fetched)


def test_a_file_that_is_not_there_is_an_error_row(run, tmp_path):
    status, message, address = run(
        """
import os
result = Observations.download_file('mast:JWST/product/nothing.fits', local_path=os.path.join(directory, 'x.fits'))
""",
        directory=tmp_path,
    )

    assert status == "ERROR"
    assert "404" in message
    assert address.endswith("uri=mast:JWST/product/nothing.fits")


def test_telemetry_is_fetched_anew_each_time(run, sandbox, tmp_path):
    sandbox.set(engineering_needs_token=False)

    found = run(
        """
import pathlib
uri = 'mast:jwstedb/SA_ZADUCMDX-20220701T000000-20220701T000100.csv'
told = [Observations.download_file(uri, local_path=directory + '/e.csv')[0] for _ in range(2)]
result = [told, pathlib.Path(directory, 'e.csv').read_bytes().decode()]
""",
        directory=tmp_path,
    )

    statuses, text = found
    assert statuses == ["COMPLETE", "COMPLETE"]
    assert text.startswith("theTime,MJD,euvalue,sqldataType\r\n")
    (counted,) = sandbox.requests()["files"].values()
    assert counted["methods"]["get"] == 2  # no length on HEAD, so the cached copy is never trusted
