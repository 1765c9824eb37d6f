"""Archives from a real gunicorn: the same from every process, cut where a file breaks, in the memory of one piece."""

from __future__ import annotations

import http.client
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.api.served import ApiProcess, start_api
from tests.api.site import FILES, I2D, MANIFEST_COLUMNS, Site, manifest_row
from topmast_service.domain.job import Job
from topmast_service.store import tables
from topmast_service.workflows.control import manifest_table

KINDS = ["zip", "tar"]
SMALL, LARGE, SIZE = 70_000, 20, 1 << 30
LINKS = 10_000  # names of one file: ext4 takes 65,000
HEAD, TAIL = 8 << 20, 20 << 20
"""Bytes of an archive that are read: all small files of a zip; its end, with the directory behind the large ones."""
MOST = 150 << 20


@pytest.fixture
def server(site: Site, tmp_path: Path) -> Iterator[ApiProcess]:
    started = start_api(site, tmp_path)
    yield started
    started.stop()


def ask(server: ApiProcess, site: Site, address: str, wanted: str = "") -> http.client.HTTPResponse:
    client = http.client.HTTPConnection(server.url.partition("//")[2], timeout=60)
    headers = {"Authorization": f"Bearer {site.keys['ann']}", "Connection": "close"}
    client.request("GET", address, headers=headers | ({"Range": f"bytes={wanted}"} if wanted else {}))
    return client.getresponse()


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_send_the_same_bytes(kind: str, site: Site, server: ApiProcess, tmp_path: Path) -> None:
    address = f"/v1/bundles/{site.bundle().id}/archive.{kind}"
    (tmp_path / "other").mkdir()
    other = start_api(site, tmp_path / "other")
    try:
        first, second = (ask(process, site, address) for process in (server, other))
        assert first.headers["ETag"] == second.headers["ETag"]
        assert first.read() == second.read()
    finally:
        other.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_vanished_ends_the_transfer_before_its_length(kind: str, site: Site, server: ApiProcess) -> None:
    """Never wrong bytes, and never an end that looks like one."""
    files = {**FILES, I2D: bytes(3_000_000), "JWST/z/z.fits": b"z"}
    bundle = site.bundle(files=files)
    address = f"/v1/bundles/{bundle.id}/archive.{kind}"
    whole = ask(server, site, address).read()
    (site.api.stores.trees.path(bundle.owner, bundle.id, 1) / "JWST/z/z.fits").unlink()
    with pytest.raises(http.client.IncompleteRead) as broken:
        ask(server, site, address).read()
    arrived = broken.value.partial
    assert len(arrived) > 1_000_000
    assert whole.startswith(arrived)
    assert ask(server, site, address, f"{len(whole) - 100}-").read() == whole[-100:]
    assert ask(server, site, f"/v1/bundles/{site.bundle().id}/archive.{kind}").status == 200


def test_70_000_files_and_20_gb_in_the_memory_of_one_piece(site: Site, server: ApiProcess, tmp_path: Path) -> None:
    bundle = large_bundle(site)
    for kind in KINDS:
        address = f"/v1/bundles/{bundle.id}/archive.{kind}"
        length = int(ask(server, site, address, "0-0").headers["Content-Range"].rpartition("/")[2])
        assert length > LARGE * SIZE
        copy = tmp_path / f"large.{kind}"
        with copy.open("wb") as into:
            into.truncate(length)
            pour(
                ask(server, site, address, "0-200000000"), into.fileno(), 0
            )  # every small file, and some of the first large one
            pour(ask(server, site, address, f"0-{HEAD}"), into.fileno(), 0)
            pour(ask(server, site, address, f"{length - TAIL}-"), into.fileno(), length - TAIL)
    with zipfile.ZipFile(tmp_path / "large.zip") as archive:
        assert len(archive.namelist()) == SMALL + LARGE + 4
        assert archive.read(f"{bundle.id}/{small(SMALL - 1)}") == b"x"
        last = archive.getinfo(f"{bundle.id}/{large(LARGE - 1)}")
        assert (last.file_size, last.header_offset > 19 * SIZE) == (SIZE, True)
    assert max(peaks(server)) < MOST


def small(number: int) -> str:
    return f"JWST/{number // 100}/{number}.fits"


def large(number: int) -> str:
    return f"JWST/large/{number}.fits"


def large_bundle(site: Site) -> Job:
    """A bundle as published; what is large is sparse, what is many is one file under many names."""
    bundle = site.bundle(files={})
    top = site.api.stores.trees.path(bundle.owner, bundle.id, 1)
    (top / "JWST/large").mkdir(parents=True)
    for number in range(LARGE):
        with (top / large(number)).open("wb") as file:
            file.truncate(SIZE)
    for number in range(SMALL):
        path = str(top / small(number))
        if number % 100 == 0:
            Path(path).parent.mkdir()
        if number % LINKS == 0:
            seed = path
            Path(seed).write_bytes(b"x")
        else:
            os.link(seed, path)
    one = asdict(replace(manifest_row("JWST/a/x", b"x"), crc32=0x8CDC1683))
    rows = [{**one, "path": small(n)} for n in range(SMALL)]
    rows += [{**one, "path": large(n), "size": SIZE, "crc32": 0} for n in range(LARGE)]
    tables.write(manifest_table(site.settings.tables.absolute(), bundle.id, 1), MANIFEST_COLUMNS, rows)
    return bundle


def pour(answer: http.client.HTTPResponse, into: int, at: int) -> None:
    """Write an answer where it belongs; zeros stay holes."""
    assert answer.status == 206
    while piece := answer.read(1 << 20):
        if piece.count(0) < len(piece):
            os.pwrite(into, piece, at)
        at += len(piece)


def peaks(server: ApiProcess) -> list[int]:
    """Bytes that each process of the API had resident at most (proc(5))."""
    master = server.process.pid
    pids = [master, *Path(f"/proc/{master}/task/{master}/children").read_text().split()]
    found = [re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()) for pid in pids]
    return [int(line[1]) * 1024 for line in found if line]
