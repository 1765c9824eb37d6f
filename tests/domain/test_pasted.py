"""Lists from elsewhere: every form is read to the same files, nothing is lost silently, and no text does harm."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.staging.test_manifest_files import FACTS, ROW
from topmast_service.domain.lists.gathering import KEPT
from topmast_service.domain.lists.reading import read
from topmast_service.domain.manifest import FAILED, WITHHELD, ManifestRow
from topmast_service.errors import NothingUnderstood
from topmast_service.staging.manifest_files import PAGE, RECORD, SUMS, TABLE, write_manifest

REAL = Path(__file__).parents[3] / "shared" / "data" / "program1073_manifest_first_page.csv"
MAST = "https://mast.stsci.edu/api/v0.1/Download/file"
NAMES = (
    "jw01073001001_02101_00001_nrca1_uncal.fits",
    "jw02733-o001_t001_nircam_clear-f090w_i2d.fits",
    "jw01558-o001_20250911t184340_image3_00001_asn.json",
)
JWST = "mast:JWST/product/"
URIS = tuple(JWST + name for name in NAMES)


def folder(name: str) -> str:
    return name.rpartition("_")[0]


def masts_script(names: tuple[str, ...] = NAMES) -> str:
    """As the Portal makes it: each file in a manifest, twice in a message, as a path and in its address."""
    row = "<tr>\n <td>mast:JWST/product/{0}</td>\n <td>JWST/{1}/{0}</td>\n <td>PUBLIC</td>\n <td>OK</td>\n</tr>\n"
    step = (
        "cat <<EOT\n<<< Downloading File: mast:JWST/product/{0}\n       To: ${{DOWNLOAD_FOLDER}}/JWST/{1}/{0}\nEOT\n\n"
        "curl --globoff --location-trusted -f --progress-bar --create-dirs $CONT --output ./${{DOWNLOAD_FOLDER}}"
        "'/JWST/{1}/{0}' '{2}?bundle_name=MAST_2024-01-02T0304.sh&uri=mast:JWST/product/{0}'\n\n"
    )
    begin = "#!/bin/bash\n#\n# Requires bash version >= 4\ncat >${DOWNLOAD_FOLDER}/MANIFEST.HTML<<EOT\n<table>\n"
    rows = "".join(row.format(name, folder(name)) for name in names)
    return begin + rows + "</table>\nEOT\n" + "".join(step.format(name, folder(name), MAST) for name in names)


def masts_page(names: tuple[str, ...] = NAMES) -> str:
    columns = ("URI", "File", "Access", "Status", "Logged In User")
    head = "".join(f"<td><b>{column}</b></td>" for column in columns)
    rows = "".join(
        f"<tr>\n<td>mast:JWST/product/{n}</td>\n<td>JWST/{folder(n)}/{n}</td><td>PUBLIC</td><td>Not Authorized</td>"
        for n in names
    )
    return f"<!DOCTYPE html>\n<html><body><h3>Total Files: 3</h3>\n<table rules='all'><tr>{head}</tr>{rows}</table>"


def astroquerys_table() -> str:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["Local Path", "Status", "Message", "URL"])
    table.writerows([f"./mastDownload/JWST/{folder(n)}/{n}", "COMPLETE", "None", "None"] for n in NAMES)
    return text.getvalue()


def subscription() -> str:
    events = [
        {
            "event_id": f"09498e44-08b3-4f2e-849a-26330{n:07}", "mission": "JWST", "fileset": folder(name),
            "filename": name, "program": 1558, "event_type": "New", "archived_date": "2026-03-30T17:54:12.7510000",
            "public_release_date": "2026-03-30T17:53:13",
        }
        for n, name in enumerate(NAMES)
    ]  # fmt: skip
    return json.dumps(events, indent=2)


def below(*lines: str) -> str:
    return "\n".join(lines)


def addresses(tail: str = "") -> str:
    return below(*(f"{MAST}?uri={uri.replace(':', '%3A').replace('/', '%2F')}{tail}" for uri in URIS))


FORMS: dict[str, tuple[str, str]] = {
    "names": (below(*NAMES), "names"),
    "names, numbered and quoted, with a comment": (
        below("# my list", *(f'{n}. "{name}",  # good' for n, name in enumerate(NAMES))), "names",
    ),
    "names in one line": (", ".join(NAMES), "names"),
    "names in capitals": (below(*map(str.upper, NAMES)), "names"),
    "paths": (below(*(f"./MAST_2024/JWST/{folder(n)}/{n}" for n in NAMES)), "names"),
    "paths of Windows": (below(*(f"C:\\data\\{n}" for n in NAMES)), "names"),
    "a folder and a name": (below(*(f"{folder(n)}\t{n}\t84 MB" for n in NAMES)), "names"),
    "checksums": (below(*(f"{n:064x}  JWST/{folder(name)}/{name}" for n, name in enumerate(NAMES))), "names"),
    "dataURIs": (below(*URIS), "uris"),
    "dataURIs in small letters": (below(*(uri.replace("JWST/", "jwst/") for uri in URIS)), "uris"),
    "dataURIs and paths": (below(*(f"mast:JWST/product/{n} | JWST/{folder(n)}/{n} | PUBLIC" for n in NAMES)), "uris"),
    "Python's list": (repr(list(URIS)), "uris"),
    "JSON's array": (json.dumps(URIS), "uris"),
    "a request": (json.dumps({"from": {"uris": URIS}, "label": "jw1"}), "uris"),
    "addresses": (addresses(), "urls"),
    "addresses with more": (addresses("&bundle_name=MAST_1.sh"), "urls"),
    "addresses of the mission search": (
        below(*(f"https://mast.stsci.edu/search/jwst/api/v0.1/retrieve_product?product_name=x%2F{n}" for n in NAMES)),
        "urls",
    ),
    "one address of all": ("https://mast.stsci.edu/api/v0.1/Download/bundle.zip?uri=" + "&uri=".join(URIS), "urls"),
    "topmast's addresses": (below(*(f"https://t.example:84/v1/bundles/b_1/files/JWST/x/{n}" for n in NAMES)), "urls"),
    "the cloud's": (below(*(f"s3://stpubdata/jwst/public/jw01558/x/{n}" for n in NAMES)), "urls"),
    "aria2": (
        below(*(f"https://t.example/{n}\n  out=JWST/x/{n}\n  checksum=sha-256=00" for n in NAMES)), "urls",
    ),
    "a script of MAST": (masts_script(), "script"),
    "commands": (below(*(f"curl -O -L {MAST}?bundle_name=x\\&uri={uri}" for uri in URIS)), "script"),
    "a script of ours": (
        below(
            "#!/usr/bin/env bash", "# curl it", "JOB=b_1", "PLACE=https://t.example", "{", "list() {",
            "  cat <<'END'", *(f"00ff\t84\tJ/{n}\thttps://t.example/v1/bundles/b_1/files/J/{n}" for n in NAMES),
            "END", "}", 'main 3 0 "$@"', "}",
        ), "script",
    ),
    "a script that makes its addresses": (
        below("#!/bin/sh", 'get() { curl -f "$BASE?uri=$1"; }', *(f"get {uri}" for uri in URIS)), "script",
    ),
    "a manifest of MAST": (masts_page(), "manifest_html"),
    "a manifest copied from a browser": (
        below("URI\tFile\tAccess", *(f"{uri}\tJWST/x/y\tPUBLIC" for uri in URIS)), "manifest_csv",
    ),
    "a manifest of astroquery": (astroquerys_table(), "manifest_csv"),
    "a table of products": (below("#all", "obs_id;dataURI;size", *(f"a;{uri};1" for uri in URIS)), "manifest_csv"),
    "ECSV": (below("# %ECSV 1.0", "# ---", "dataURI size", *(f"{uri} 1" for uri in URIS)), "manifest_csv"),
    "a subscription": (subscription(), "subscription"),
    "a subscription in its e-mail": (f"Dear user,\n\nnew data:\n{subscription()}\nYours, MAST", "subscription"),
    "a subscription, wrapped": (json.dumps({"events": json.loads(subscription())}), "subscription"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_form_names_the_same_files(form: str, ends: str) -> None:
    text, kind = FORMS[form]
    found = read(text.replace("\n", ends))
    assert (found.kind, found.uris, found.observations) == (kind, URIS, ())
    assert (found.repeated, [(n.line, n.text) for n in found.not_understood if "Dear" not in n.text]) == (0, [])


def test_where_each_file_stood() -> None:
    assert [f.line for f in read("# none\n\n" + below(*URIS)).files] == [3, 4, 5]
    assert [f.line for f in read(subscription()).files] == [6, 16, 26]
    assert [f.line for f in read(masts_page()).files] == [3, 5, 7]
    assert [f.line for f in read(astroquerys_table()).files] == [2, 3, 4]
    assert [f.filename for f in read(below(*URIS)).files] == list(NAMES)


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("ocbc04060_flt.fits", "mast:HST/product/"),
        ("hst_12345_01_acs_wfc_f814w_jclj01_drz.fits", "mast:HST/product/"),
        ("jw01073001001_02101_00001_nrca1_uncal_thumb.jpg", JWST),
        ("jw01558001001_gs-acq1_2022190112233_uncal.fits", JWST),
        ("R2023040504-NRCA3_FP1-1.fits", JWST),
        ("SA_ZADUCMDX-20220701T000000-20220701T030000.csv", "mast:jwstedb/"),
        ("mast:HLSP/jades/hudf/hlsp_jades_jwst_nircam_goods-s_f090w_v2.0_drz.fits", ""),
        ("mast:jwst/Product/anything.fits", "mast:JWST/product/anything.fits"),
        ("mast%3AJWST%2Fproduct%2Fa.fits", "mast:JWST/product/a.fits"),
        ("https://x.example/file?uri=mast:HLSP/a+b/c.fits", "mast:HLSP/a+b/c.fits"),
    ],
)  # fmt: skip
def test_other_names_of_the_archives(text: str, uri: str) -> None:
    assert read(text).uris == (uri + text if uri.endswith("/") else uri or text,)


@pytest.mark.parametrize(
    "text",
    [
        "jw01558-o001_t001_miri_f1000w", "jw01073001001_02101_00001_nrca1", "jw01366004001_04101_00001-seg003_nrs1",
        "jw01558009001_xx101_00001_miri", "jw02733002001_02103_00001_mirimage", "ocbc04060",
        "83209967, 70040000", "obs_id,target_name\njw01558-o001_t001_miri_f1000w,M57",
    ],
)  # fmt: skip
def test_what_has_no_extension_is_an_observation(text: str) -> None:
    found = read(text)
    assert found.files == ()
    assert found.observations == tuple(text.rpartition("\n")[2].replace(",M57", "").split(", "))
    assert found.kind == ("manifest_csv" if "\n" in text else "observations")


def test_observations_and_files_in_one_list() -> None:
    found = read(
        f"{NAMES[0]}\njw01558-o001_t001_miri_f1000w\njw02733-o002_t001_nircam_clear-f090w, {NAMES[1]}\n{URIS[2]}"
    )
    assert (found.kind, found.uris) == ("mixed", URIS)
    assert found.observations == ("jw01558-o001_t001_miri_f1000w", "jw02733-o002_t001_nircam_clear-f090w")


def test_what_is_named_twice_is_told() -> None:
    found = read(below(URIS[0], NAMES[1], NAMES[0], "jw1558", "70040000", "70040000"))
    assert [(r.line, r.name, r.first) for r in found.duplicates] == [(3, URIS[0], 1), (6, "70040000", 5)]
    assert (found.repeated, found.uris, found.observations) == (2, URIS[:2], ("70040000",))
    many = read(below(*([NAMES[0]] * 500)))
    assert (many.repeated, len(many.duplicates)) == (499, KEPT)


def test_a_file_may_be_new_and_public_at_once() -> None:
    events = json.loads(subscription())
    events += [dict(events[0], event_type="Public"), dict(events[1], event_type="New")]
    found = read(json.dumps(events))
    assert [(f.event_types, f.fileset) for f in found.files[:2]] == [
        (("New", "Public"), folder(NAMES[0])), (("New",), folder(NAMES[1])),
    ]  # fmt: skip
    assert found.repeated == 2


def test_an_event_says_of_which_mission_a_strange_name_is() -> None:
    event = {"mission": "HST", "filename": "j8pu0y0_new.fits", "event_type": "First"}
    found = read(json.dumps([event, dict(event, mission="TESS"), dict(event, filename="../x")]))
    assert found.uris == ("mast:HST/product/j8pu0y0_new.fits",)
    assert found.unread == 2


@pytest.mark.parametrize(
    ("text", "reason", "suggestions"),
    [
        ("jw01073001001_2101_00001_nrca1_uncal.fits", "program 1073, observation 1, visit 1, uncal: raw", ()),
        ("jw02733-o001_t001_miri_f560w_cat", "its extension", ("jw02733-o001_t001_miri_f560w_cat.ecsv",)),
        ("jw01558_20250911t184340_pool", "without its extension", ("jw01558_20250911t184340_pool.csv",)),
        ("jw08527002001_02101_00001", "A file set", ()),
        ("jw02736-o007*", "A pattern", ()),
        ("mast:TESS/product/tess2020-s0021_lc.fits", "mast:JWST/", ()),
        ("mast:JWST/product/../../jw1.fits", "No whole dataURI", ()),
        ("jwst_nircam_dark_0123.fits", "CRDS", ()),
        ("hlsp_jades_jwst_f090w_v2.0_drz.fits", "mast:HLSP/", ()),
        ("following", "Neither", ()),
        ("1558", "Neither", ()),
    ],
)  # fmt: skip
def test_what_is_not_understood_says_why(text: str, reason: str, suggestions: tuple[str, ...]) -> None:
    (missed,) = read(f"{NAMES[0]}\n{text}").not_understood
    assert (missed.line, missed.text) == (2, text)
    assert reason in missed.reason
    assert missed.suggestions[:1] == suggestions


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (masts_page().replace("mast:JWST/product/jw02733-", "mast:TESS/product/jw02733-"), 5),
        (masts_script().replace("uri=mast:JWST/product/jw02733-", "uri=mast:TESS/product/jw02733-"), 38),
        (subscription().replace(NAMES[1], "jw9"), 16),
        (below("dataURI", URIS[0], '"mast:x"', URIS[2]), 3),
    ],
)
def test_one_bad_entry_of_a_document_is_told_and_the_others_are_kept(text: str, line: int) -> None:
    found = read(text)
    assert found.uris == (URIS[0], URIS[2])
    assert [missed.line for missed in found.not_understood] == [line]


@pytest.mark.parametrize(
    "text",
    ["", "   \n\n", "Dear all,\nsee you on Monday.", "[]", '{"a": [1, 2]}', "[" * 100_000, "#!/bin/sh\necho hello",
     "<html><table><tr><td>1</td></tr></table>", "dataURI,size\n,1", "1" * 5000],
)  # fmt: skip
def test_nothing_understood_is_an_error_that_shows_what_was_there(text: str) -> None:
    with pytest.raises(NothingUnderstood) as caught:
        read(text)
    assert all(entry["pointer"] == "/from/list" for entry in caught.value.errors)
    if text.strip():
        assert repr(text.strip()[:20])[1:-1] in caught.value.detail


def test_an_address_in_a_script_that_cannot_be_a_file_of_mast_is_told() -> None:
    box = "https://t.example/v1/bundles/b_1/files"
    names = ["HLSP/x/hlsp_jades_f090w_v2.0_drz.fits", "crds/jwst_nircam_dark_0123.fits", f"JWST/x/{NAMES[0]}"]
    more = [f"{MAST}?uri=mast:TESS/product/a.fits", "https://mast.stsci.edu", f"{MAST}?uri=$1"]
    found = read(below("#!/bin/bash", *(f"curl -O '{a}'" for a in (*(f"{box}/{name}" for name in names), *more))))
    assert found.uris == URIS[:1]
    assert [(missed.line, missed.reason[:25]) for missed in found.not_understood] == [
        (2, "High-level products are n"), (3, "A calibration reference f"), (5, "Only dataURIs under mast:"),
    ]  # fmt: skip


def test_what_is_told_is_bounded() -> None:
    found = read(NAMES[0] + "\n" + "jw01073001001_nothing_of_this.fits\n" * 3000)
    assert (found.unread, len(found.not_understood)) == (3000, KEPT)
    with pytest.raises(NothingUnderstood) as caught:
        read("x" * 100_000)
    assert len(str(caught.value.as_record())) < 1000


HOSTILE = "[]{}<>\"'\\,;:/?&=#%\n\r\t \x00\x85\u2028"
PIECES = [
    *NAMES, *URIS, MAST, "<tr>", "<td>", "</table", "<!--", "<!", "curl ", "#!", "dataURI,", "uri=", "%3A", "../",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=20) | st.text(HOSTILE, max_size=20)).map("".join)


@given(TEXTS)
def test_no_text_does_harm(text: str) -> None:
    try:
        found = read(text)
    except NothingUnderstood:
        return
    assert len(set(found.uris)) == len(found.uris)
    for file in found.files:
        assert file.uri.isascii()
        assert file.uri.isprintable()
        assert ".." not in file.uri.split("/")
        assert 1 <= file.line <= len(text) + 1


REPEATED = [
    "<", "<!", "<tr><td>", "<tr a", "[", '{"a":', "a,", "\n", '"', "jw0_", "uri=", "=========&uri", "      x", "https://",
    "\\", "%25", "curl ", "ABCdefGH1 ", "1234567 ",
]  # fmt: skip


@pytest.mark.parametrize("piece", REPEATED)
def test_repeating_anything_ends_soon(piece: str) -> None:
    """In far less than a second; what looks back over the text at every step would not end within the test's time."""
    for begin in ("", "<html><tr><td>", "#!/bin/sh\n", "dataURI,size\n", '["'):
        with suppress(NothingUnderstood):
            read(begin + piece * (100_000 // len(piece)))


def delivered(tmp_path: Path) -> list[ManifestRow]:
    rows = [replace(ROW, dataURI=JWST + n, productFilename=n, path=f"JWST/{folder(n)}/{n}") for n in NAMES]
    rows[0] = replace(rows[0], description='<b>"quoted",\nand more</b>, jw01073001001_02101_00002_nrca1_uncal.fits')
    rows[1] = replace(rows[1], status=FAILED, reason="missing_on_server", size=None)
    rows[2] = replace(rows[2], status=WITHHELD, reason="not_authorized until 2027-03-01")
    write_manifest(tmp_path, FACTS, rows)
    return rows


@pytest.mark.parametrize("name", [PAGE, RECORD, TABLE])
def test_our_own_manifests_are_read_back(name: str, tmp_path: Path) -> None:
    delivered(tmp_path)
    found = read((tmp_path / name).read_text())
    assert found.kind == {PAGE: "manifest_html", RECORD: "manifest_json", TABLE: "manifest_csv"}[name]
    assert sorted(found.uris) == sorted(URIS)
    assert (found.repeated, found.unread) == (0, 0)


def test_our_checksums_name_what_was_delivered(tmp_path: Path) -> None:
    delivered(tmp_path)
    assert read((tmp_path / SUMS).read_text()).uris == URIS[:1]


def test_a_real_manifest() -> None:
    if not REAL.exists():
        pytest.skip("../shared/data is not beside this checkout")
    with REAL.open() as file:
        rows = list(csv.DictReader(file))
    for text in (REAL.read_text(), masts_page(tuple(row["File"].rpartition("/")[2] for row in rows))):
        found = read(text)
        assert found.uris == tuple(row["URI"] for row in rows)
        assert found.unread == 0
