"""A staged box fetched by bash, here and from MAST, and opened by somebody who has a link and no key."""

from __future__ import annotations

import json
import shutil
import urllib.request
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Live
from tests.scripts.running import contents, run

pytestmark = pytest.mark.clients

OBS_ID = "jw02733-o001_t001_nircam_clear-f090w"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_script_link_and_one_call(live: Live, tmp_path: Path) -> None:
    bundle = live.client.bundle([OBS_ID]).wait(timeout=60, progress=False)
    bundle.download(tmp_path / "sdk", progress=False)
    box = contents(tmp_path / "sdk")
    for source, environment in (("topmast", {"TOPMAST_API_KEY": str(live.up.endpoint["api_key"])}), ("mast", {})):
        folder = tmp_path / source
        folder.mkdir()
        bundle.script(folder / "script.sh", source=source)
        done = run(["bash", "script.sh", "-d", "box"], folder, **environment)
        assert done.returncode == 0, done.stderr
        wanted = box if source == "topmast" else {path: data for path, data in box.items() if "/" in path}
        assert contents(folder / "box") == wanted

    top = opened(bundle.link())
    assert {entry["name"] for entry in top["items"]} >= {"JWST", "MANIFEST.HTML"}
    name = next(path for path in box if path.endswith("_00_i2d.fits"))
    with urllib.request.urlopen(bundle.link(name), timeout=10) as answer:
        assert answer.read() == box[name]


def opened(url: str) -> dict[str, list[dict[str, str]]]:
    """The folder behind a link."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return dict(json.load(answer))
