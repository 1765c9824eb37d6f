"""The main job, start to end, on one machine: `make demo`.

Search M 57, keep JWST's MIRI images, have their mosaics and association files staged, read the mail, fetch over FTPS
and over HTTP, verify, stop. Everything lands in ``demo/`` (or the folder named), which is made anew each time. The
archive is the sandbox with shrunken files; without `--sandbox` the same lines ask the real MAST.
"""

from __future__ import annotations

import fcntl
import ftplib
import hashlib
import json
import mailbox
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import topmast

HOME = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1] / "demo").resolve()
MARK = HOME / "made-by-make-demo"
DATA = HOME / "service"
SCALE = "0.004"
START_WITHIN, JOB_WITHIN = 90, 90
MAIL_LINES, TREE_FOLDERS = 21, 3


def main() -> int:
    """Run it; 0 when every file arrived by both ways with the right checksum."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun = time.monotonic()
    fresh_folder()
    with service() as endpoint, topmast.Client.from_endpoint(DATA / "endpoint.json") as client:
        job = stage(client)
        read_mail(endpoint, job.id)
        fetch_ftps(endpoint, job, HOME / "ftps")
        headline(f'job.download("{HOME.name}/http")')
        report = job.download(HOME / "http", progress=True)
        checked = [verify(HOME / way) for way in ("ftps", "http")]
        show_tree(HOME / "http")
    same = checked[0] == checked[1] and report.ok
    say(f"{job.outcome}: {checked[1]} files, {report.bytes / 1e6:.1f} MB, by FTPS and HTTP alike, every SHA-256 right")
    say(f"in {time.monotonic() - begun:.0f} seconds; everything is stopped, what it left is in {HOME.name}/")
    return 0 if same else 1


def fresh_folder() -> None:
    """An empty ``demo/``. Only a former demo is removed, and never one that still runs."""
    if HOME.exists() and any(HOME.iterdir()):
        if not MARK.exists():
            sys.exit(f"{HOME} is not a former demo: move it away, nothing of it is touched")
        with MARK.open() as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                sys.exit(f"another demo runs in {HOME}: wait for its end")
        shutil.rmtree(HOME)
    HOME.mkdir(parents=True, exist_ok=True)
    MARK.write_text("`make demo` removes this folder and makes it anew.\n")


@contextmanager
def service() -> Iterator[dict[str, Any]]:
    """The service with its sandbox as users start it; stopped at the end, whatever happened."""
    headline("topmast-service up --sandbox")
    command = [sys.executable, "-m", "topmast_service.cli", "up", "--sandbox", "--scale", SCALE]
    command += ["--port", "0", "--data", str(DATA)]
    # The mark stays locked for as long as `up` lives, so that the next demo does not remove what still runs.
    with (HOME / "up.log").open("wb") as log, MARK.open() as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        up = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, pass_fds=[mark.fileno()])  # noqa: S603 - ours
    try:
        yield wait_for_endpoint(up)
    finally:
        up.terminate()
        status = up.wait(60)
    if status:
        sys.exit(f"`up` ended with {status}:\n{(HOME / 'up.log').read_text()}")


def wait_for_endpoint(up: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What endpoint.json says once it is there."""
    path, until = DATA / "endpoint.json", time.monotonic() + START_WITHIN
    while not path.exists():
        if up.poll() is not None or time.monotonic() > until:
            sys.exit(f"`up` did not start:\n{(HOME / 'up.log').read_text()}")
        time.sleep(0.1)
    endpoint: dict[str, Any] = json.loads(path.read_text())
    say(f"ready: API {endpoint['url']}, FTPS port {endpoint['ftps']['port']}, MAST played by {endpoint['sandbox_url']}")
    return endpoint


def stage(client: topmast.Client) -> topmast.Bundle:
    """Search, choose, bundle, wait."""
    headline('client.search("m57 r=1m", mission="JWST")')
    found = client.search("m57 r=1m", mission="JWST", timeout=JOB_WITHIN)
    rows = list(found.rows())
    for instrument, number in sorted(Counter(row["instrument_name"] for row in rows).items()):
        say(f"{number:5}  {instrument}")
    miri = [row for row in rows if row["instrument_name"] == "MIRI/IMAGE" and row["calib_level"] == 3]
    headline(f"client.bundle({len(miri)} MIRI images, sub_groups=['I2D', 'ASN'], notify='astronomer@localhost')")
    job = client.bundle(miri, sub_groups=["I2D", "ASN"], notify="astronomer@localhost", label="M 57 with MIRI")
    job = client.bundles.get(job.wait(timeout=JOB_WITHIN, progress=True).id)
    say(f"{job.id} {job.phase} ({job.outcome}): " + ", ".join(f"{n} {what}" for what, n in facts(job).items()))
    return job


