"""A bundle is used where it is staged, by anybody on the shared filesystem, and nobody can spoil it for others."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from astropy.io import fits

from tests.workflows.conftest import Site
from topmast_service.domain.job import Job

NAMES = [f"jw02733-o001_t001_nircam_clear-f090w_{n:02}_i2d.fits" for n in range(2)]
URIS = {"uris": [f"mast:JWST/product/{name}" for name in NAMES]}
NOBODY = 65534


@contextmanager
def another_user() -> Iterator[None]:
    """As root, permissions are not asked; a member of the group is not root."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture
def staged(site: Site, monkeypatch: pytest.MonkeyPatch) -> tuple[Job, Path]:
    """A bundle made under a umask that lets the group write, and the folder of its first file, entered."""
    before = os.umask(0o002)
    try:
        done = site.run(URIS)
    finally:
        os.umask(before)
    folder = sorted((site.settings.stage / "alice" / done.id / "1" / "JWST").iterdir())[0]
    monkeypatch.chdir(folder)  # from here on paths are relative: pytest's own folders are closed to others
    return done, folder


def test_a_staged_file_is_read_in_place_but_not_updated(site: Site, staged: tuple[Job, Path]) -> None:
    done, folder = staged
    name = sorted(os.listdir(folder))[0]
    content = Path(name).read_bytes()
    shutil.copy(name, site.settings.data / "mine.fits")
    (site.settings.data / "mine.fits").chmod(0o644)
    with fits.open(site.settings.data / "mine.fits", mode="update") as mine:  # what a copy is for
        mine[0].header["OBSERVER"] = "me"
    with another_user():
        with fits.open(name) as hdus:
            assert hdus[0].header["TELESCOP"] == "JWST"
        for mode in ("update", "append"):
            with pytest.raises(PermissionError):
                fits.open(name, mode=mode)
    again = site.run(URIS)
    other = next((site.settings.stage / "alice" / again.id).rglob(name))
    assert other.samefile(folder / name)
    assert Path(name).read_bytes() == other.read_bytes() == content
    assert done.id != again.id


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_nobody_but_the_service_replaces_removes_or_adds_files(staged: tuple[Job, Path]) -> None:
    name = sorted(os.listdir("."))[0]
    with another_user():
        for attempt in (
            lambda: os.unlink(name),
            lambda: os.rename(name, "other"),
            lambda: os.chmod(name, 0o644),
            lambda: Path("new.txt").write_text("x"),
            lambda: os.open(name, os.O_WRONLY | os.O_TRUNC),
        ):
            with pytest.raises(PermissionError):
                attempt()


def test_folders_and_files_have_their_modes_whatever_the_umask(site: Site, staged: tuple[Job, Path]) -> None:
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [site.settings.stage, *site.settings.stage.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o755}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o444}
