"""Boxes: shown whole or not at all, and nobody gets out of one."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from topmast_service.domain.safe_names import safe_path
from topmast_service.errors import NoSuchFile
from topmast_service.staging.cache import Cache
from topmast_service.staging.tree import BlobsGone, Entry, Listed, Trees

from .test_cache_parts import keep

FUTURE = datetime.now(UTC) + timedelta(days=1)
PAST = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache beside the boxes."""
    return Cache(tmp_path / "cache")


@pytest.fixture
def trees(tmp_path: Path) -> Trees:
    """No boxes yet."""
    return Trees(tmp_path / "stage")


def note(folder: Path) -> None:
    """Stands for the manifest."""
    (folder / "MANIFEST.HTML").write_text("manifest")


def build(trees: Trees, cache: Cache, job: str = "b_1", revision: int = 1, user: str = "ann") -> Path:
    """A box of two files and a note."""
    entries = [
        Entry(safe_path("JWST", "obs1", f"{name}.dat"), keep(cache, name.encode(), f"mast:HLSP/{name}.dat"))
        for name in "ab"
    ]
    return trees.build(user, job, revision, entries, cache=cache, write_extras=note)


def test_a_box_has_its_files_and_extras(trees: Trees, cache: Cache) -> None:
    box = build(trees, cache)
    assert box == trees.path("ann", "b_1", 1)
    assert trees.find("ann", "b_1", 1, "JWST/obs1/a.dat").read_bytes() == b"a"
    assert trees.listing(box) == [
        Listed("JWST", "JWST", "folder", None),
        Listed("MANIFEST.HTML", "MANIFEST.HTML", "file", 8),
    ]
    assert trees.listing(trees.find("ann", "b_1", 1, "JWST/obs1/")) == [
        Listed("a.dat", "JWST/obs1/a.dat", "file", 1),
        Listed("b.dat", "JWST/obs1/b.dat", "file", 1),
    ]


def test_building_again_changes_nothing(trees: Trees, cache: Cache) -> None:
    box = build(trees, cache)
    before = box.stat().st_ino
    assert trees.build("ann", "b_1", 1, [], cache=cache, write_extras=note).stat().st_ino == before
    assert trees.find("ann", "b_1", 1, "JWST/obs1/a.dat").exists()


