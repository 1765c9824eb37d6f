"""`topmast-service adopt`: the same bytes come in, others do not, and the group's files stay theirs."""

from __future__ import annotations

import shutil
import stat
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.workflows.conftest import Site
from topmast_service import container
from topmast_service.cli import cli
from topmast_service.errors import UpstreamDown
from topmast_service.staging.cache import Cache
from topmast_service.workflows.adopt import ADOPTED, ALREADY, REFUSED, Adopter, Verdict, candidates

I2D = "jw01558-o001_t001_miri_f1000w_i2d.fits"
CAL = "jw01558001001_02101_00001_mirimage_cal.fits"
BIG = "jw01558001001_02101_00001_mirimage_uncal.fits"
SECRET = "jw01558-o002_t001_miri_f770w_i2d.fits"


def content(site: Site, name: str) -> bytes:
    """What MAST has."""
    url = f"{site.sandbox.url}/api/v0.1/Download/file?uri=mast:JWST/product/{name}"
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as answer:
        return bytes(answer.read())


@pytest.fixture
def group(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that a group keeps, two levels deep, with other things in it."""
    folder = tmp_path_factory.mktemp("group")
    (folder / "1558" / "level2").mkdir(parents=True)
    (folder / "1558" / I2D).write_bytes(content(site, I2D))
    (folder / "1558" / "level2" / CAL).write_bytes(content(site, CAL))
    (folder / "1558" / "notes.txt").write_text("jw01558 looks fine")
    (folder / "linked_i2d.fits").symlink_to(folder / "1558" / I2D)
    site.sandbox.post("requests/reset")
    return folder


@pytest.fixture
def adopter(site: Site) -> Iterator[Adopter]:
    made = container.for_adoption(site.settings)
    yield replace(made, pause=lambda _: None)
    made.close()


def verdicts(adopter: Adopter, folder: Path) -> dict[str, Verdict]:
    return {verdict.candidate.path.name: verdict for verdict in adopter.all(list(candidates(folder)))}


def test_what_is_adopted_is_not_fetched(site: Site, group: Path, adopter: Adopter) -> None:
    assert {v.status for v in verdicts(adopter, group).values()} == {ADOPTED}
    done = site.run({"uris": [f"mast:JWST/product/{name}" for name in (I2D, CAL)]})
    assert done.result["counts"]["cached"] == 2
    row = site.rows(done)[CAL]
    staged = site.settings.stage / "alice" / done.id / "1" / row["path"]
    assert staged.read_bytes() == content(site, CAL)
    assert row["date"]


def test_the_source_stays_and_may_be_changed(site: Site, group: Path, adopter: Adopter) -> None:
    source = group / "1558" / I2D
    mode, original = source.stat().st_mode, source.read_bytes()
    assert verdicts(adopter, group)[I2D].status == ADOPTED
    assert (source.stat().st_mode, source.stat().st_nlink) == (mode, 1)
    source.write_bytes(b"my own calibration")
    cache = Cache(site.settings.cache)
    version = cache.newest(f"mast:JWST/product/{I2D}")
    assert version
    assert cache.path(version).read_bytes() == original
    assert stat.S_IMODE(cache.path(version).stat().st_mode) == 0o444
    assert version.verified == "weak"


def test_twice_is_once(group: Path, adopter: Adopter) -> None:
    verdicts(adopter, group)
    assert {v.status for v in verdicts(adopter, group).values()} == {ALREADY}


@pytest.mark.parametrize("offset", [100, -2000])
def test_other_bytes_at_either_end_are_refused(site: Site, group: Path, adopter: Adopter, offset: int) -> None:
    path = group / "1558" / I2D
    altered = bytearray(path.read_bytes())
    altered[offset] ^= 1
    path.write_bytes(altered)
    found = verdicts(adopter, group)
    assert (found[I2D].status, found[CAL].status) == (REFUSED, ADOPTED)
    assert "differs" in found[I2D].reason
    assert Cache(site.settings.cache).newest(f"mast:JWST/product/{I2D}") is None


def test_cut_renamed_and_exclusive_files_are_refused_with_the_reason(site: Site, group: Path, adopter: Adopter) -> None:
    whole = (group / "1558" / I2D).read_bytes()
    (group / I2D).write_bytes(whole[:-2880])
    shutil.rmtree(group / "1558")
    (group / SECRET).write_bytes(whole)
    (group / "jw99999-o001_t001_miri_f1000w_i2d.fits").write_bytes(whole)
    (group / BIG).write_bytes(whole + bytes(2880))
    reasons = {name: verdict.reason for name, verdict in verdicts(adopter, group).items()}
    assert "whole FITS" in reasons[I2D]
    assert "not public" in reasons[SECRET]
    assert "no such file" in reasons["jw99999-o001_t001_miri_f1000w_i2d.fits"]
    assert "MAST's has" in reasons[BIG]
    assert not list((site.settings.cache).glob("blobs/*/*"))
    assert not list((site.settings.cache).glob("parts/*"))


def test_a_server_without_validators(site: Site, group: Path, adopter: Adopter) -> None:
    site.sandbox.set(validators=False)
    try:
        assert {v.status for v in verdicts(adopter, group).values()} == {ADOPTED}
    finally:
        site.sandbox.set(validators=True)


def test_a_dry_run_takes_nothing_in(site: Site, group: Path, adopter: Adopter) -> None:
    assert {v.status for v in verdicts(replace(adopter, dry=True), group).values()} == {ADOPTED}
    assert not site.settings.cache.exists()


def test_linked_files_cost_nothing_and_become_read_only(site: Site, group: Path, adopter: Adopter) -> None:
    assert {v.status for v in verdicts(replace(adopter, link=True), group).values()} == {ADOPTED}
    source = group / "1558" / I2D
    version = Cache(site.settings.cache).newest(f"mast:JWST/product/{I2D}")
    assert version
    assert Cache(site.settings.cache).path(version).samefile(source)
    assert stat.S_IMODE(source.stat().st_mode) == 0o444
    done = site.run({"uris": [f"mast:JWST/product/{I2D}"]})
    assert done.result["counts"]["cached"] == 1


def test_without_mast_nothing_is_believed(dead_site: Site, group: Path) -> None:
    adopter = replace(container.for_adoption(dead_site.settings), pause=lambda _: None)
    with pytest.raises(UpstreamDown):
        list(adopter.all(list(candidates(group))))
    assert not dead_site.settings.cache.exists()
    adopter.close()


@pytest.fixture
def dead_site(site: Site, group: Path) -> Site:
    site.settings = replace(site.settings, mast_url="http://127.0.0.1:9")
    return site


def command(site: Site, *words: str) -> Result:
    env = {"TOPMAST_DATA": str(site.settings.data), "TOPMAST_MAST_URL": site.settings.mast_url}
    return CliRunner().invoke(cli, ["adopt", *words], env=env)


def test_the_command_tells_what_became_of_them(site: Site, group: Path) -> None:
    (group / SECRET).write_bytes((group / "1558" / I2D).read_bytes())
    dry = command(site, str(group), "--dry-run")
    assert "2 files would be adopted" in dry.output
    done = command(site, str(group))
    assert "2 files adopted (0.00 GB), 0 in the cache already, 1 refused" in done.output
    assert f"{group / SECRET}: is not public yet" in done.output
    assert done.exit_code == 1
    (group / SECRET).unlink()
    again = command(site, str(group))
    assert (again.exit_code, again.output) == (0, "0 files adopted (0.00 GB), 2 in the cache already, 0 refused\n")


def test_its_own_folder_is_not_adopted(site: Site) -> None:
    result = command(site, str(site.settings.data))
    assert "belongs to this topmast" in str(result.exception)
