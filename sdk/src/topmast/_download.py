"""A whole box onto disk: in parallel, and with a word on every file."""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ._api_errors import ApiError, NotAuthenticated, NotFound
from ._arrivals import Arrivals, Outcome
from ._clock import Deadline
from ._errors import ConfigError, ConnectFailed, DownloadError, TopmastError, UsageError
from ._fetch import ChangedOnServer, Fetcher, Stopped, Wanted
from ._held import HOW_TO_STORE
from ._manifest import ManifestRow
from ._paging import items
from ._paths import safe_target
from ._progress import Progress, ProgressOption, shown
from ._reading import entries, members
from ._report import FAILED, DownloadedFile, DownloadReport
from ._session import Session
from ._tally import Tally
from ._wait import wait_for

if TYPE_CHECKING:
    from ._bundle import Bundle

log = logging.getLogger("topmast")

HOPELESS = (ConnectFailed, NotAuthenticated)  # would be the same for each of thousands of files
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class Downloader:
    """Fetches the box of one bundle; `box` is its path on the service."""

    def __init__(self, session: Session, box: str, directory: Path, deadline: Deadline, *, workers: int) -> None:
        if workers < 1:
            raise UsageError("max_workers is at least 1")
        self.session = session
        self.box = box
        self.root = directory
        self.deadline = deadline
        self.workers = workers
        self.stop = threading.Event()
        self.why_stopped = ""

    def follow(self, bundle: Bundle, progress: ProgressOption, *, raise_on_failure: bool) -> DownloadReport:
        """Fetch what has arrived while the bundle is being made, then the rest of its box."""
        self._make_root()
        with shown(progress, str(self.root)) as show, self._threads() as pool:
            tally = Tally(None, None, show, self.session.clock)
            fetcher = Fetcher(self.session, f"{self.box}/files", self.deadline, self.stop, tally.bytes)
            arrivals = Arrivals(
                self.session, self.box, self.deadline, lambda file: pool.submit(self._one, fetcher, tally, file)
            )

            def look(now: Progress) -> None:
                self.stop.clear()  # a service that was away is back
                tally.expect(now.files_total, now.bytes_total)
                arrivals.look()
                if not arrivals.any:
                    show(now)

            wait_for(bundle, self.session, self.deadline, look, raise_on_failure=True)
            came = arrivals.fetched()
        self.stop.clear()
        return self.run(progress, raise_on_failure=raise_on_failure, came=came)

    def run(
        self, progress: ProgressOption, *, raise_on_failure: bool, came: Mapping[str, Outcome] | None = None
    ) -> DownloadReport:
        """Fetch what the box holds, but for what `came` just now; see `Bundle.download`."""
        self._make_root()
        wanted, missing = self._contents()
        done = self._fetch_all(wanted, progress, came or {})
        stale = {path for path, (_, error) in done.items() if isinstance(error, ChangedOnServer)}
        if stale:
            log.debug("%d files changed since the manifest was read", len(stale))
            wanted, missing = self._contents()
            done |= self._fetch_all([file for file in wanted if file.path in stale], progress, {})
        report = DownloadReport(self.root, tuple(file for file, _ in done.values()), tuple(missing))
        if report.failed and raise_on_failure:
            raise _failure(report)
        return report

    def _make_root(self) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot write to {self.root}: {error}", hint="Give another directory.") from error

    def _contents(self) -> tuple[list[Wanted], list[ManifestRow]]:
        """What the box holds, its own tables included, and the rows whose files it lacks."""
        listed = items(self.session, f"{self.box}/manifest", deadline=self.deadline)
        rows = [ManifestRow.from_json(row) for row in listed]
        wanted = [Wanted(row.path, row.size, row.sha256) for row in rows if row.ok]
        return [*_distinct(wanted), *self._extras({file.path for file in wanted})], [row for row in rows if row.missing]

    def _extras(self, known: set[str]) -> list[Wanted]:
        """MANIFEST.HTML and its siblings: files at the root of the box that are no products."""
        try:
            listing = self.session.get(f"{self.box}/files/", deadline=self.deadline)
        except NotFound:
            return []
        files = [entry for entry in map(members, entries(listing.get("items"))) if entry.get("type") == "file"]
        rows = [ManifestRow.from_json({**entry, "path": entry.get("path") or entry.get("name")}) for entry in files]
        return [Wanted(row.path, row.size, row.sha256) for row in rows if row.path not in known]

    def _fetch_all(
        self, wanted: list[Wanted], progress: ProgressOption, came: Mapping[str, Outcome]
    ) -> dict[str, Outcome]:
        kept = {file.path: came[file.path] for file in wanted if _is_this(file, came.get(file.path))}
        rest = [file for file in wanted if file.path not in kept]
        with shown(progress, str(self.root)) as show, self._threads() as pool:
            tally = Tally(len(wanted), _size(wanted), show, self.session.clock)
            tally.already(len(kept), sum(file.size for file, _ in kept.values()))
            fetcher = Fetcher(self.session, f"{self.box}/files", self.deadline, self.stop, tally.bytes)
            done = kept | dict(pool.map(lambda file: self._one(fetcher, tally, file), rest))
        return {file.path: done[file.path] for file in wanted}

    @contextmanager
    def _threads(self) -> Iterator[ThreadPoolExecutor]:
        with ThreadPoolExecutor(self.workers, "topmast-download") as pool:
            try:
                yield pool
            except BaseException:
                # Ctrl-C, the bundle or the user's own callable failed: let the threads leave their parts and go.
                self.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _one(self, fetcher: Fetcher, tally: Tally, file: Wanted) -> tuple[str, Outcome]:
        error: Exception | None = None
        try:
            if self.stop.is_set():
                raise Stopped(f"not tried: {self.why_stopped or 'the download was stopped'}")
            result = fetcher.fetch(file, safe_target(self.root, file.path))
        except (TopmastError, OSError) as caught:
            error = caught
            code = caught.code if isinstance(caught, ApiError) else ""
            result = DownloadedFile(file.path, FAILED, reason=str(caught), code=code)
            self._stop_if_hopeless(caught)
        tally.file()
        return file.path, (result, error)

    def _stop_if_hopeless(self, error: Exception) -> None:
        full = isinstance(error, OSError) and error.errno in NO_SPACE
        if (full or isinstance(error, HOPELESS)) and not self.stop.is_set():
            self.why_stopped = str(error)
            self.stop.set()


