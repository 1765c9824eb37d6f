"""The portal beside what astroquery asks: formats, mistakes, caps."""

import csv
import json

import pytest

FILTERS = [{"paramName": "proposal_id", "values": ["1073"]}]
PARAMS = {"columns": "obs_id,calib_level", "filters": FILTERS}


def test_paging_echoes_and_counts(http):
    answer = http.invoke("Mast.Caom.Filtered", params=PARAMS, page=2, pagesize=4)

    whole = http.invoke("Mast.Caom.Filtered", params=PARAMS)
    paging = answer["paging"]
    assert (paging["page"], paging["pageSize"], paging["rows"]) == (2, 4, 4)
    assert paging["rowsTotal"] == len(whole["data"])
    assert paging["pagesFiltered"] == -(-len(whole["data"]) // 4)
    assert answer["data"] == whole["data"][4:8]


def test_a_page_size_means_nothing_without_a_page(http):
    some = http.invoke("Mast.Caom.Filtered", params=PARAMS, pagesize=1)

    assert len(some["data"]) == some["paging"]["rowsTotal"] > 1


def test_extjs_is_the_default_format(http):
    asked = {"request": json.dumps({"service": "Mast.Caom.Filtered", "params": PARAMS})}
    table = http("GET", "/api/v0/invoke", fields=asked).json()["data"]["Tables"][0]

    rows = http.invoke("Mast.Caom.Filtered", params=PARAMS)["data"]
    assert [column["dataIndex"] for column in table["Columns"]] == ["obs_id", "calib_level"]
    assert table["Rows"] == [list(row.values()) for row in rows]


def test_csv(http):
    asked = {"request": json.dumps({"service": "Mast.Caom.Filtered", "params": PARAMS, "format": "csv"})}
    lines = list(csv.DictReader(http("GET", "/api/v0/invoke", fields=asked).data.decode().splitlines()))

    rows = http.invoke("Mast.Caom.Filtered", params=PARAMS)["data"]
    assert [line["obs_id"] for line in lines] == [row["obs_id"] for row in rows]


def test_count(http):
    counted = http.invoke("Mast.Caom.Filtered", params=PARAMS | {"columns": "COUNT_BIG(*)"})

    assert counted["fields"] == [{"name": "Column1", "type": "string"}]
    assert counted["data"] == [{"Column1": len(http.invoke("Mast.Caom.Filtered", params=PARAMS)["data"])}]


@pytest.mark.parametrize(
    ("service", "request_"),
    [
        ("Mast.Nonsense", {}),
        ("Mast.Caom.Filtered", {"params": {"columns": "nonsense", "filters": []}}),
        ("Mast.Caom.Filtered", {"params": {"filters": [{"paramName": "nonsense", "values": ["x"]}]}}),
        ("Mast.Caom.Filtered", {"params": []}),
        ("Mast.Caom.Filtered", {"params": PARAMS, "format": "punched cards"}),
        ("Mast.Caom.Filtered", {"params": PARAMS, "page": "first"}),
        ("Mast.Caom.Filtered.Position", {"params": {"filters": [], "position": "here"}}),
        ("Mast.Caom.Cone", {"params": {"ra": "x", "dec": 0}}),
        ("Mast.Caom.Products", {"params": {"obsid": "jw01073"}}),
    ],
)
def test_mistakes_are_status_error(http, service, request_):
    answer = http.invoke(service, **request_)

    assert answer["status"] == "ERROR"
    assert answer["msg"]


def test_broken_json_is_status_error(http):
    assert http("POST", "/api/v0/invoke", fields={"request": "{"}, encode_multipart=False).json()["status"] == "ERROR"


def test_a_query_beyond_the_cap_is_an_error(http, sandbox):
    sandbox.set(row_cap=5)

    assert http.invoke("Mast.Caom.Filtered", params=PARAMS)["status"] == "ERROR"


def test_an_exact_repeat_continues_and_another_query_waits_anew(http, sandbox):
    sandbox.set(hold_seconds=0)
    sandbox.post("slow", polls=1)
    ask = {"params": PARAMS, "cacheBreaker": "one"}

    statuses = [http.invoke("Mast.Caom.Filtered", **ask)["status"] for _ in range(2)]
    other = http.invoke("Mast.Caom.Filtered", **ask | {"cacheBreaker": "two"})["status"]

    assert statuses == ["EXECUTING", "COMPLETE"]
    assert other == "EXECUTING"


def test_any_name_has_a_column_config(http):
    def config(name):
        return http(
            "POST",
            "/portal/Mashup/Mashup.asmx/columnsconfig",
            body=f"colConfigId={name}".encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        ).json()

    assert config("Mast.Nobody.Knows") == {}
    assert config("Mast.Caom.Cone")["filters"]["separator"] == ";"
    assert config("Mast.Caom.Cone")["t_min"]["vot.datatype"] == "double"
    assert config("Mast.Jwst.Filtered.Miri")["program"]["vot.datatype"] == "int"


@pytest.mark.parametrize("service", ["Niriss", "Miri", "Fgs", "GuideStar", "Wss"])
def test_a_keyword_service_counts_its_rows(http, service):
    params = {"columns": "COUNT_BIG(*)", "filters": []}

    assert http.invoke(f"Mast.Jwst.Filtered.{service}", params=params)["data"][0]["Column1"] > 0


def test_name_lookup_in_both_formats(http):
    found = http.invoke("Mast.Name.Lookup", params={"input": "M57", "format": "json"})
    asked = {"request": json.dumps({"service": "Mast.Name.Lookup", "params": {"input": "M57"}})}
    xml = http("GET", "/api/v0/invoke", fields=asked).data.decode()

    assert found["resolvedCoordinate"][0]["searchString"] == "m57"
    assert f"<decl>{found['resolvedCoordinate'][0]['decl']}</decl>" in xml