def facts(job: topmast.Bundle) -> dict[str, Any]:
    """The numbers that tell where all the rows went."""
    return {name: job.counts[name] for name in ("listed", "duplicates", "unique", "selected", "ok", "failed")}


def read_mail(endpoint: dict[str, Any], job_id: str) -> None:
    """The mail that says it is ready; it may come a moment after the job is done."""
    headline(f"the mail in {Path(endpoint['mailbox']).relative_to(HOME.parent)}/")
    until = time.monotonic() + 30
    while not (ready := [m for m in mailbox.Maildir(endpoint["mailbox"]) if f"{job_id} is ready" in m["Subject"]]):
        if time.monotonic() > until:
            sys.exit("no mail came")
        time.sleep(0.1)
    body = ready[0].get_payload(decode=True)
    lines = body.decode().splitlines() if isinstance(body, bytes) else []
    say(f"Subject: {' '.join(ready[0]['Subject'].split())}\n")
    say(
        "\n".join(
            [*lines[:MAIL_LINES], f"[… {len(lines) - MAIL_LINES} more lines: lftp, wget and curl, ready to paste]"]
        )
    )


def fetch_ftps(endpoint: dict[str, Any], job: topmast.Bundle, into: Path) -> None:
    """The box over FTPS with nothing but Python's own client; TLS on both connections, certificate verified."""
    where = job.ftps or {}
    headline(f"ftps://{where['host']}:{where['port']}{where['path']}")
    context = ssl.create_default_context(cafile=endpoint["ftps"]["ca_file"])
    with ftplib.FTP_TLS(context=context, timeout=30) as ftp:  # noqa: S321 - it is FTPS
        ftp.connect(where["host"], where["port"])
        ftp.login(where["user"], endpoint["api_key"])
        ftp.prot_p()
        fetched = sum(fetch_folder(ftp, PurePosixPath(where["path"]), into))
    say(f"{fetched / 1e6:.1f} MB into {into.relative_to(HOME.parent)}/")


def fetch_folder(ftp: ftplib.FTP_TLS, folder: PurePosixPath, into: Path) -> Iterator[int]:
    """Every file below `folder`; gives their sizes."""
    into.mkdir(parents=True)
    entries = [(name, fact) for name, fact in ftp.mlsd(str(folder)) if fact["type"] in ("file", "dir")]
    for name, fact in entries:
        if fact["type"] == "dir":
            yield from fetch_folder(ftp, folder / name, into / name)
            continue
        with (into / name).open("wb") as file:
            ftp.retrbinary(f"RETR {folder / name}", file.write)
        yield (into / name).stat().st_size


def verify(box: Path) -> int:
    """Compare every file with ``sha256sums.txt``; how many there are."""
    lines = (box / "sha256sums.txt").read_text().splitlines()
    for line in lines:
        digest, _, name = line.partition("  ")
        if hashlib.sha256((box / name).read_bytes()).hexdigest() != digest:
            sys.exit(f"{box / name} is not what the service staged")
    return len(lines)


def show_tree(box: Path) -> None:
    """The box as a person sees it: the first folders whole, the others by their number."""
    headline(f"the box, in {box.relative_to(HOME.parent)}/")
    folders = sorted(box.glob("*/*/"))
    for folder in folders[:TREE_FOLDERS]:
        say(f"{folder.relative_to(box)}/")
        for file in sorted(folder.iterdir()):
            say(f"    {file.name}  {file.stat().st_size:,}")
    say(f"[… {len(folders) - TREE_FOLDERS} more folders, one per observation]")
    for file in sorted(path for path in box.iterdir() if path.is_file()):
        say(f"{file.name}  {file.stat().st_size:,}")


def headline(text: str) -> None:
    """What happens next."""
    say(f"\n── {text}")


def say(text: str) -> None:
    """A line for the person at the terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
