"""Zip and tar as others read them: unzip, zipinfo, tar, and Python's zipfile and tarfile."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.archives.boxes import FOLDER, KINDS, MOMENT, Files, read, whole, write
from topmast_service.domain.safe_names import safe_path
from topmast_service.staging.packed import Broken, Member, PackedFile, measure
from topmast_service.workflows.packing import LAYOUTS

SLOW = [HealthCheck.function_scoped_fixture]
LONG = "JWST/" + "o" * 150 + "/" + "n" * 200 + "_i2d.fits"
FILES = {
    "MANIFEST.HTML": b"<html>",
    "JWST/jw01558-o001_t001_miri_f1000w/jw01558-o001_t001_miri_f1000w_i2d.fits": bytes(range(256)) * 40,
    "JWST/o/empty.txt": b"",
    "JWST/ü/ñ ☃.fits": b"snow",
    LONG: b"a name that no ustar header holds",
    "JWST/" + "p" * 125 + "/" + "q" * 90: b"one that it holds in two pieces",
}
GIB = 1 << 30
HUGE = [("huge.fits", 9 * GIB), ("small.fits", 5), ("limit.fits", 0xFFFFFFFF), ("under.fits", 0xFFFFFFFE)]
"""Sparse files: sizes of more than 32 and 33 bits, offsets behind them, and both sides of the limit."""


@pytest.fixture
def box(tmp_path: Path) -> Files:
    (tmp_path / "files").mkdir()
    return Files(tmp_path / "files")


def run(*command: object, folder: Path) -> str:
    """What a program says that must succeed."""
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.decode(errors="replace")


def unpacked(folder: Path) -> dict[str, bytes]:
    """What lies in the one folder that unpacking made."""
    assert [path.name for path in folder.iterdir()] == [FOLDER]
    top = folder / FOLDER
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def test_zip_for_unzip(box: Files, tmp_path: Path) -> None:
    archive = write("zip", box.contents(FILES), tmp_path / "a.zip")
    assert "No errors detected" in run("unzip", "-t", archive, folder=tmp_path)
    listed = run("zipinfo", archive, folder=tmp_path)
    assert listed.count("-rw-r--r--") == listed.count(" stor 26-Jul-01 12:34 ") == len(FILES)
    into = tmp_path / "into"
    into.mkdir()
    run("unzip", "-q", archive, folder=into)
    assert unpacked(into) == FILES


def test_zip_for_python(box: Files) -> None:
    with zipfile.ZipFile(io.BytesIO(whole("zip", box.contents(FILES)))) as archive:
        assert archive.testzip() is None
        assert {info.filename: archive.read(info) for info in archive.infolist()} == {
            f"{FOLDER}/{path}": content for path, content in FILES.items()
        }
        for info in archive.infolist():
            assert (info.date_time, info.extra, info.compress_type) == (
                (2026, 7, 1, 12, 34, 56),
                b"",
                zipfile.ZIP_STORED,
            )
            assert stat.filemode(info.external_attr >> 16) == "-rw-r--r--"


def test_tar_for_tar(box: Files, tmp_path: Path) -> None:
    archive = write("tar", box.contents(FILES), tmp_path / "a.tar")
    assert run("tar", "-tf", archive, "--quoting-style=literal", folder=tmp_path).splitlines() == [
        f"{FOLDER}/{path}" for path in FILES
    ]
    into = tmp_path / "into"
    into.mkdir()
    run("tar", "-xf", archive, folder=into)
    assert unpacked(into) == FILES
    found = (into / FOLDER / LONG).stat()
    assert (found.st_mtime, stat.filemode(found.st_mode)) == (MOMENT.timestamp(), "-rw-r--r--")


def test_tar_for_python(box: Files) -> None:
    with tarfile.open(fileobj=io.BytesIO(whole("tar", box.contents(FILES)))) as archive:
        members = archive.getmembers()
        assert {m.name: archive.extractfile(m).read() for m in members} == {  # type: ignore[union-attr]
            f"{FOLDER}/{path}": content for path, content in FILES.items()
        }
        needing = [m.name.removeprefix(f"{FOLDER}/") for m in members if m.pax_headers]
        assert needing == ["JWST/ü/ñ ☃.fits", LONG]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_in_it_is_an_archive_too(kind: str, box: Files, tmp_path: Path) -> None:
    archive = write(kind, box.of([]), tmp_path / f"a.{kind}")
    with zipfile.ZipFile(archive) if kind == "zip" else tarfile.open(archive) as opened:
        assert list(opened.namelist() if isinstance(opened, zipfile.ZipFile) else opened) == []


@pytest.fixture
def huge(box: Files) -> list[Member]:
    for name, size in HUGE:
        with (box.root / name).open("wb") as file:
            file.truncate(size)
    return [Member(f"JWST/o/{name}", size, name, 0) for name, size in HUGE]


def test_zip_beyond_32_bits(box: Files, huge: list[Member]) -> None:
    contents = box.of(huge)
    file = Seekable(PackedFile(LAYOUTS["zip"], contents), measure("zip", LAYOUTS["zip"], contents).length)
    with file, zipfile.ZipFile(file) as archive:  # type: ignore[arg-type]
        assert [(i.filename.rpartition("/")[2], i.file_size) for i in archive.infolist()] == HUGE
        offsets = [info.header_offset for info in archive.infolist()]
        assert offsets[1] > 9 * GIB
        assert archive.open(archive.infolist()[3]).read(9) == bytes(9)
        wide = [len(info.extra) for info in archive.infolist()]
        assert wide == [20, 12, 28, 12]  # sizes; offset; both; offset


def test_tar_beyond_33_bits(box: Files, huge: list[Member]) -> None:
    contents = box.of(huge)
    file = Seekable(PackedFile(LAYOUTS["tar"], contents), measure("tar", LAYOUTS["tar"], contents).length)
    with file, tarfile.open(fileobj=file, mode="r:") as archive:  # type: ignore[call-overload]
        assert [(m.name.rpartition("/")[2], m.size) for m in archive.getmembers()] == HUGE
        assert [bool(m.pax_headers) for m in archive.getmembers()] == [True, False, False, False]


class Seekable(io.RawIOBase):
    """An archive of gigabytes as a file, of which nothing but what is asked for is ever made."""

    def __init__(self, file: PackedFile, length: int) -> None:
        super().__init__()
        self._file, self._length = file, length

    def seek(self, offset: int, whence: int = 0) -> int:
        self._file.seek(offset + (0, self._file.tell(), self._length)[whence])
        return self._file.tell()

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        return self._file.read(self._length if size < 0 else size)

    def close(self) -> None:
        self._file.close()
        super().close()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def test_zip_of_more_than_65535_entries(box: Files, tmp_path: Path) -> None:
    (box.root / "one").write_bytes(b"x")
    members = [Member(f"JWST/{n // 9}/{n}.fits", 0, "", 0) for n in range(65_535)]
    contents = box.of([*members, Member("JWST/last.fits", 1, "one", 0x8CDC1683)])
    archive = write("zip", contents, tmp_path / "a.zip")
    assert archive.stat().st_size == measure("zip", LAYOUTS["zip"], contents).length
    assert "No errors detected" in run("unzip", "-tq", archive, f"{FOLDER}/JWST/last.fits", folder=tmp_path)
    assert "65536 files" in run("zipinfo", "-t", archive, folder=tmp_path)
    with zipfile.ZipFile(archive) as opened:
        assert len(opened.namelist()) == 65_536
        assert opened.read(f"{FOLDER}/JWST/last.fits") == b"x"


ANY = st.text(st.characters(codec="utf-8"), max_size=300)
MILD = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="/.\\"), min_size=1, max_size=80
)
PIECE = st.one_of(MILD, MILD, ANY, st.sampled_from(["..", ".", "", "~", "-rf", "C:", "a\\b", "NUL"]))
PATH = st.lists(PIECE, min_size=1, max_size=4).map("/".join)
BOXES = st.dictionaries(PATH.filter(bool), st.binary(max_size=2000), max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(kind=st.sampled_from(KINDS), files=BOXES, data=st.data())
def test_any_range_is_that_part_of_the_whole(
    kind: str, files: dict[str, bytes], data: st.DataObject, box: Files
) -> None:
    contents = box.contents({safe_path("o", path): content for path, content in files.items()})
    everything, told = whole(kind, contents), measure(kind, LAYOUTS[kind], contents)
    assert told.length == len(everything)
    cut = data.draw(st.integers(0, len(everything)))
    stop = data.draw(st.integers(cut, len(everything)))
    file = PackedFile(LAYOUTS[kind], contents)
    assert read(file, cut, stop) == everything[cut:stop]
    assert read(file, cut) == everything[cut:]


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(kind=st.sampled_from(KINDS), path=PATH)
def test_no_path_leads_out_of_the_folder(
    kind: str, path: str, box: Files, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Either it is refused, or what unpackers make of it lies in the one folder."""
    into = tmp_path_factory.mktemp("into")
    try:
        packed = whole(kind, box.contents({path: b"inside"}))
    except ValueError:
        return
    assume(all(len(piece.encode()) <= 255 for piece in path.split("/")))  # no disk has longer names
    archive = into.with_name(f"{into.name}.{kind}")
    archive.write_bytes(packed)
    run(*(("unzip", "-qo", archive) if kind == "zip" else ("tar", "-xf", archive)), folder=into)
    assert list(unpacked(into).values()) == [b"inside"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "..",
        "../x",
        "a/../../x",
        "a//x",
        "a/./x",
        "a/",
        "..\\x",
        "a\\x",
        "C:\\x",
        "a/\nx",
        "a\0",
        "\udcff",
    ],
)
def test_hostile_members_are_refused(kind: str, path: str, box: Files) -> None:
    with pytest.raises(ValueError, match="safe_path"):
        whole(kind, box.contents({path: b""}))
    with pytest.raises(ValueError, match="safe_path"):
        measure(kind, LAYOUTS[kind], box.contents({path: b""}))


