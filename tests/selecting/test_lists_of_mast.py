"""The scripts and manifests that MAST makes are lists that topmast reads."""

from __future__ import annotations

import io
import urllib.parse
import urllib.request
import zipfile

import pytest

from tests.servers import SandboxProcess
from topmast_service.domain.lists.reading import read

NAMES = (
    "jw01558-o001_t001_miri_f560w_i2d.fits", "jw01558-o001_t001_miri_f560w_cat.ecsv",
    "jw01558001001_02101_00001_mirimage_uncal.fits", "jw01558_20250911t184340_pool.csv",
)  # fmt: skip
URIS = tuple(f"mast:JWST/product/{name}" for name in NAMES)


def made(sandbox: SandboxProcess, kind: str, uris: tuple[str, ...]) -> bytes:
    asked = urllib.parse.urlencode([("uri", uri) for uri in uris]).encode()
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{sandbox.url}/api/v0.1/Download/bundle.{kind}", asked, timeout=30) as answer:
        return bytes(answer.read())


@pytest.mark.parametrize("ask", [URIS, (*URIS, "mast:JWST/product/jw01558001001_02101_00009_mirimage_ramp.fits")])
def test_the_script_and_the_manifest_name_what_was_asked_for(sandbox: SandboxProcess, ask: tuple[str, ...]) -> None:
    script = read(made(sandbox, "sh", ask).decode())
    assert (script.kind, script.uris, script.repeated, script.unread) == ("script", ask, 0, 0)
    with zipfile.ZipFile(io.BytesIO(made(sandbox, "zip", ask))) as archive:
        (page,) = (name for name in archive.namelist() if name.endswith("MANIFEST.HTML"))
        manifest = read(archive.read(page).decode())
    assert (manifest.kind, manifest.uris, manifest.repeated, manifest.unread) == ("manifest_html", ask, 0, 0)
