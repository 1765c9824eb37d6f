"""Names from a server never lead out of the directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from topmast._paths import UnsafePath, safe_target

HOSTILE = [
    "",
    "/etc/passwd",
    "../up",
    "a/../../up",
    "a/./b",
    "a//b",
    "a/",
    "..",
    "C:\\x",
    "C:/x",
    "a\\..\\b",
    "a\nb",
    "a\x00b",
    "a\x1b[2J",
    "a\u202egnp.exe",
    "a\u2028b",
    "\ud800",
    " a",
    "a ",
    "a.",
    "CON",
    "nul.txt",
    "x" * 300,
    "é" * 120,
    "~/../x",
]


@pytest.mark.parametrize("path", HOSTILE, ids=ascii)
def test_hostile_paths_are_refused(tmp_path, path) -> None:
    with pytest.raises(UnsafePath) as caught:
        safe_target(tmp_path, path)
    str(caught.value).encode()


@pytest.mark.parametrize("path", ["JWST/jw01558-o001_t001/jw01558_i2d.fits", "MANIFEST.HTML", "é/ü.json", ".hidden"])
def test_ordinary_paths_are_kept(tmp_path, path) -> None:
    assert safe_target(tmp_path, path) == tmp_path.joinpath(*path.split("/"))


def test_a_link_that_leaves_the_directory_is_refused(tmp_path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    outside.mkdir()
    root.mkdir()
    (root / "JWST").symlink_to(outside)
    with pytest.raises(UnsafePath, match="leads out"):
        safe_target(root, "JWST/a.fits")
    with pytest.raises(UnsafePath, match="leads out"):
        safe_target(root, "JWST/new/a.fits")


def test_a_directory_of_that_name_is_not_replaced(tmp_path) -> None:
    (tmp_path / "a.fits").mkdir()
    with pytest.raises(UnsafePath, match="directory"):
        safe_target(tmp_path, "a.fits")


def test_a_link_within_the_directory_is_the_users_own(tmp_path) -> None:
    (tmp_path / "disk2").mkdir()
    (tmp_path / "JWST").symlink_to("disk2")
    assert safe_target(tmp_path, "JWST/a.fits").parent.resolve() == (tmp_path / "disk2").resolve()


def test_the_directory_itself_may_be_a_link(tmp_path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    safe_target(tmp_path / "link", "a/b")


segments = st.text(max_size=6) | st.sampled_from(["..", ".", "", "a", "\\", "..\\..", "C:"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(segments, max_size=5))
def test_whatever_is_accepted_stays_inside(tmp_path, parts) -> None:
    path = "/".join(parts)
    try:
        target = safe_target(tmp_path, path)
    except UnsafePath:
        return
    assert Path(os.path.normpath(target)) == target
    assert target.is_relative_to(tmp_path)
    assert target != tmp_path
