"""The Primer's basket of M 57: 7,496 rows of one list, what of them is ticked, and what each filter leaves."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.baskets.conftest import M57, Shop
from topmast_service.domain.basket import FACETS
from topmast_service.domain.job import Job

SCIENCE = {"UNCAL": 16, "RATE": 16, "RATEINTS": 16, "CAL": 16, "CRF": 16, "I2D": 17, "CAT": 1}


def values(facets: dict[str, Any], name: str, what: str = "count") -> dict[Any, int]:
    facet = next(f for f in facets["columns"] if f["name"] == name)
    return {value["value"]: value[what] for value in facet["values"]}


def totals(client: FlaskClient, basket_id: str) -> dict[str, int]:
    found: dict[str, int] = client.get(f"/v1/baskets/{basket_id}").json["totals"]
    return found


@pytest.fixture(scope="module")
def listed(shop: Shop) -> Job:
    """The search that put M 57's files into a basket."""
    client = shop.client()
    made = client.post("/v1/baskets", json={"name": "ring nebula"})
    asked = client.post(f"{made.headers['Location']}/items", json={"from": {"observations": [M57]}})
    assert (asked.status_code, asked.headers["Location"]) == (202, f"/v1/jobs/{asked.json['id']}")
    assert totals(client, made.json["id"])["count"] == 0
    done = shop.ran(asked.json["id"])
    assert (done.phase, done.result["notes"]) == ("COMPLETED", ["654 files were put into the basket."])
    return done


def test_the_primers_basket(shop: Shop, listed: Job) -> None:
    client, basket_id = shop.client(), str(listed.request["basket"])
    here = f"/v1/baskets/{basket_id}"
    told = totals(client, basket_id)
    assert told | {"bytes": 0, "ticked_bytes": 0} == {
        "count": 654, "listed": 7496, "ticked": 2, "barred": 0, "bytes": 0, "ticked_bytes": 0,
    }  # fmt: skip
    assert 0 < told["ticked_bytes"] < told["bytes"]
    items = shop.items(basket_id).values()
    rows: Counter[str] = sum((Counter({row["productType"]: row["listed"]}) for row in items), Counter())
    assert rows == {"SCIENCE": 98, "PREVIEW": 82, "INFO": 34, "AUXILIARY": 7282}

    facets = client.get(f"{here}/facets").json
    assert values(facets, "productType") == {"SCIENCE": 98, "PREVIEW": 82, "INFO": 18, "AUXILIARY": 456}
    assert values(facets, "mrp") == values(facets, "ticked") == {True: 2, False: 652}
    groups = values(facets, "productSubGroupDescription")
    assert {name: groups[name] for name in SCIENCE} == SCIENCE
    assert (groups["ASN"], groups["POOL"], groups["GS-FG"]) == (17, 1, 144 * 3)
    assert values(facets, "guide_star") == {True: 455, False: 199}
    assert set(values(facets, "extension")) == {"fits", "json", "csv", "jpg", "ecsv"}
    assert [f["name"] for f in facets["columns"]] == list(FACETS)

    listing = client.get(f"{here}/items?where=ticked:eq:true").json
    assert {row["productFilename"] for row in listing["items"]} == shop.ticked(basket_id)
    assert all(row["mrp"] and row["calib_level"] == 3 for row in listing["items"])

    # The Primer's filter: I2D and UNCAL are 33 of the 98 science files; ASN and POOL are all of INFO.
    where = ["productSubGroupDescription:in:I2D,UNCAL,ASN,POOL"]
    some = client.get(f"{here}/facets", query_string={"where": where}).json
    assert (values(some, "productType")["SCIENCE"], values(some, "productType", "total")["SCIENCE"]) == (33, 98)
    assert values(some, "productType")["INFO"] == values(some, "productType", "total")["INFO"] == 18
    uncal = client.get(f"{here}/items?where=productSubGroupDescription:eq:UNCAL&limit=5").json
    assert (uncal["total"], len(uncal["items"])) == (16, 5)


def test_ticking_at_each_level(shop: Shop, listed: Job) -> None:
    client, basket_id = shop.client(), shop.again(listed, "ticked")
    here = f"/v1/baskets/{basket_id}/items"
    (mission,) = client.get(f"{here}?parent=").json["items"]
    assert (mission["name"], mission["kind"], mission["count"], mission["ticked"]) == ("JWST", "mission", 654, 2)
    everything = client.patch(here, query_string={"where": mission["where"]}, json={"ticked": True}).json
    assert (everything["count"], everything["basket"]["totals"]["ticked"]) == (652, 654)
    assert everything["basket"]["totals"]["ticked_bytes"] == mission["bytes"]

    observations = client.get(f"{here}?parent=JWST&limit=1000").json
    assert (observations["total"], observations["next"]) == (17, None)
    assert sum(node["count"] for node in observations["items"]) == 654
    exposure = next(node for node in observations["items"] if node["name"].startswith("jw01558001001"))
    off = client.patch(here, query_string={"where": exposure["where"]}, json={"ticked": False}).json
    assert (off["count"], off["basket"]["totals"]["ticked"]) == (exposure["count"], 654 - exposure["count"])

    files = client.get(f"{here}?parent={exposure['path']}&limit=3&where=extension:eq:fits").json
    assert [node["kind"] for node in files["items"]] == ["file"] * 3
    chosen = ",".join(str(node["_row"]) for node in files["items"])
    on = client.patch(f"{here}?where=_row:in:{chosen}", json={"ticked": True}).json
    assert on["count"] == 3
    again = client.patch(f"{here}?where=_row:in:{chosen}", json={"ticked": True}).json
    assert (again["count"], again["basket"]["version"]) == (0, on["basket"]["version"])
    (node,) = [n for n in client.get(f"{here}?parent=JWST&limit=1000").json["items"] if n["path"] == exposure["path"]]
    assert (node["ticked"], node["count"]) == (3, exposure["count"])


def test_the_tree_in_pages(shop: Shop, listed: Job) -> None:
    client, basket_id = shop.client(), shop.again(listed, "paged")
    here, found = f"/v1/baskets/{basket_id}/items?parent=JWST&limit=5", []
    page = client.get(here)
    while True:
        found += [node["name"] for node in page.json["items"]]
        if page.json["next"] is None:
            break
        assert page.headers["Link"].endswith('rel="next"')
        page = client.get(f"{here}&cursor={page.json['next']}")
    assert found == sorted(found)
    assert len(set(found)) == len(found) == 17
    other = client.get(f"/v1/baskets/{basket_id}/items?parent=&cursor={client.get(here).json['next']}")
    assert (other.status_code, other.json["code"]) == (400, "cursor_mismatch")
    assert client.get(f"{here}&sort=size").status_code == 422
    inside = client.get(f"/v1/baskets/{basket_id}/items?parent=JWST/{M57}&limit=1000").json
    assert inside["total"] == len(inside["items"]) == len({node["dataURI"] for node in inside["items"]}) > 2
