"""The Primer's walk-throughs from the basket to the box: choose, stage, fetch in every way, read what came of it.

One running service with the sandbox's own catalogue, and the SDK as its user; rooms have their own, finer tests.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from astropy.io import fits

import topmast
from tests.end_to_end.conftest import Live
from tests.end_to_end.cutting import cutting
from tests.end_to_end.mails import WITHIN, commands, mails_about, text_of
from tests.live import start_up
from tests.scripts.running import contents, run

pytestmark = pytest.mark.clients

M57 = "jw01558-o001_t001_miri_f1000w"
FILTER = ["I2D", "UNCAL", "ASN", "POOL"]
OWN = {"MANIFEST.HTML", "manifest.json", "manifest.csv", "excluded.csv", "sha256sums.txt"}
GAPS, LOST = "jw01837-o001_t001_nircam_clear-f200w", "jw01837001001_02101_00003_nrcb1_cal.fits"
EXCLUSIVE = "jw05191-o005_t001_miri_f1280w"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    up = start_up(tmp_path_factory.mktemp("primer") / "data", "--sandbox", "--scale", "0.004")
    with topmast.Client(up.endpoint["url"], up.endpoint["api_key"]) as client:
        yield Live(up, client)
    assert up.stop() == 0


@pytest.fixture(scope="module")
def planned(live: Live) -> topmast.Plan:
    """The Primer's filter in one call."""
    return live.client.plan([M57], types=["SCIENCE", "INFO"], sub_groups=FILTER, timeout=WITHIN)


@pytest.fixture(scope="module")
def staged(planned: topmast.Plan) -> topmast.Bundle:
    return planned.bundle(notify=["alice@example.org"], label="ring").wait(timeout=WITHIN)


