"""The manifest's files, read back by those they are for: a browser's parser, json, csv and sha256sum."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from topmast._choice import Choice
from topmast_service.api.schemas.bundle import BundleSelection
from topmast_service.domain.manifest import FAILED, OK, WITHHELD, BoxFacts, LeftOut, ManifestRow, totals
from topmast_service.domain.safe_names import safe_path
from topmast_service.staging.durable import digest_of
from topmast_service.staging.manifest_files import PAGES, pages_of, write_manifest

EVIL = "<script>alert('x')</script> & \"quotes\""
FACTS = BoxFacts(
    job_id="b_7xk2",
    revision=1,
    owner="ann",
    label=f"M 57 {EVIL}",
    created="2026-03-01T12:00:00Z",
    expires="2026-03-31T12:00:00Z",
    request={"from": {"search": "s_1"}, "select": {"sub_groups": ["I2D", "ASN"], "mrp": False, "levels": None}},
    counts={"listed": 9, "duplicates": 2, "unique": 7, "selected": 4, "excluded": {"level": 2, "guide_star": 1}},
    version="0.1.0",
    search={"target": "m57 r=1m"},
    notes=["A note <b>of</b> the bundle"],
    citation={"text": "Cite\n\nthis", "acknowledgement": "Thank them", "bibtex": "@misc{topmast_b_7xk2}"},
)
EXCLUDED = [
    LeftOut("mast:JWST/product/gs.fits", "gs.fits", "o", "AUXILIARY", "GS-ACQ1", 1, 7, "excluded:guide_star", 3),
    LeftOut("mast:JWST/product/=b,.fits", '=b,"\n.fits', "o", "SCIENCE", "", None, None, "excluded:level", 1),
]
ROW = ManifestRow(
    dataURI="mast:JWST/product/a_i2d.fits",
    path="JWST/o/a_i2d.fits",
    productFilename="a_i2d.fits",
    obs_id="o",
    description="rectified 2D image",
    productType="SCIENCE",
    productSubGroupDescription="I2D",
    calib_level=3,
    access="public",
    status=OK,
    reason="ok",
    size=5,
    sha256="",
    source="fetched",
)


class Page(HTMLParser):
    """Table cells as a browser sees them, and every tag with an address."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.title = ""
        self._in = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in = tag if tag in {"td", "title"} else self._in
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_endtag(self, tag: str) -> None:
        self._in = "" if tag in {"td", "title"} else self._in

    def handle_data(self, data: str) -> None:
        if self._in == "td":
            self.rows[-1][-1] += data
        if self._in == "title":
            self.title += data


def box(tmp_path: Path) -> tuple[Path, list[ManifestRow]]:
    """Two delivered files, one failed, one withheld, with names as hostile as they come."""
    rows = []
    for name in ("a_i2d.fits", "b 'c'\n.fits"):
        path = tmp_path / safe_path("JWST", "o", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"bytes")
        row = replace(ROW, productFilename=name, path=safe_path("JWST", "o", name), description=EVIL)
        rows.append(replace(row, dataURI=f"mast:JWST/product/{name}", sha256=digest_of(path).sha256))
    lost = replace(ROW, status=FAILED, reason="missing_on_server", path="JWST/o/lost.fits", size=None, source="")
    rows.append(lost)
    rows.append(replace(lost, status=WITHHELD, reason="not_authorized until 2027-03-01", calib_level=None))
    write_manifest(tmp_path, FACTS, rows, EXCLUDED)
    return tmp_path, rows


