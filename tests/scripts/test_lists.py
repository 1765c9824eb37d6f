"""urls.txt and aria2.txt, with the clients that they are for."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from tests.api.site import Site
from tests.scripts.conftest import Need
from tests.scripts.running import FILES, Box, contents, run
from topmast_service.workflows.control import manifest_table

pytestmark = pytest.mark.clients

BIG = "JWST/jw01558/jw01558_i2d.fits"


def aria2(box: Box) -> str:
    """Run the line that aria2.txt says; what it said."""
    text = box.text("aria2.txt")
    assert box.key not in text
    box.elsewhere.mkdir(exist_ok=True)
    (box.elsewhere / "aria2.txt").write_text(text)
    line = re.findall(r"^# (.*aria2c .*)", text, re.MULTILINE)[0]
    done = run(["bash", "-c", line], box.elsewhere, TOPMAST_API_KEY=box.key)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_aria2_fetches_the_box_and_notices_a_wrong_byte(box: Box, tool: Need) -> None:
    tool("aria2c")
    assert box.key not in aria2(box)
    assert box.fetched == contents(box.here)
    (box.elsewhere / box.id / BIG).write_bytes(b"#" + FILES[BIG][1:])
    aria2(box)
    assert box.fetched == contents(box.here)


def test_wget_and_curl_take_the_addresses(box: Box, tool: Need) -> None:
    tool("wget")
    wanted = sorted(contents(box.here).values())
    wget = (
        "(umask 77; printf 'header = Authorization: Bearer %s\\n' \"$TOPMAST_API_KEY\" >wgetrc); wget --config=wgetrc"
        " -nv --force-directories --no-host-directories --cut-dirs=4 --directory-prefix=wget --input-file=urls.txt"
    )
    curl = (
        """awk '{ print "url = \\"" $0 "\\"\\noutput = \\"curl/" NR "\\"" }' urls.txt |"""
        """ curl -fsSg --create-dirs -K - -H @<(printf 'Authorization: Bearer %s' "$TOPMAST_API_KEY")"""
    )
    box.elsewhere.mkdir()
    (box.elsewhere / "urls.txt").write_text(box.text("urls.txt"))
    for name, line in {"wget": wget, "curl": curl}.items():
        done = run(["bash", "-c", line], box.elsewhere, TOPMAST_API_KEY=box.key)
        assert done.returncode == 0, done.stderr
        assert sorted(contents(box.elsewhere / name).values()) == wanted


def test_a_reference_file_comes_from_crds(box: Box, site: Site) -> None:
    """Those lists that ask MAST ask CRDS for it, and nobody else; what becomes of a token, test_from_mast tells."""
    rows = Path(manifest_table(site.settings.tables.absolute(), box.id, 1))
    with sqlite3.connect(rows) as table:
        table.execute("UPDATE rows SET dataURI = 'crds://jwst_miri_flat_0001.fits' WHERE _row = 1")
        table.execute("UPDATE rows SET dataURI = 'crds://jwst_1413.pmap' WHERE _row = 2")
    crds = f"{site.settings.crds_url}/unchecked_get"
    for name in ("urls.txt", "aria2.txt", "script.sh"):
        lines = {line.rpartition("\t")[2] for line in box.text(name, "mast").splitlines()}
        assert {f"{crds}/references/jwst/jwst_miri_flat_0001.fits", f"{crds}/mappings/jwst/jwst_1413.pmap"} <= lines
        assert len([line for line in lines if line.startswith(site.settings.mast_url)]) == len(FILES) - 2
        assert site.settings.crds_url not in box.text(name)
    assert f"main {len(FILES)} 0 " in box.text("script.sh", "mast")
    assert f"main {len(FILES) + 4} 0 " in box.text("script.sh")