@pytest.fixture(scope="module")
def box(staged: topmast.Bundle, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The staged files by their paths, as the SDK fetches them."""
    folder = tmp_path_factory.mktemp("box")
    staged.download(folder, progress=False)
    return contents(folder)


def need(*tools: str) -> None:
    if missing := [tool for tool in tools if shutil.which(tool) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")


def names(paths: Any) -> set[str]:
    """The files' names, without the box's own."""
    return {path.rpartition("/")[2] for path in paths} - OWN


def shown(facets: dict[str, Any], what: str = "count") -> dict[str, dict[Any, int]]:
    """What facets count, by column and value."""
    return {f["name"]: {v["value"]: v[what] for v in f["values"] or ()} for f in facets["columns"]}


def check_sums(files: dict[str, bytes]) -> None:
    """Every file but the list itself is in ``sha256sums.txt``, and right."""
    sums = dict(reversed(line.split("  ", 1)) for line in files["sha256sums.txt"].decode().splitlines())
    got = {path: hashlib.sha256(data).hexdigest() for path, data in files.items() if path != "sha256sums.txt"}
    assert got == sums


def test_the_basket_of_m57_filtered_ticked_and_delivered(live: Live) -> None:
    basket = live.client.baskets.create("ring nebula").add([M57], progress=False)
    assert (basket.totals.listed, basket.totals.count, basket.totals.ticked) == (7496, 654, 2)
    (mission,) = basket.tree()
    assert (mission["name"], mission["count"], mission["bytes"]) == ("JWST", 654, basket.totals.bytes)
    assert sum(node["count"] for node in basket.tree("JWST")) == 654
    listed = sum((Counter({row["productType"]: row["listed"]}) for row in basket.items()), Counter[str]())
    assert listed == {"SCIENCE": 98, "PREVIEW": 82, "INFO": 34, "AUXILIARY": 7282}
    facets = basket.facets()
    assert shown(facets)["mrp"] == shown(facets)["ticked"] == {True: 2, False: 652}

    where = {"productSubGroupDescription": FILTER}
    filtered = basket.facets(["productType"], where=where)
    assert (shown(filtered)["productType"]["SCIENCE"], shown(filtered, "total")["productType"]["SCIENCE"]) == (33, 98)
    rows = list(basket.items(where=where))
    assert sum(row["listed"] for row in rows if row["productType"] == "INFO") == 34

    uncal = {row["dataURI"] for row in basket.items(where={"productSubGroupDescription": "UNCAL"})}
    assert len(uncal) == 16
    basket.untick().tick(where={"productSubGroupDescription": "UNCAL"})
    assert {row["dataURI"] for row in basket.items(where={"ticked": True})} == uncal
    job = live.client.bundle(basket, remove_completed=True, notify=[]).wait(timeout=WITHIN)
    assert {row.dataURI for row in job.manifest() if row.ok} == uncal
    assert (basket.refresh().totals.count, basket.totals.ticked) == (654 - 16, 0)
    assert not uncal & {row["dataURI"] for row in basket.items()}


def test_other_missions_around_m57_stay_in_the_basket_and_say_why_not(live: Live) -> None:
    found = live.client.search("m57 r=3m", timeout=WITHIN)
    others = sorted({row["obs_collection"] for row in found.rows()} - {"JWST"})
    basket = live.client.baskets.create("around").add([M57], progress=False)
    basket.add(found, where={"obs_collection": others}, progress=False)
    assert basket.missions.keys() == {"JWST", *others}
    barred = {name for name, totals in basket.missions.items() if totals.barred}
    assert {"GALEX", "PS1"} <= barred
    assert not {"JWST", "HST"} & barred
    basket.tick()
    assert basket.totals.ticked == basket.totals.count - basket.totals.barred > 0
    for row in basket.items():
        assert (bool(row["why_not"]), row["ticked"]) == (row["obs_collection"] in barred, not row["why_not"]), row


def test_the_same_by_filters_in_one_call(live: Live, planned: topmast.Plan, staged: topmast.Bundle) -> None:
    counts, cost = planned.counts, planned.cost
    assert (counts["listed"], counts["duplicates"], counts["unique"], counts["selected"]) == (7496, 6842, 654, 51)
    rows = list(planned.products(where={"excluded": None}))
    assert Counter(row["productType"] for row in rows) == {"SCIENCE": 33, "INFO": 18}
    assert sum(row["listed"] for row in rows if row["productType"] == "INFO") == 34
    assert sum(row["size"] for row in rows) == planned.bytes["total"]
    assert cost["cached"]["files"] + cost["to_fetch"]["files"] == 51
    assert cost["cached"]["bytes"] + cost["to_fetch"]["bytes"] == planned.bytes["total"]
    assert (staged.outcome, staged.counts["ok"], staged.bytes["total"]) == ("complete", 51, planned.bytes["total"])
    assert {row.dataURI for row in staged.manifest()} == {row["dataURI"] for row in rows}
    again = live.client.plan([M57], sub_groups=FILTER, timeout=WITHIN)
    assert (again.cost["cached"]["files"], again.cost["to_fetch"]) == (51, {"files": 0, "bytes": 0})


def test_a_zip_opens_everywhere(staged: topmast.Bundle, box: dict[str, bytes], tmp_path: Path) -> None:
    need("unzip", "zipinfo")
    archive = staged.archive(tmp_path / "m57.zip", progress=False)
    assert "No errors detected" in subprocess.check_output(["unzip", "-t", archive], text=True)
    listed = subprocess.check_output(["zipinfo", "-1", archive], text=True).splitlines()
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == listed
        found = {name.removeprefix(f"{staged.id}/"): opened.read(name) for name in listed}
    assert found == box
    check_sums(found)


def test_a_tar_opens_everywhere(staged: topmast.Bundle, box: dict[str, bytes], tmp_path: Path) -> None:
    need("tar")
    archive = staged.archive(tmp_path / "m57.tar", progress=False)
    listed = subprocess.check_output(["tar", "-tf", archive], text=True).splitlines()
    with tarfile.open(archive, "r:") as opened:
        assert opened.getnames() == listed
        opened.extractall(tmp_path, filter="data")
    assert contents(tmp_path / staged.id) == box
    check_sums(box)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_cut_on_its_way_is_the_identical_file(
    live: Live, staged: topmast.Bundle, tmp_path: Path, kind: str
) -> None:
    whole = staged.archive(tmp_path / f"whole.{kind}", progress=False).read_bytes()
    patience = topmast.RetryPolicy(base=0.01)
    with (
        cutting(live.client.url, [5000, 17, 70_001, 1, len(whole) // 2, 300]) as network,
        topmast.Client(network.url, live.up.endpoint["api_key"], retry=patience) as client,
    ):
        archive = client.bundles.get(staged.id).archive(tmp_path / f"cut.{kind}", progress=False)
        assert network.cuts == []
        assert network.passed < len(whole) * 1.1  # what was there was not fetched again
    assert archive.read_bytes() == whole
    assert {path.name for path in tmp_path.iterdir()} == {f"whole.{kind}", f"cut.{kind}"}


@pytest.mark.parametrize("source", ["topmast", "mast"])
def test_the_script_brings_the_same_box_and_nothing_twice(
    live: Live, staged: topmast.Bundle, box: dict[str, bytes], tmp_path: Path, source: str
) -> None:
    need("bash", "curl")
    key = str(live.up.endpoint["api_key"])
    assert key not in staged.script(tmp_path / "get.sh", source=source)
    wanted = box if source == "topmast" else {path: data for path, data in box.items() if path not in OWN}
    environment = {"TOPMAST_API_KEY": key} if source == "topmast" else {}
    for told in (f"{len(wanted)} fetched, 0 kept", f"0 fetched, {len(wanted)} kept"):
        done = run(["bash", "get.sh"], tmp_path, **environment)
        assert (done.returncode, told in done.stdout) == (0, True), done.stdout + done.stderr
        assert contents(tmp_path / staged.id) == wanted
        assert key not in done.stdout + done.stderr


@pytest.mark.parametrize("client", ["lftp", "wget", "curl"])
def test_batch_staging_is_told_and_fetched_by_the_lines_of_the_mail(
    live: Live, staged: topmast.Bundle, box: dict[str, bytes], tmp_path: Path, client: str
) -> None:
    need("bash", client)
    accepted, ready = mails_about(live, staged.id, 2)
    assert ("is accepted" in accepted["Subject"], "is ready: 51 files" in ready["Subject"]) == (True, True)
    assert accepted["To"] == ready["To"] == "alice@example.org"
    lines, key = commands(text_of(ready)), str(live.up.endpoint["api_key"])
    done = run(["bash", "-c", lines[f"{client}, over FTPS"]], tmp_path, TOPMAST_API_KEY=key)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / staged.id) == box
    assert run(["bash", "-c", lines["How to check what arrived"]], tmp_path).returncode == 0


def test_references_are_those_that_the_headers_name(live: Live, tmp_path: Path) -> None:
    job = live.client.bundle([M57], sub_groups=["CAL"], references=True, notify=[]).wait(timeout=WITHIN)
    job.download(tmp_path, progress=False)
    headers = [fits.getheader(path) for path in (tmp_path / "JWST").rglob("*_cal.fits")]
    assert len(headers) == 16
    cards = [card for header in headers for card in header.items()]
    named = {text.removeprefix("crds://") for card, text in cards if card.startswith("R_") and text != "N/A"}
    references = tmp_path / "crds" / "references" / "jwst"
    assert len(named) > 10
    assert {str(path.relative_to(references)) for path in references.rglob("*.*")} == {f"miri/{n}" for n in named}
    mappings = {path.name for path in (tmp_path / "crds" / "mappings" / "jwst").iterdir()}
    assert {header["CRDS_CTX"] for header in headers} == {name for name in mappings if name.endswith(".pmap")}
    types = {name.split("_")[2] for name in named}
    led_to = {name.split("_")[2] for name in mappings if name.endswith(".rmap")}
    assert types <= led_to
    assert {kind.startswith("pars-") for kind in led_to - types} == {True}
    (note,) = [note for note in job.raw["bundle"]["notes"] if "no keyword names them" in note]
    assert all(kind in note for kind in led_to - types)


@pytest.fixture(scope="module")
def partial(live: Live) -> topmast.Bundle:
    """What a run from CAL files on needs, some of which is lost and some exclusive."""
    return live.client.bundle([GAPS, EXCLUSIVE], start="cal", notify=[]).wait(timeout=WITHIN)


def test_a_manifest_tells_which_files_could_not_be_had_and_why(
    live: Live, partial: topmast.Bundle, tmp_path: Path
) -> None:
    assert partial.outcome == "partial"
    partial.download(tmp_path, progress=False)
    record = json.loads((tmp_path / "manifest.json").read_text())
    with urllib.request.urlopen(f"{live.client.url}{record['$schema']}", timeout=10) as answer:
        schema = jsonschema_rs.Draft202012Validator(json.load(answer), validate_formats=True)
    assert [str(error) for error in schema.iter_errors(record)] == []

    files = {row["productFilename"]: row for row in record["files"]}
    assert (files[LOST]["status"], files[LOST]["reason"]) == ("FAILED", "missing_on_server")
    withheld = {name: row["reason"] for name, row in files.items() if row["status"] == "WITHHELD"}
    assert withheld
    assert all(name.startswith("jw05191") for name in withheld)
    (release,) = live.client.search(obs_id=EXCLUSIVE, timeout=WITHIN).rows()
    assert set(withheld.values()) == {f"not_authorized until {release['release'][:10]}"}

    counts, totals = record["counts"], record["totals"]
    assert counts["listed"] == counts["unique"] + counts["duplicates"]
    assert counts["unique"] == counts["selected"] + sum(counts["excluded"].values())
    assert counts["selected"] == totals["requested"] == len(files) == totals["ok"] + totals["failed"]
    assert (totals["failed"], totals["withheld"]) == (len(withheld) + 1, len(withheld))
    assert totals["bytes"] == sum(row["size"] for row in files.values() if row["status"] == "OK")

    table, left_out = (rows_of(tmp_path / name) for name in ("manifest.csv", "excluded.csv"))
    assert {row["productFilename"]: row["reason"] for row in table} == {n: r["reason"] for n, r in files.items()}
    reasons = Counter(row["reason"] for row in left_out)
    assert {f"excluded:{why}": count for why, count in counts["excluded"].items()} == reasons
    page = (tmp_path / "MANIFEST.HTML").read_text()
    assert all(text in page for text in (LOST, "missing_on_server", *withheld, *withheld.values()))
    explained = dict(re.findall(r"<dd><code>(\w+)</code> (.*)", page))
    assert (explained.keys(), all(explained.values())) == (counts["excluded"].keys(), True), explained
    assert names(contents(tmp_path)) == {name for name, row in files.items() if row["status"] == "OK"}


def test_the_python_on_the_page_makes_the_same_box_again(live: Live, partial: topmast.Bundle, tmp_path: Path) -> None:
    partial.download(tmp_path, progress=False)
    page = (tmp_path / "MANIFEST.HTML").read_text()
    code = next(text for text in re.findall("<pre>(.*?)</pre>", page, re.DOTALL) if "import json, topmast" in text)
    place = {"TOPMAST_URL": live.client.url, "TOPMAST_API_KEY": str(live.up.endpoint["api_key"])}
    done = run([sys.executable, "-c", unescape(code)], tmp_path, PYTHONPATH=os.pathsep.join(sys.path), **place)
    assert done.returncode == 0, done.stderr
    again, own = contents(tmp_path / f"{partial.id}-again"), tmp_path / "JWST"
    assert {path: data for path, data in again.items() if path not in OWN} == {
        f"JWST/{path}": data for path, data in contents(own).items()
    }


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_observations_recommended_products_in_one_call(live: Live, tmp_path: Path) -> None:
    with zipfile.ZipFile(live.client.mrp(M57, tmp_path / "mrp.zip", timeout=WITHIN, progress=False)) as opened:
        assert opened.testzip() is None
        found = names(opened.namelist())
    basket = live.client.baskets.create("recommended").add([M57], progress=False)
    assert found == {row["productFilename"] for row in basket.items(where={"mrp": True})}
    assert len(found) == 2


def test_the_highest_level_with_all_parents_is_what_the_associations_name(live: Live, tmp_path: Path) -> None:
    job = live.client.bundle([M57], parents=True, notify=[]).wait(timeout=WITHIN)
    job.download(tmp_path, progress=False)
    files = {name: path for path in tmp_path.rglob("*") if (name := path.name) and path.is_file()}
    read = [json.loads(path.read_text()) for name, path in files.items() if name.endswith("_asn.json")]
    assert Counter(association["asn_type"] for association in read) == {"image2": 16, "image3": 1}
    members = {m["expname"] for association in read for product in association["products"] for m in product["members"]}
    assert members <= files.keys()
    assert {name.replace("_cal.", "_uncal.") for name in members if name.endswith("_cal.fits")} <= files.keys()
    assert f"{M57}_i2d.fits" in files
    assert read[0]["asn_pool"] in " ".join(files)