def test_builders_at_once_show_one_box(trees: Trees, cache: Cache, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        boxes = list(threads.map(lambda _: build(trees, cache), range(4)))
    assert len(set(boxes)) == 1
    assert list((tmp_path / "stage" / ".building").iterdir()) == []


def test_what_left_the_cache_is_named_and_nothing_shown(trees: Trees, cache: Cache, tmp_path: Path) -> None:
    entries = [Entry(f"JWST/o/{name}", keep(cache, name.encode(), name)) for name in "abc"]
    for entry in entries[1:]:
        cache.path(entry.version).unlink()
    with pytest.raises(BlobsGone) as caught:
        trees.build("ann", "b_1", 1, entries, cache=cache, write_extras=note)
    assert caught.value.entries == entries[1:]
    assert not trees.path("ann", "b_1", 1).exists()
    assert list((tmp_path / "stage" / ".building").iterdir()) == []


def test_a_failing_manifest_shows_nothing(trees: Trees, cache: Cache, tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise RuntimeError("no manifest")

    with pytest.raises(RuntimeError):
        trees.build("ann", "b_1", 1, [], cache=cache, write_extras=fail)
    assert not trees.path("ann", "b_1", 1).exists()
    assert list((tmp_path / "stage" / ".building").iterdir()) == []


@pytest.mark.parametrize("path", ["../a", "JWST/../../a", "/etc/passwd", "JWST//a", "", ".hidden", "a\x00b"])
def test_a_path_that_is_not_ours_is_not_linked(trees: Trees, cache: Cache, path: str) -> None:
    with pytest.raises(ValueError, match="safe_path"):
        trees.build("ann", "b_1", 1, [Entry(path, keep(cache, b"x"))], cache=cache, write_extras=note)


HOSTILE = [
    "../2/JWST/obs1/a.dat",
    "JWST/../../../bob/b_2/1/MANIFEST.HTML",
    "/etc/passwd",
    "//etc/passwd",
    "..",
    "JWST/obs1/../obs1/a.dat",
    ".",
    "JWST/./obs1",
    ".secret",
    "JWST/obs1/a.dat\x00",
    "JWST/obs1/a.dat\n",
    "JWST\\obs1",
    "JWST/obs1/a.dat/x",
    "out/passwd",
    "out",
    "inside",
    "x" * 300,
    "\udcff",
]


@pytest.mark.parametrize("relative", HOSTILE)
def test_nobody_gets_out(trees: Trees, cache: Cache, relative: str) -> None:
    box = build(trees, cache)
    build(trees, cache, revision=2)
    build(trees, cache, job="b_2", user="bob")
    (box / "out").symlink_to("/etc")
    (box / "inside").symlink_to(box / "JWST")
    (box / ".secret").write_text("hidden")
    with pytest.raises(NoSuchFile):
        trees.find("ann", "b_1", 1, relative)


@given(relative=st.text(max_size=40))
@example(relative="JWST/\ud800")
def test_no_text_leads_out(tmp_path_factory: pytest.TempPathFactory, relative: str) -> None:
    trees = Trees(tmp_path_factory.getbasetemp() / "stage")
    box = trees.path("ann", "b_1", 1)
    box.mkdir(parents=True, exist_ok=True)
    with suppress(NoSuchFile):
        assert trees.find("ann", "b_1", 1, relative).is_relative_to(box)


def test_links_and_hidden_names_are_not_listed(trees: Trees, cache: Cache) -> None:
    box = build(trees, cache)
    (box / "out").symlink_to("/etc")
    (box / ".secret").write_text("hidden")
    assert [listed.name for listed in trees.listing(box)] == ["JWST", "MANIFEST.HTML"]


@pytest.mark.parametrize("name", ["..", ".building", "", "a/b", "a\x00", "é", "-rf"])
def test_user_and_job_must_be_names(trees: Trees, name: str) -> None:
    with pytest.raises(ValueError, match="name of a folder"):
        trees.path(name, "b_1", 1)
    with pytest.raises(ValueError, match="name of a folder"):
        trees.path("ann", name, 1)


def test_removed_is_gone_and_what_is_open_stays_readable(trees: Trees, cache: Cache, tmp_path: Path) -> None:
    box = build(trees, cache)
    with (box / "JWST/obs1/a.dat").open("rb") as file:
        trees.remove("ann", "b_1")
        assert file.read() == b"a"
    assert not box.exists()
    assert list((tmp_path / "stage" / ".building").iterdir()) == []
    trees.remove("ann", "b_1")


def test_orphans_go_when_they_are_old(trees: Trees, cache: Cache, tmp_path: Path) -> None:
    kept, orphan = build(trees, cache), build(trees, cache, revision=2)
    left = tmp_path / "stage" / ".building" / "b_9.1.dead"
    left.mkdir()
    asked: list[tuple[str, str, int]] = []

    def keep_first(user: str, job: str, revision: int) -> bool:
        asked.append((user, job, revision))
        return revision == 1

    assert trees.remove_orphans(keep_first, PAST) == []
    assert orphan.exists()
    assert sorted(trees.remove_orphans(keep_first, FUTURE)) == sorted([left, orphan])
    assert kept.exists()
    assert not orphan.exists()
    assert set(asked) == {("ann", "b_1", 1), ("ann", "b_1", 2)}


def test_no_stage_has_no_orphans(trees: Trees) -> None:
    assert trees.remove_orphans(lambda *_: False, FUTURE) == []


def test_names_of_the_archive_stay_as_they_are() -> None:
    assert safe_path("JWST", "jw01558-o001_t001_miri_f1000w", "jw01558-o001_t001_miri_f1000w_i2d.fits") == (
        "JWST/jw01558-o001_t001_miri_f1000w/jw01558-o001_t001_miri_f1000w_i2d.fits"
    )


@given(obs_id=st.text(max_size=300), filename=st.text(max_size=300))
@example(obs_id="..", filename="../../etc/passwd")
@example(obs_id="", filename="")
@example(obs_id="-rf", filename=".bashrc")
@example(obs_id="\x00", filename="\ud800.fits")
@example(obs_id="a" * 256, filename="b" * 400 + ".fits")
@example(obs_id="a", filename="x." + "y" * 400)
def test_hostile_names_are_made_harmless(obs_id: str, filename: str) -> None:
    path = safe_path("JWST", obs_id, filename)
    pieces = path.split("/")
    assert len(pieces) == 3
    assert os.path.normpath(path) == path
    assert all(0 < len(piece.encode("ascii")) <= 255 and piece[0] not in ".-" for piece in pieces)


@given(names=st.lists(st.text(st.sampled_from("a/_.~ é"), min_size=1, max_size=6), min_size=2, max_size=2, unique=True))
def test_two_names_never_become_one(names: list[str]) -> None:
    assert safe_path("JWST", "o", names[0]) != safe_path("JWST", "o", names[1])


def test_a_long_name_keeps_its_suffix() -> None:
    name = safe_path("JWST", "o", "x" * 300 + "_asn.json").rpartition("/")[2]
    assert name.endswith(".json")
    assert len(name) == 255