@pytest.mark.parametrize("name", ["..", "../../x", "a\nb", "n" * 300, "ü" * 300, "-rf", ".ssh", "a\\b", "\udcff", ""])
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_names_are_harmless_once_they_are_staged(kind: str, name: str, box: Files, tmp_path: Path) -> None:
    path, into = safe_path(name, name), tmp_path / "into"
    archive = write(kind, box.contents({path: b"inside"}), tmp_path / f"a.{kind}")
    into.mkdir()
    with zipfile.ZipFile(archive) if kind == "zip" else tarfile.open(archive) as opened:
        opened.extractall(into, **({} if kind == "zip" else {"filter": "data"}))  # noqa: S202 - this is the question
    assert unpacked(into) == {path: b"inside"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["gone", "shorter", "longer"])
def test_a_file_that_changed_ends_the_transfer(kind: str, fault: str, box: Files) -> None:
    contents = box.contents({"JWST/a.fits": b"a" * 100_000, "JWST/b.fits": b"b" * 100_000})
    everything = whole(kind, contents)
    file = PackedFile(LAYOUTS[kind], contents)
    first = file.read(50_000)
    if fault == "gone":
        (box.root / "1").unlink()
    else:
        os.truncate(box.root / "1", 99_999 if fault == "shorter" else 100_001)
    with closing(file):
        arrived = b"".join(until_broken(file))
    assert everything.startswith(first + arrived)
    assert len(first + arrived) >= 100_000


