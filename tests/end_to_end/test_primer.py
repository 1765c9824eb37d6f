"""What the MAST Primer for JWST shows, and every collection of the Portal's pull-down, over HTTP and through workers.

One running service with the sandbox's own catalogue; rooms have their own, finer tests.
"""

from __future__ import annotations

import io
import json
import time
import urllib.error
import urllib.request
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Any

import pytest
from astropy.io.votable import parse_single_table
from astropy.table import Table

from tests.live import Up, start_up

ALICES_TOKEN = "a11ce0000000000000000000000a11ce"
WITHIN = 60.0


@dataclass(frozen=True)
class Service:
    """A running topmast, as any HTTP client sees it."""

    up: Up

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes, Message]:
        """One request; redirects are followed."""
        data = None if body is None else json.dumps(body).encode()
        given = {
            "Authorization": f"Bearer {self.up.endpoint['api_key']}",
            "Content-Type": "application/json",
            **headers,
        }
        request = urllib.request.Request(f"{self.up.endpoint['url']}{path}", data, given, method=method)
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers

    def get(self, path: str) -> Any:
        """A document, once it is there."""
        until = time.monotonic() + WITHIN
        while (answer := self.ask("GET", path))[0] == 409 and time.monotonic() < until:
            time.sleep(0.3)
        assert answer[0] in {200, 202}, answer[1]
        return json.loads(answer[1])

    def search(self, **body: Any) -> dict[str, Any]:
        """A finished search's document."""
        status, text, _ = self.ask("POST", "/v1/searches", body, Prefer="wait=30")
        found: dict[str, Any] = json.loads(text)
        assert status == 200, found
        assert found["phase"] == "COMPLETED", found
        return found

    def rows(self, search: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
        """Its rows, at most a thousand."""
        items: list[dict[str, Any]] = self.get(f"/v1/searches/{search['id']}/rows?limit=1000{query}")["items"]
        return items


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    up = start_up(tmp_path_factory.mktemp("primer") / "data", "--sandbox", "--scale", "0.004")
    yield Service(up)
    assert up.stop() == 0


def test_the_advanced_search_with_three_criteria(service: Service) -> None:
    criteria = {"obs_collection": "JWST", "instrument_name": "MIRI*", "target_name": "NGC6720*"}
    rows = service.rows(service.search(criteria=criteria))
    assert rows
    assert all(r["instrument_name"].startswith("MIRI/") and r["target_name"].startswith("NGC6720") for r in rows)
    assert {r["obs_collection"] for r in rows} == {"JWST"}


def test_a_program_with_every_spelling_of_vv_191(service: Service) -> None:
    (program,) = service.rows(service.search(collection="programs", criteria={"program": "01176"}))
    assert (program["program"], program["obs_collection"]) == ("1176", "JWST")
    assert "VV-191 (VV 191, VV191)" in program["targets"].split("; ")


def test_the_log_of_a_program_as_table_and_as_page(service: Service) -> None:
    log = service.search(collection="programs", criteria={"program": "1558"}, expand="exposures")
    rows = service.rows(log)
    assert [r["date"] for r in rows] == sorted(r["date"] for r in rows)
    assert {"exposure", "visit", "mode", "filter", "exposure_time", "level", "access"} <= rows[0].keys()
    status, page, headers = service.ask("GET", f"/v1/searches/{log['id']}/rows?format=html")
    assert (status, headers.get_content_type()) == (200, "text/html")
    assert rows[0]["exposure"].encode() in page


def test_time_series_of_com_and_ers_then_their_level_three_then_whole_observations(service: Service) -> None:
    criteria = {"instrument": ["nircam", "nirspec"], "category": ["COM", "ERS"], "tsovisit": True}
    series = service.search(collection="instrument_keywords", criteria=criteria)
    rows = service.rows(series)
    assert {r["category"] for r in rows} <= {"COM", "ERS"}
    assert {r["instrument"] for r in rows} == {"nircam", "nirspec"}
    combined = service.rows(series, "&where=productLevel:eq:3")
    assert combined
    assert len(combined) < len(rows)
    whole = service.search(collection="instrument_keywords", criteria=criteria, expand="observations")
    assert {r["proposal_id"] for r in service.rows(whole)} == {str(r["program"]) for r in rows}


def test_m57_counted_by_mission_instrument_and_level(service: Service) -> None:
    search = service.search(target="m57 r=3m")
    assert search["search"]["resolved"]["resolver"]
    facets = service.get(f"/v1/searches/{search['id']}/facets?columns=obs_collection,instrument_name,calib_level")
    rows = service.rows(search)
    for facet in facets["columns"]:
        counted = {v["value"]: v["count"] for v in facet["values"]}
        assert counted == Counter(r[facet["name"]] for r in rows), facet["name"]
    assert {"JWST", "HST", "GALEX"} <= {v["value"] for v in facets["columns"][0]["values"]}


def test_the_same_rows_in_every_format(service: Service) -> None:
    search = service.search(target="m57 r=3m")
    path, rows = f"/v1/searches/{search['id']}/rows?format=", service.rows(search)
    _, text, _ = service.ask("GET", f"{path}ecsv")
    ecsv = Table.read(text.decode(), format="ascii.ecsv")
    assert [str(o) for o in ecsv["obs_id"]] == [r["obs_id"] for r in rows]
    assert str(ecsv["s_ra"].unit) == "deg"
    _, votable, _ = service.ask("GET", f"{path}votable")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = parse_single_table(io.BytesIO(votable))
    assert [str(o) for o in table.array["obs_id"]] == [r["obs_id"] for r in rows]
    assert table.get_field_by_id_or_name("s_ra").ucd == "pos.eq.ra;meta.main"


def test_where_it_lies_drawn_by_a_worker(service: Service) -> None:
    search = service.search(target="m57 r=3m")
    sky = service.get(f"/v1/searches/{search['id']}/sky")
    assert any(item["shapes"] for item in sky["items"])
    until = time.monotonic() + WITHIN
    while (picture := service.ask("GET", f"/v1/searches/{search['id']}/sky?format=png"))[0] == 409:
        assert time.monotonic() < until
        time.sleep(0.5)
    assert picture[1].startswith(b"\x89PNG")


def test_the_products_of_chosen_rows(service: Service) -> None:
    search = service.search(criteria={"proposal_id": "1558", "instrument_name": "MIRI/IMAGE", "filters": "F1000W"})
    status, text, _ = service.ask("GET", f"/v1/searches/{search['id']}/products?where=calib_level:eq:3")
    products = json.loads(text)
    assert status in {200, 202}, products
    found = service.get(f"/v1/searches/{products['id']}/rows?limit=1000")
    names = [row["dataURI"] for row in found["items"]]
    assert names
    assert len(names) == len(set(names))


def test_wavefront_by_date(service: Service) -> None:
    search = service.search(collection="wavefront", criteria={"date_obs": {"min": "2022-07-01"}})
    rows = service.rows(search)
    assert rows
    assert all(r["date_obs"] >= "2022-07-01" and r["dataURI"].startswith("mast:JWST/product/") for r in rows)


def test_telemetry_waits_for_the_users_token_and_then_goes_on(service: Service) -> None:
    hour = {"min": "2022-07-01T00:00:00Z", "max": "2022-07-01T00:01:00Z"}
    body = {"collection": "engineering", "criteria": {"mnemonic": "SA_ZADUCMDX", "time": hour}}
    job = json.loads(service.ask("POST", "/v1/searches", body)[1])
    until = time.monotonic() + WITHIN
    while (waiting := service.get(f"/v1/jobs/{job['id']}"))["phase"] != "HELD":
        assert time.monotonic() < until, waiting
        time.sleep(0.2)
    assert service.ask("PUT", "/v1/me/mast-token", {"token": ALICES_TOKEN})[0] == 204
    while (done := service.get(f"/v1/searches/{job['id']}"))["phase"] != "COMPLETED":
        assert time.monotonic() < until, done
        time.sleep(0.3)
    brackets = Counter(r["bracket"] for r in service.rows(done, "&where=bracket:null:false"))
    assert brackets == {"before": 1, "after": 1}
    assert ALICES_TOKEN not in json.dumps(service.get("/v1/me/mast-token"))


def test_a_doi_and_a_citation(service: Service) -> None:
    (doi,) = service.rows(service.search(collection="dois", criteria={"doi": "https://doi.org/10.17909/sandbox-1558"}))
    assert doi["citation"].startswith("Wesson, Roger (2022).")
    search = service.search(criteria={"proposal_id": "1558", "calib_level": 3})
    _, ids, _ = service.ask("GET", f"/v1/jobs/{search['id']}/citation?format=ids")
    assert {r["obs_id"] for r in service.rows(search)} == set(ids.decode().split())


def test_names_keywords_and_forms_are_explained(service: Service) -> None:
    name = service.get("/v1/filenames/jw02733-o001_t001_nircam_clear-f090w_i2d.fits")
    assert (name["program"], name["suffix"], name["level"]) == ("2733", "i2d", 3)
    assert service.get("/v1/keywords?q=exposure%20type")["items"][0]["name"] == "exp_type"
    forms = {item["name"] for item in service.get("/v1/collections")["items"]}
    assert {"observations", "programs", "instrument_keywords", "wavefront", "engineering", "dois", "keywords"} <= forms
