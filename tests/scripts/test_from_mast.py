"""The same script straight from MAST (the sandbox); topmast is not asked for a byte."""

from __future__ import annotations

import sqlite3
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.api.site import Site
from tests.scripts.conftest import Need
from tests.scripts.running import Box
from tests.sdk.scripted import Answer, serving
from tests.servers import SandboxProcess, start_sandbox
from tests.workflows.conftest import PRODUCTS, write_catalogue
from topmast_service.api.app import create_app
from topmast_service.archive.addresses import file_url
from topmast_service.workflows.control import manifest_table

pytestmark = pytest.mark.clients

PUBLIC = [row for row in PRODUCTS if row["parent_obsid"] in (1, 2)]
EXCLUSIVE = [row for row in PRODUCTS if row["parent_obsid"] == 3]


@pytest.fixture
def sandbox(tmp_path: Path, tool: Need) -> Iterator[SandboxProcess]:
    tool("curl")
    process = start_sandbox(tmp_path, "--catalog", str(write_catalogue(tmp_path / "catalogue")))
    yield process
    process.stop()


@dataclass
class FromMast(Box):
    """A box made of MAST's files; its script asks MAST only."""

    site: Site
    mast_url: str
    products: dict[str, bytes]
    crds_url: str = "https://crds.example.org"

    def text(self, name: str, source: str = "mast") -> str:
        """As the service writes it whose MAST is the sandbox."""
        stores = self.site.api.stores
        settings = replace(stores.settings, mast_url=f"{self.mast_url}/", crds_url=self.crds_url)
        client = create_app(replace(self.site.api, stores=replace(stores, settings=settings))).test_client()
        headers = {"Authorization": f"Bearer {self.key}"}
        return client.get(f"/v1/bundles/{self.id}/{name}?source={source}", headers=headers).text


@dataclass
class Mast:
    """The sandbox and a token that opens everything."""

    sandbox: SandboxProcess
    token: str

    def bytes_of(self, uri: str) -> bytes:
        request = urllib.request.Request(
            file_url(self.sandbox.url, self.sandbox.url, uri), headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bytes(answer.read())


@pytest.fixture
def mast(sandbox: SandboxProcess) -> Mast:
    made = sandbox.post("tokens", user="ann", programs=["1558"], scopes=["mast:user:info", "mast:exclusive_access"])
    return Mast(sandbox, made["token"])


@pytest.fixture
def box(site: Site, mast: Mast, tmp_path: Path) -> FromMast:
    rows = {row["dataURI"]: row for row in [*PUBLIC, *EXCLUSIVE]}
    files = {f"JWST/{row['obs_id']}/{row['productFilename']}": mast.bytes_of(uri) for uri, row in rows.items()}
    bundle = site.bundle(files=files)
    here = site.api.stores.trees.path("ann", bundle.id, 1)
    return FromMast(bundle.id, here, "", site.keys["ann"], tmp_path / "elsewhere", site, mast.sandbox.url, files)


def test_what_is_public_comes_without_a_token_and_the_rest_with_one(box: FromMast, mast: Mast) -> None:
    exclusive = next(path for path in box.products if EXCLUSIVE[0]["productFilename"] in path)
    done = box.run(TOPMAST_API_KEY="", MAST_API_TOKEN="")
    assert done.returncode == 1
    assert f"failed {exclusive}: MAST gives it only to a token" in done.stderr
    assert box.fetched == {path: data for path, data in box.products.items() if path != exclusive}
    done = box.run(TOPMAST_API_KEY="", MAST_API_TOKEN=mast.token)
    assert done.returncode == 0, done.stderr
    assert box.fetched == box.products
    assert mast.token not in done.stdout + done.stderr


def test_a_token_goes_over_tls_only(box: FromMast, mast: Mast) -> None:
    # The same place under a name that does not say that it is this machine.
    script = box.text("script.sh").replace("http://127.0.0.1:", "http://127.1:")
    done = box.run(script=script, MAST_API_TOKEN=mast.token)
    assert done.returncode == 1
    assert "only to a token" in done.stderr


def test_what_was_reprocessed_since_is_told_by_name(box: FromMast, mast: Mast) -> None:
    path = next(path for path, data in box.products.items() if path.endswith("f1000w_i2d.fits"))
    box.begin(path, box.products[path][:30_000])
    mast.sandbox.post("reprocess", obs_id="jw01558-o001_t001_miri_f1000w")
    done = box.run(MAST_API_TOKEN=mast.token)
    assert done.returncode == 1
    assert f"changed {path}: MAST has other bytes than this bundle" in done.stderr
    assert path not in box.fetched


@pytest.mark.parametrize("status", [200, 401, 403])
def test_crds_is_never_shown_a_token(status: int, box: FromMast, mast: Mast) -> None:
    """Reference files are for everybody: where CRDS refuses one, MAST's token is none of its business."""
    path = next(path for path, data in box.products.items() if PUBLIC[0]["productFilename"] in path and data)
    with sqlite3.connect(manifest_table(box.site.settings.tables.absolute(), box.id, 1)) as table:
        table.execute("UPDATE rows SET dataURI = 'crds://jwst_miri_flat_0001.fits' WHERE path = ?", [path])
    with serving(lambda _: Answer(status, box.products[path])) as crds:
        box.crds_url = crds.url
        done = box.run(MAST_API_TOKEN=mast.token)
    assert {seen.path for seen in crds.seen} == {"/unchecked_get/references/jwst/jwst_miri_flat_0001.fits"}
    assert [seen for seen in crds.seen if "authorization" in seen.headers or mast.token in str(seen)] == []
    if status == 200:
        assert (done.returncode, box.fetched) == (0, box.products)
    else:
        assert done.returncode == 1
        assert f"failed {path}: it is refused there (HTTP {status})" in done.stderr
        assert box.fetched == {other: data for other, data in box.products.items() if other != path}