def until_broken(file: PackedFile) -> Iterator[bytes]:
    """What can be read before it breaks, which it must."""
    try:
        while piece := file.read(50_000):
            yield piece
    except Broken:
        return
    pytest.fail("it did not break")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_cut_while_it_is_read_ends_the_transfer(kind: str, box: Files) -> None:
    contents = box.contents({"JWST/a.fits": b"a" * 100_000})
    file = PackedFile(LAYOUTS[kind], contents)
    file.read(50_000)
    os.truncate(box.root / "0", 60_000)
    with closing(file), pytest.raises(Broken):
        file.read(60_000)


@pytest.mark.parametrize("kind", KINDS)
def test_the_tag_is_of_everything_that_makes_the_bytes(kind: str, box: Files) -> None:
    files = [Member("a", 1, "s", 1), Member("b", 2, "t", 2)]
    tags = [
        measure(kind, LAYOUTS[kind], contents).etag
        for contents in (
            box.of(files),
            box.of(files[:1]),
            box.of(files[::-1]),
            box.of([files[0]._replace(size=3), files[1]]),
            box.of([files[0]._replace(sha256="u"), files[1]]),
            box.of([files[0]._replace(path="c"), files[1]]),
        )
    ]
    assert len(set(tags)) == len(tags)
    assert all(tag.startswith(f"{kind}-") for tag in tags)
    assert measure(kind, LAYOUTS[kind], box.of(list(files))).etag == tags[0]