def _distinct(wanted: Iterable[Wanted]) -> list[Wanted]:
    """One per path: products shared by several observations are listed once for each."""
    return list({file.path: file for file in wanted}.values())


def _is_this(wanted: Wanted, came: Outcome | None) -> bool:
    """Whether what came is the very version that the manifest names."""
    return came is not None and came[1] is None and bool(wanted.sha256) and came[0].sha256 == wanted.sha256


def _size(wanted: list[Wanted]) -> int | None:
    sizes = [file.size for file in wanted]
    return None if None in sizes else sum(size or 0 for size in sizes)


def _failure(report: DownloadReport) -> DownloadError:
    shown_first = "; ".join(f"{file.path}: {file.reason}" for file in report.failed[:3])
    more = f"; and {len(report.failed) - 3} more" if len(report.failed) > 3 else ""
    return DownloadError(
        f"{len(report.failed)} of {len(report.files)} files did not arrive: {shown_first}{more}",
        report=report,
        hint=_what_to_do({file.code for file in report.failed}),
    )


def _what_to_do(codes: set[str]) -> str:
    again = "Download again into the same directory: what arrived is kept."
    if "needs_mast_token" in codes:
        return f"{HOW_TO_STORE} {again}"
    return "MAST gives these to members of their program only; the rest is here." if codes == {"exclusive"} else again
