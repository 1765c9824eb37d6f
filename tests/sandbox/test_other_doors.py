"""Bundles, path lookup, CRDS, keyword information, DataCite, and the resolver as a proxy."""

import io
import json
import tarfile
import zipfile

import pytest
import urllib3

IMAGE = "mast:JWST/product/jw01558-o001_t001_miri_f1000w_i2d.fits"
INSIDE = "JWST/jw01558-o001_t001_miri_f1000w/jw01558-o001_t001_miri_f1000w_i2d.fits"


def test_a_zip_of_named_files_with_its_manifest(http, sandbox):
    data = http("POST", "/api/v0.1/Download/bundle.zip", fields={"uri": IMAGE}, encode_multipart=False).data
    counted = sandbox.requests()["files"][IMAGE]

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        content = archive.read(names[0])
        page = archive.read(names[1]).decode()
    assert names[0].endswith(INSIDE)
    assert content == http.file(IMAGE).data
    assert IMAGE in page
    assert "anonymous" in page
    assert counted["bytes"] == len(content)


def test_a_tar_of_an_observation_without_previews(http):
    params = {"filters": [{"paramName": "proposal_id", "values": ["1539"]}], "columns": "obsid,obs_id"}
    row = http.invoke("Mast.Caom.Filtered", params=params)["data"][-1]

    fields = {"obsid": str(row["obsid"]), "previews": "false"}
    data = http("GET", "/api/v0.1/Download/bundle.tar.gz", fields=fields).data

    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = [entry.name for entry in archive]
    assert any(name.endswith("MANIFEST.HTML") for name in names)
    assert len(names) == len(set(names)) > 1
    assert not any(name.endswith(".jpg") for name in names)


def test_a_bundle_of_nothing_is_refused(http):
    assert http("GET", "/api/v0.1/Download/bundle.zip").status == 400


def test_path_lookup(http):
    missing = "mast:JWST/product/nothing.fits"
    found = http("GET", f"/api/v0.1/path_lookup/?uri={IMAGE}&uri={missing}").json()

    place = "/jwst/public/jw01558/L3/t/o001/jw01558-o001_t001_miri_f1000w_i2d.fits"
    assert found == {
        IMAGE: {"status_code": 200, "path": place},
        missing: {"status_code": 404, "path": None},
    }


def test_fifty_paths_in_one_request(http):
    many = "&".join(f"uri=mast:JWST/product/jw01558-o001_t001_miri_f1000w_{number:040d}.fits" for number in range(50))

    assert len(http("GET", f"/api/v0.1/path_lookup/?{many}").json()) == 50


def test_the_api_is_there(http):
    assert http("GET", "/api/").status == 200


def test_reference_files_that_headers_name_can_be_fetched(http):
    text = http.file(IMAGE).data[: 40 * 2880].decode("latin-1")
    cards = [text[at : at + 80] for at in range(0, len(text), 80)]
    (flat,) = [card for card in cards if card.startswith("R_FLAT  =")]
    (context,) = [card for card in cards if card.startswith("CRDS_CTX=")]

    name = flat.split("crds://")[1].split("'")[0]
    pmap = context.split("'")[1].strip()

    assert http("GET", f"/unchecked_get/references/jwst/{name}", headers={"Range": "bytes=0-9"}).status == 206
    assert http("GET", f"/unchecked_get/mappings/jwst/{pmap}").status == 200
    assert http("GET", "/unchecked_get/references/jwst/jwst_miri_flat_none.fits").status == 404
    assert http("GET", "/unchecked_get/mappings/jwst/none.pmap").status == 404


def test_keyword_information(http):
    (entry,) = http("GET", "/viz/api/v0.1/info/keywords?name=targprop").json()
    (duration,) = http("GET", "/viz/api/v0.1/info/keywords?name=duration").json()
    (kind,) = http("GET", "/viz/api/v0.1/info/keywords?name=exp_type").json()
    (mnemonic,) = http("GET", "/viz/api/v0.1/info/mnemonics?name=SA_ZADUCMDX").json()
    (row,) = http("GET", f"/viz/api/v0.1/parameters?uri={IMAGE}").json()
    products = http("GET", f"/viz/api/v0.1/products?uri={IMAGE}&level=3").json()
    (keywords,) = http("GET", f"/viz/api/v0.1/keywords/search?uri={IMAGE}").json()

    assert (entry["fits_keyword"], entry["title"]) == ("TARGPROP", "proposer's name of the target")
    assert "Miri.targprop" in entry["destination"]
    assert duration["units"] == "s"
    assert "MIR_MRS" in kind["enum"]
    assert mnemonic["tlmMnemonic"] == "SA_ZADUCMDX"
    assert row["dataURL"] == IMAGE
    assert {one["calib_level"] for one in products} == {3}
    assert keywords["program"] == 1558


def test_a_doi(http):
    answer = http("GET", "/dois/10.17909/sandbox-1558")

    assert answer.headers["Content-Type"] == "application/vnd.api+json"
    data = answer.json()["data"]
    assert data["id"] == "10.17909/sandbox-1558"
    assert data["attributes"]["titles"][0]["title"]
    assert http("GET", "/dois/10.17909/none").status == 404


def test_the_resolver_also_as_a_proxy(sandbox):
    """The client's address of the resolver is fixed and plain http: a proxy setting brings it here."""
    with urllib3.ProxyManager(sandbox.url, timeout=30, retries=False) as proxy:
        address = "http://mastresolver.stsci.edu/Santa-war/query?outputFormat=json&resolveAll=False"
        found = proxy.request("GET", f"{address}&name=M57&name=NoSuchPlace").json()["resolvedCoordinate"]

    assert [entry["searchString"] for entry in found] == ["m57"]
    assert found[0]["ra"] == pytest.approx(283.396, abs=0.01)
    assert found[0]["decl"] == pytest.approx(33.029, abs=0.01)


def test_mission_search_by_hand(http):
    def search(**asked):
        return http(
            "POST",
            "/search/jwst/api/v0.1/search",
            body=json.dumps(asked).encode(),
            headers={"Content-Type": "application/json"},
        )

    counted = search(conditions=[{"program": 2733}], count_only=True).json()
    paged = [search(conditions=[{"program": 2733}], sort_by=["fileSetName"], limit=2, offset=n).json() for n in (0, 2)]
    names = [row["fileSetName"] for page in paged for row in page["results"]]

    assert counted["results"] == []
    assert counted["totalResults"] == paged[0]["totalResults"] > 4
    assert names == sorted(set(names))
    assert search(conditions=[{"nonsense": 1}]).status == 400
    assert search(conditions=[], target=["1 2"], radius=31, radius_units="arcminutes").status == 400
    listed = http("GET", f"/search/jwst/api/v0.1/list_products?dataset_ids={','.join(names)}").json()
    assert {row["dataset"] for row in listed["products"]} == set(names)
