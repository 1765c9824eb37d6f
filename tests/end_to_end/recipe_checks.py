"""What each recipe promises, looked up in the files that it left: associations as JSON, headers with astropy."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from astropy.io import fits
from astropy.table import Table

from tests.end_to_end.notebook import Notebook, exposure, header, members

CARD = re.compile(r"crds://(\S+)")


def everything_to_start_from(ran: Notebook, folder: str, suffix: str = "uncal") -> set[str]:
    """All that the associations name is there at that stage, whole exposures and MSA files too; what it is named as."""
    raw, kinds = ran.files(folder, f"*_{suffix}.fits"), set()
    for _, association in ran.associations(folder):
        for kind, start in members(association):
            assert f"{start}_{suffix}.fits" in raw, (kind, start)
            kinds.add(kind)
    segments = defaultdict(set)
    for name, path in raw.items():
        head = header(path)
        detector = name.split("_")[-2]
        segments[exposure(name), detector, head.get("EXSEGTOT") or 1].add(head.get("EXSEGNUM") or 1)
        if (shutters := head.get("MSAMETFL") or "N/A") != "N/A":
            assert (path.parent / shutters).is_file()
    assert all(found == set(range(1, total + 1)) for (_, _, total), found in segments.items())
    assert not [name for name in ran.files(folder) if "_gs-" in name]
    return kinds


def recalibrate(ran: Notebook) -> None:
    for folder in ("mrs", "mrs-too"):
        assert everything_to_start_from(ran, folder) >= {"science", "background", "target_acquisition"}
        assert {path.parent.name for path, _ in ran.associations(folder)} == {"asn"}
        assert {path.parent.name for path in ran.files(folder, "*_uncal.fits").values()} == {"uncal"}
    assert {path.parent.parent.name for path in ran.files("mrs", "*_uncal.fits").values()} == {"Obs003", "Obs004"}
    everything_to_start_from(ran, "mos")
    assert [name for name in ran.files("mos") if name.endswith("_msa.fits")]
    assert {path.parent for path in ran.files("mos").values()} == {ran.folder / "mos"}
    crds = ran.folder / "mrs" / "crds"
    client = ran.names["client"]
    client.bundle(ran.names["mrs"], sub_groups="CAL", layout="flat").download(ran.folder / "made")
    for path in ran.files("made", "*_cal.fits").values():
        head = header(path)
        named = [found[1] for key in head if key.startswith("R_") and (found := CARD.match(str(head[key])))]
        assert len(named) > 5
        assert all((crds / "references" / "jwst" / "miri" / name).is_file() for name in named)
        assert (crds / "mappings" / "jwst" / head["CRDS_CTX"]).is_file()


def program(ran: Notebook) -> None:
    found = ran.files("templates", "*_rate.fits")
    products = ran.names["program"].products().rows(where={"productSubGroupDescription": "RATE"})
    assert set(found) == {row["productFilename"] for row in products if "_gs-" not in row["productFilename"]}
    heads = [header(path) for path in found.values()]
    assert {(head["INSTRUME"], int(head["PROGRAM"])) for head in heads} == {("NIRSPEC", 1355)}
    assert {name: path.read_bytes() for name, path in found.items()} == {
        name: path.read_bytes() for name, path in ran.files("templates-too", "*_rate.fits").items()
    }
    assert f"{len(found)} wanted" in ran.printed
    assert f"{len(found)} selected" in ran.printed


def survey(ran: Notebook) -> None:
    for name in ("NGC7496", "SGAS1723", "background-only"):
        everything_to_start_from(ran, f"survey/{name}", "rate")
        for path in ran.files(f"survey/{name}", "*.fits").values():
            with fits.open(path, memmap=False) as opened:
                assert len([hdu.data for hdu in opened]) > 1
            assert re.fullmatch(r"survey/[^/]+/0\d{4}/obsnum\d\d/[^/]+", str(path.relative_to(ran.folder)))
    shared = set(ran.files("survey/background-only", "*_rate.fits"))
    assert shared < set(ran.files("survey/SGAS1723", "*_rate.fits"))
    assert {ran.times_fetched(name) for name in shared} == {1}
    checked = ["sha256sum", "--quiet", "-c", "sha256sums.txt"]
    subprocess.run(checked, cwd=ran.up.data.parent / "shared" / "phangs" / "NGC7496", check=True, timeout=60)
    log, jobs = ran.up.data.parent / "submitted", {box.id for box in ran.names["boxes"].values()}
    until = time.monotonic() + 60
    while len(log.read_text().split()) < len(jobs) and time.monotonic() < until:
        time.sleep(0.1)
    assert {json.loads(Path(line).read_text())["job_id"] for line in log.read_text().split()} == jobs


def fields(ran: Notebook) -> None:
    pool, client = ran.files("uncal", "*_uncal.fits"), ran.names["client"]
    assert {header(path)["INSTRUME"] for path in pool.values()} == {"NIRISS"}
    of_fields = set()
    for name in ran.names["fields"]:
        assert Table.read(ran.folder / f"{name}.ecsv")["obsid"].size
        (listed,) = client.jobs.list(label=name, kind="bundle")
        box = client.bundles.get(listed.id)
        assert (box.counts["fetched"], box.counts["failed"]) == (0, 0)
        of_fields |= {row.productFilename for row in box.manifest() if row.ok}
    assert of_fields == set(pool)
    assert {ran.times_fetched(name) for name in pool} == {1}


def a_night_later(ran: Notebook) -> None:
    """MAST makes the program anew; and the minute is over for which the service keeps what it told of a bundle."""
    import redis

    ran.sandbox("reprocess", program="2107")
    box = ran.names["box"]
    store = redis.Redis(unix_socket_path=str(ran.up.data / "redis" / "redis.sock"))
    store.delete(f"topmast:memo:superseded:{box.id}:{box.revision}")
    store.close()


def monitoring(ran: Notebook) -> None:
    assert {row["_change"] for row in ran.names["new"]} == {"changed"}
    changed, here, fresh = ran.names["changed"], ran.files("ngc7496", "*.fits"), ran.files("new", "*.fits")
    assert {Path(row["path"]).name for row in changed} == set(here) == set(fresh)
    assert f"{len(changed)} of your files were made anew" in ran.printed
    for row in changed:
        now = hashlib.sha256(here[Path(row["path"]).name].read_bytes()).hexdigest()
        assert now == row["new"]["sha256"] != row["old"]["sha256"]
        assert now == hashlib.sha256(fresh[Path(row["path"]).name].read_bytes()).hexdigest()


def segments(ran: Notebook) -> None:
    lacking = {}
    for visit in ("visit1", "visit2"):
        heads = [header(path) for path in ran.files(visit, "*_uncal.fits").values() if "-seg" in path.name]
        (total,) = {head["EXSEGTOT"] for head in heads}
        lacking[visit] = set(range(1, total + 1)) - {head["EXSEGNUM"] for head in heads}
    assert lacking == {"visit1": set(), "visit2": {2}}
    gaps = re.findall(r"missing segment: (\S+)", ran.printed)
    assert gaps == ["jw02113002001_02101_00001-seg002_nis"]
    assert f"{ran.names['torn']}: segment {gaps[0]} is missing" in ran.printed
    assert ran.names["whole"] + ":" not in ran.printed


def coronagraphy(ran: Notebook) -> None:
    assert everything_to_start_from(ran, "hr8799") >= {"science", "psf", "target_acquisition"}
    assert [path for path, found in ran.associations("hr8799") if found["asn_type"] == "coron3"]
    assert set(re.findall(r"^(\S+_uncal\.fits)", ran.printed, re.MULTILINE)) == set(ran.files("hr8799", "*.fits"))
    locked = "jw03557-o003_t003_miri_p750l-slitlessprism"
    client, choice = ran.names["client"], {"start": "uncal", "layout": "flat"}
    assert client.plan(locked, **choice).cost["exclusive"]
    assert client.plan(locked, where={"dataRights": "PUBLIC"}, **choice).counts["selected"] == 0


def rebuild(ran: Notebook) -> None:
    found = ran.files("f444w", "*.fits")
    heads = [header(path) for path in found.values()]
    assert {(head["INSTRUME"], head["FILTER"], head["DETECTOR"]) for head in heads} == {("NIRCAM", "F444W", "NRCBLONG")}
    rate, cal = (
        {name.rpartition("_")[0] for name in found if name.endswith(end)} for end in ("_rate.fits", "_cal.fits")
    )
    assert rate == cal
    assert ran.names["again"].counts["fetched"] == 0
    assert ran.names["again"].counts["cached"] == len(cal)
    assert {ran.times_fetched(name) for name in found} == {1}


def sample(ran: Notebook) -> None:
    found, wanted = ran.files("spectra", "*.fits"), set()
    for name, (ra, dec) in ran.names["sample"].items():
        rows = ran.names["found"][name]
        assert len(rows) == (0 if name == "nothing there" else ran.names["MOST"])
        assert all(max(abs(row["s_ra"] - ra), abs(row["s_dec"] - dec)) < 0.5 / 3600 for row in rows)
        wanted |= {f"{row['obs_id']}_x1d.fits" for row in rows}
    assert set(found) == wanted
    assert {fits.getheader(path, "EXTRACT1D")["EXTNAME"] for path in found.values()} == {"EXTRACT1D"}


def publishing(ran: Notebook) -> None:
    def sums(folder: str) -> dict[str, str]:
        found = ran.files(folder)
        return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in found.items()}

    box = ran.names["box"]
    delivered = {row.productFilename: row.sha256 for row in box.manifest() if row.ok}
    assert delivered
    for folder in ("ring", "ring-aria2"):
        assert {name: sha for name, sha in sums(folder).items() if name in delivered} == delivered
    with zipfile.ZipFile(ran.folder / "ring.zip") as packed:
        packed.extractall(ran.folder / "unpacked")
    assert delivered.items() <= sums("unpacked").items()
    assert {url.rpartition("/")[2] for url in (ran.folder / "urls.txt").read_text().split()} == set(delivered)
    assert "10.17909" in (ran.folder / "citation.txt").read_text()
    for path in ran.folder.glob("*.*"):
        assert ran.up.endpoint["api_key"].encode() not in path.read_bytes()


CHECKS: dict[str, Callable[[Notebook], None]] = {
    "01-recalibrate-one-observation.md": recalibrate,
    "02-whole-program.md": program,
    "03-multi-target-survey.md": survey,
    "04-pure-parallel-fields.md": fields,
    "05-continuous-monitoring.md": monitoring,
    "06-exoplanet-time-series.md": segments,
    "07-coronagraphy.md": coronagraphy,
    "08-archive-rebuild.md": rebuild,
    "09-spectra-of-a-sample.md": sample,
    "10-publish-the-list.md": publishing,
}
MEANWHILE: dict[str, Callable[[Notebook], None]] = {"05-continuous-monitoring.md": a_night_later}
"""What happens between the first and the second block of a page."""