def sha256sum(folder: Path) -> subprocess.CompletedProcess[str]:
    """What a user runs in the box."""
    command = ["sha256sum", "--check", "--strict", "sha256sums.txt"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_sha256sum_agrees_with_every_file(tmp_path: Path) -> None:
    folder, _ = box(tmp_path)
    assert sha256sum(folder).returncode == 0
    assert sha256sum(folder).stdout.count(": OK") == 2 + 4
    (folder / "JWST/o/a_i2d.fits").write_bytes(b"other")
    assert sha256sum(folder).returncode == 1


def test_json_and_csv_hold_every_row(tmp_path: Path) -> None:
    folder, rows = box(tmp_path)
    record = json.loads((folder / "manifest.json").read_text())
    assert [ManifestRow(**row) for row in record["files"]] == rows
    assert (record["job_id"], record["revision"], record["schema"]) == ("b_7xk2", 1, 1)
    assert record["totals"] == totals(rows)
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [row["dataURI"] for row in table] == [row.dataURI for row in rows]
    assert table[2]["size"] == ""


def test_the_page_shows_every_row_failed_first_and_runs_nothing_foreign(tmp_path: Path) -> None:
    folder, _ = box(tmp_path)
    text = (folder / "MANIFEST.HTML").read_text()
    page = Page()
    page.feed(text)
    shown = [row for row in page.rows if row]
    assert page.title == "Manifest for b_7xk2"
    assert [row[2] for row in shown[:4]] == [
        "FAILEDmissing_on_server",
        "WITHHELDnot_authorized until 2027-03-01",
        "OK",
        "OK",
    ]
    assert shown[2][5] == EVIL
    assert shown[3][0].startswith("b 'c'\\n.fits")
    assert page.tags.count("script") == 1
    assert not [address for address in page.addresses if "//" in address]
    assert "JWST/o/lost.fits" not in page.addresses
    assert "<script>alert" not in text
    assert "img" not in page.tags[: page.tags.index("dialog")]


def test_the_page_says_what_was_asked_noted_and_left_out_and_how_to_cite_it(tmp_path: Path) -> None:
    text = (box(tmp_path)[0] / "MANIFEST.HTML").read_text()
    for needed in (
        "archive@stsci.edu", "sub_groups I2D, ASN, mrp no", "target m57 r=1m", "sha256sum -c sha256sums.txt",
        "2026-03-31 12:00 UTC", "A note &lt;b&gt;of&lt;/b&gt; the bundle", "Thank them", "@misc{topmast_b_7xk2}",
        "topmast 0.1.0", 'asked["from"]["search"]', '"search": "s_1"'.replace('"', "&quot;"), 'href="excluded.csv"',
        "guide_stars=include",
    ):  # fmt: skip
        assert needed in text, needed


def test_the_client_takes_every_member_of_a_selection_as_the_page_passes_it() -> None:
    members = {field.data_key or name for name, field in BundleSelection().fields.items()}
    assert members | {"start", "layout"} <= Choice.__annotations__.keys()


def test_the_sums_on_the_page_add_up(tmp_path: Path) -> None:
    text = (box(tmp_path)[0] / "MANIFEST.HTML").read_text()
    account = text.partition('class="account"')[2].partition("</ul>")[0]
    lines = [
        [int(n.replace(",", "")) for n in re.findall(r"<b>([\d,]+)</b>", line)] for line in account.split("<li>")[1:]
    ]
    assert lines == [[9, 7, 2], [7, 4, 3], [4, 2, 1, 1], [2, 0, 2]]
    assert all(whole == sum(parts) for whole, *parts in lines)


def test_previews_in_the_box_stand_beside_their_products(tmp_path: Path) -> None:
    names = ["a_i2d.fits", "a_i2d.jpg", "a_i2d_thumb.jpg", "b_i2d.fits", "b_i2d.png", "c_i2d.fits", "d #1_x1d.png"]
    rows = [replace(ROW, productFilename=name, path=f"JWST/o/{name}", sha256="0" * 64) for name in names]
    rows.append(replace(ROW, productFilename="c_i2d.jpg", path="JWST/o/c_i2d.jpg", status=FAILED))
    write_manifest(tmp_path, FACTS, rows)
    text = (tmp_path / "MANIFEST.HTML").read_text()
    shown = re.findall(r'class="pic"><a href="([^"]+)" title="([^"]+)"><img loading="lazy"[^>]* src="([^"]+)"', text)
    assert [(name, full[7:], small[7:]) for full, name, small in shown] == [
        ("a_i2d.fits", "a_i2d.jpg", "a_i2d_thumb.jpg"),
        ("a_i2d.jpg", "a_i2d.jpg", "a_i2d_thumb.jpg"),
        ("a_i2d_thumb.jpg", "a_i2d.jpg", "a_i2d_thumb.jpg"),
        ("b_i2d.fits", "b_i2d.png", "b_i2d.png"),
        ("b_i2d.png", "b_i2d.png", "b_i2d.png"),
        ("d #1_x1d.png", "d%20%231_x1d.png", "d%20%231_x1d.png"),
    ]


def test_what_was_left_out_is_a_table_of_its_own(tmp_path: Path) -> None:
    folder, _ = box(tmp_path)
    with (folder / "excluded.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [(row["reason"], row["listed"]) for row in table] == [("excluded:guide_star", "3"), ("excluded:level", "1")]
    assert table[1]["productFilename"] == EXCLUDED[1].productFilename
    assert pages_of(folder) == PAGES == {path.name for path in folder.iterdir() if path.is_file()}


def test_where_nothing_was_left_out_there_is_no_such_table(tmp_path: Path) -> None:
    write_manifest(tmp_path, replace(FACTS, counts={}), [ROW])
    assert {path.name for path in tmp_path.iterdir()} == pages_of(tmp_path) == PAGES - {"excluded.csv"}
    assert "excluded.csv" not in (tmp_path / "MANIFEST.HTML").read_text()


def test_an_empty_box_has_a_manifest_too(tmp_path: Path) -> None:
    write_manifest(tmp_path, replace(FACTS, label=""), [])
    assert json.loads((tmp_path / "manifest.json").read_text())["files"] == []
    assert "no label" in (tmp_path / "MANIFEST.HTML").read_text()


def test_a_generator_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="several times"):
        write_manifest(tmp_path, FACTS, (row for row in [ROW]))
    assert list(tmp_path.iterdir()) == []


def test_lone_surrogates_do_not_stop_a_box(tmp_path: Path) -> None:
    write_manifest(tmp_path, FACTS, [replace(ROW, description="\udcff", status=FAILED)])
    assert r"\udcff" in (tmp_path / "MANIFEST.HTML").read_text()


class ManyRows:
    """As the table of a large bundle is walked: each row made when it is asked for."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[ManifestRow]:
        for number in range(self.count):
            yield replace(ROW, dataURI=f"mast:JWST/product/{number:06d}.fits", sha256="0" * 64)


class ManyLeftOut(ManyRows):
    def __iter__(self) -> Iterator[LeftOut]:
        return (replace(EXCLUDED[0], dataURI=f"mast:JWST/product/{n:06d}.fits") for n in range(self.count))


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    tracemalloc.start()
    write_manifest(tmp_path, FACTS, ManyRows(4000), ManyLeftOut(4000))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "manifest.json").stat().st_size > 1_200_000
    assert most < 1_000_000  # held, the rows alone would take 1.2 MB
