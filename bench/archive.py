"""A bundle as one zip or tar: beside one file of the same length from the same server, and beside `zip` and `tar`.

The API under gunicorn, as `topmast-service api` starts it, over a box that lies in the page cache: `curl` throws away
what comes. ``zip -0`` and ``tar`` write the same box into a pipe. Then 20 GB of holes, for the memory of the API.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.api.served import ApiProcess, start_api
from tests.api.site import MANIFEST_COLUMNS, Site, manifest_row, open_site
from tests.servers_redis import start_redis

from bench import service
from bench.telling import middle, taking
from topmast_service.domain.job import Job
from topmast_service.staging.durable import digest_of
from topmast_service.store import tables
from topmast_service.workflows.control import manifest_table

SETS = {"large": (100, 20_000_000), "middle": (4_000, 500_000), "small": (40_000, 50_000)}
"""Files and their bytes, 2 GB in all: a few images, exposures, and the small files that a bundle can be full of."""
SPARSE = (20, 1 << 30)
KINDS = {"zip": "zip -0 -q -r - . | cat > /dev/null", "tar": "tar -c -f - . | cat > /dev/null"}
TIMES = 3
LONGEST = 1800.0
BLOCK = 1 << 20


def run(folder: Path, quick: bool) -> Iterator[dict[str, Any]]:
    """Measure; one line per set and kind, and one for the memory."""
    redis = start_redis(folder)
    site = open_site(folder / "data", redis.url)
    server = start_api(site, folder)
    try:
        bench = Bench(site, server, 1 if quick else TIMES)
        for name, (files, size) in SETS.items():
            yield from bench.compared(name, *((files // 50, size // 50) if quick else (files, size)))
        yield bench.memory(*((2, BLOCK) if quick else SPARSE))
    finally:
        server.stop()
        site.api.stores.close()
        redis.stop()


@dataclass(frozen=True)
class Bench:
    """A running API and how often to ask it."""

    site: Site
    server: ApiProcess
    times: int

    def compared(self, name: str, files: int, size: int) -> Iterator[dict[str, Any]]:
        """Each kind of archive of one box, beside its rivals."""
        bundle = self._publish({f"JWST/{n // 8}/{n}.fits": size for n in range(files)}, os.urandom(BLOCK))
        box = self.site.api.stores.trees.path(bundle.owner, bundle.id, 1)
        for kind, command in KINDS.items():
            archive = f"/v1/bundles/{bundle.id}/archive.{kind}"
            length = self._fetched(archive)  # not measured: whoever asks first waits for the layout to be summed up
            one = self._publish({"JWST/one.fits": length}, os.urandom(BLOCK))
            ours = self._middle(archive)
            single = self._middle(f"/v1/bundles/{one.id}/files/JWST/one.fits")
            theirs = middle(lambda command=command: _piped(command, box), self.times)
            self.site.api.stores.trees.remove(one.owner, one.id)
            yield {
                "set": name, "kind": kind, "files": files, "bytes": length,
                "topmast_s": round(ours, 3), "one_file_s": round(single, 3), "program_s": round(theirs, 3),
                "topmast_mb_s": round(length / ours / 1e6), "vs_one_file": round(single / ours, 2),
                "vs_program": round(theirs / ours, 2), "cores": service.cores(),
            }  # fmt: skip
        self.site.api.stores.trees.remove(bundle.owner, bundle.id)

    def memory(self, files: int, size: int) -> dict[str, Any]:
        """The API's largest process after all of the above and a bundle of holes, as zip and as tar."""
        bundle = self._publish({f"JWST/o/{n}.fits": size for n in range(files)}, b"")
        lengths = [self._fetched(f"/v1/bundles/{bundle.id}/archive.{kind}") for kind in KINDS]
        master = self.server.process.pid
        workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        peak = max(service.peak(int(pid)) for pid in workers)
        return {"set": "sparse", "files": files, "bytes": min(lengths), "api_peak_mb": round(peak / 1e6, 1)}

    def _middle(self, address: str) -> float:
        def once() -> float:
            with taking(f"curl {address}") as taken:
                self._fetched(address)
            return taken.value

        return middle(once, self.times)

    def _fetched(self, address: str) -> int:
        """Bytes that curl got, which must be all."""
        key = f"Authorization: Bearer {self.site.keys['ann']}"
        words = ["-q", "-sS", "-f", "-o", "/dev/null", "-w", "%{size_download} %header{content-length}", "-H", key]
        done = subprocess.run(
            ["curl", *words, self.server.url + address], check=True, capture_output=True, text=True, timeout=LONGEST
        )
        got, told = done.stdout.split()
        if got != told:
            raise RuntimeError(f"{address}: {got} of {told} bytes")
        return int(got)

    def _publish(self, sizes: Mapping[str, int], block: bytes) -> Job:
        """A bundle of files of these sizes, made of `block` (or of holes), as workers leave it."""
        bundle = self.site.bundle(files={})
        box = self.site.api.stores.trees.path(bundle.owner, bundle.id, 1)
        first = _write(box / next(iter(sizes)), next(iter(sizes.values())), block)
        digest = digest_of(first)
        row = asdict(replace(manifest_row("JWST/o/x", b""), sha256=digest.sha256, crc32=digest.crc32))
        for path, size in sizes.items():
            _write(box / path, size, block)
        rows = ({**row, "path": path, "size": size} for path, size in sizes.items())
        tables.write(manifest_table(self.site.settings.tables.absolute(), bundle.id, 1), MANIFEST_COLUMNS, rows)
        return bundle


def _write(path: Path, size: int, block: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for start in range(0, size if block else 0, BLOCK):
            file.write(block[: size - start])
        file.truncate(size)
    return path


def _piped(command: str, box: Path) -> float:
    with taking(command) as taken:
        subprocess.run(["sh", "-c", command], cwd=box, check=True, timeout=LONGEST)
    return taken.value
