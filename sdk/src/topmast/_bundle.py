"""A bundle: files staged together, and what became of each."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from ._archive import Archive, contents, format_of
from ._download import Downloader
from ._errors import BadAnswer, UsageError
from ._html import size
from ._job import Job, path_part, seconds
from ._manifest import ManifestRow
from ._messages import Request
from ._paging import items
from ._progress import ProgressOption
from ._reading import entries, members, moment, text, whole
from ._report import DownloadReport


@dataclass(frozen=True, repr=False)
class Bundle(Job):
    """A bundle as it was at one moment.

    Attributes
    ----------
    revision : int or None
        Which published state of the files this is.
    counts, bytes : dict
        ``listed = unique + duplicates``, ``unique = selected + excluded``; bytes in all, fetched and cached.
    ftps : dict or None
        ``host``, ``port``, ``user`` and ``path``; the password is the API key.
    shares : tuple of str
        Users who may look at it besides its owner.
    release_due : datetime or None
        When MAST is asked next for what it withheld; see `Bundles.submit`, `release`.
    superseded : dict
        ``count`` of the delivered files that were reprocessed since, as far as the service has seen, and some paths.
    """

    part: ClassVar[str] = "bundle"
    route: ClassVar[str] = "bundles"

    revision: int | None = None
    counts: Mapping[str, Any] = field(default_factory=dict, compare=False)
    bytes: Mapping[str, Any] = field(default_factory=dict, compare=False)
    ftps: Mapping[str, Any] | None = field(default=None, compare=False)
    superseded: Mapping[str, Any] = field(default_factory=dict, compare=False)
    shares: tuple[str, ...] = ()
    release_due: dt.datetime | None = None

    @classmethod
    def _members(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        part = members(document.get("bundle"))
        return super()._members(document) | {
            "revision": whole(part.get("revision")),
            "counts": members(part.get("counts")),
            "bytes": members(part.get("bytes")),
            "ftps": members(part.get("ftps")) or None,
            "superseded": members(part.get("superseded")),
            "shares": tuple(text(name) for name in entries(part.get("shares"))),
            "release_due": moment(part.get("release_due")),
        }

    def manifest(self) -> list[ManifestRow]:
        """Every requested file with its status and reason, in the service's order.

        Raises
        ------
        NotReady
            The bundle is not published yet.
        """
        return [ManifestRow.from_json(row) for row in items(self._talk(), f"{self._own_path()}/manifest")]

    def retry(self, *, everything: bool = False) -> Self:
        """Make the next revision: the failed files tried again, or `everything` listed and checked anew.

        The revision before stays in sight until then; what was reprocessed meanwhile comes only with `everything`.
        """
        return self._tell("retry", "?what=all" if everything else "")

    def share(self, *users: str) -> Self:
        """Let other users of the service look at it, over FTPS too; only its owner can.

        They do not get more files than MAST gives *them*: what is public, and what their own MAST token opens.

        Raises
        ------
        NotFound
            There is no such user, or the bundle is somebody else's.
        """
        return self._shared("PUT", users)

    def unshare(self, *users: str) -> Self:
        """From now on they see nothing of it; that they did not before is no error."""
        return self._shared("DELETE", users)

    def _shared(self, method: str, users: tuple[str, ...]) -> Self:
        if not users:
            raise UsageError("with whom?", hint="bundle.share('bob'), for instance.")
        for path in [f"{self._own_path()}/shares/{path_part(user)}" for user in users]:
            self._talk().call(Request(method, path))
        return self.refresh()

    def difference(self, old: int, new: int) -> list[dict[str, Any]]:
        """One row for each file that is not the same in both revisions: path, dataURI, change, old and new version."""
        answer = self._talk().get(f"{self._own_path()}/diff", (("old", str(int(old))), ("new", str(int(new)))))
        return [dict(members(row)) for row in entries(answer.get("items"))]

    def download(
        self,
        directory: str | os.PathLike[str],
        *,
        max_workers: int = 4,
        progress: ProgressOption = None,
        timeout: float | dt.timedelta | None = None,
        raise_on_failure: bool = True,
    ) -> DownloadReport:
        """Fetch the box into `directory`, laid out as the manifest says; all of it, also while the bundle is made.

        What is verified is fetched while the bundle runs, the rest and the box's own tables once it is published.
        Files come in parallel, each into a part file that is renamed once its SHA-256 is right, so that nothing
        half-done ever has a file's own name. Call it again after any interruption: what is there and right
        (by checksum) is kept, what is half there goes on where it stopped.

        Parameters
        ----------
        directory
            Made if absent. Paths that would lead out of it are refused.
        max_workers
            Files at a time.
        timeout
            Seconds in all; None for no limit.
        raise_on_failure
            False gives the report also when files failed, instead of raising.

        Raises
        ------
        DownloadError
            Some files did not arrive; ``error.report`` has all of them. What is in exclusive access and MAST does not
            give you is among them (``code`` is ``exclusive`` or ``needs_mast_token``), and the rest has come.
        JobError
            The bundle was not published (see `wait`); what came of it is kept.
        """
        limit = self._talk().clock.deadline(seconds(timeout))
        downloader = Downloader(self._talk(), self._own_path(), Path(directory), limit, workers=max_workers)
        if self.done or self.revision is not None:  # while it is retried, the revision before is what there is
            return downloader.run(progress, raise_on_failure=raise_on_failure)
        return downloader.follow(self, progress, raise_on_failure=raise_on_failure)

    def archive(
        self,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,  # noqa: A002 - what it is called everywhere
        progress: ProgressOption = None,
        timeout: float | dt.timedelta | None = None,
    ) -> Path:
        """Fetch the whole box as one file, which unpacks into one folder named after the bundle.

        The service makes it while it sends it. After any interruption call it again: what is half there goes on where
        it stopped, as long as the bundle is the same; `path` is written only when all of it is there. An archive has
        no checksum of its own; ``sha256sums.txt`` in it has one for every file, and zip a CRC-32 besides. It holds what
        you may have: `absent_from` tells what it lacks.

        Parameters
        ----------
        path
            The file, whose folder is made if absent.
        format
            ``zip`` or ``tar``; by default what the name of `path` ends in.
        timeout
            Seconds in all; None for no limit.

        Raises
        ------
        UsageError
            Neither `format` nor the name says which.
        TopmastError, OSError
            It did not work; what was at `path` before still is. Larger bundles than the service packs are
            refused with the code ``archive_too_large``: `download` fetches them.
        """
        target = Path(path).absolute()
        limit = self._talk().clock.deadline(seconds(timeout))
        return Archive(self._talk(), self._own_path(), format or format_of(target), limit).fetch(target, progress)

    def absent_from(self, path: str | os.PathLike[str]) -> list[ManifestRow]:
        """What was requested and an archive that was fetched does not hold: not in the box (`ManifestRow.missing`), or
        not for you, since MAST gives it to others only.

        Raises
        ------
        UsageError
            There is no archive at `path`.
        """
        held = contents(Path(path))
        return [row for row in self.manifest() if row.status != "EXCLUDED" and row.path not in held]

    def link(
        self, path: str = "", *, until: dt.datetime | dt.timedelta | None = None, archive: str | None = None
    ) -> str:
        """An address that opens a part of the box without a key; give it to whoever should have that.

        Parameters
        ----------
        path
            A file, or a folder with everything below it, from the top of the box; the whole box unless given.
        until
            When, or in how long, it ends: not after the bundle. By default in a week.
        archive
            ``"zip"`` or ``"tar"``: the whole box as one file, in place of `path`.
        """
        body = {"path": path, "until": _end(until), "archive": archive}
        given = {name: value for name, value in body.items() if value}
        reply = self._talk().call(Request("POST", f"{self._own_path()}/links", json=given))
        if url := text(reply.json().get("url")):
            return url
        raise BadAnswer("the answer is not a link", url=reply.url)

    def script(self, path: str | os.PathLike[str] | None = None, *, source: str = "topmast") -> str:
        """A script for bash and curl that fetches the box, goes on where it stopped, and checks every file.

        Parameters
        ----------
        path
            Where to write it too.
        source
            ``"mast"``: the products straight from MAST.

        Returns
        -------
        str
            The script; it holds no key.
        """
        script = self._list("script.sh", source)
        if path is not None:
            Path(path).write_text(script, encoding="utf-8")
        return script

    def urls(self, *, source: str = "topmast") -> list[str]:
        """The address of every file, here or (``source="mast"``) at MAST."""
        return self._list("urls.txt", source).splitlines()

    def _list(self, name: str, source: str) -> str:
        request = Request("GET", f"{self._own_path()}/{name}", (("source", source),), headers={"Accept": "*/*"})
        return self._talk().call(request).body.decode()

    def copy_to(self, directory: str | os.PathLike[str], *, overwrite: bool = False, label: str | None = None) -> Job:
        """Have the service copy the box into a directory that it shares with you; wait for it with ``.wait()``.

        Each file is read back from the disk and verified; what is there and right is kept, and ``sha256sums.txt`` comes
        last. ``job.raw["copy"]`` tells how many were copied, kept, and could not be.

        Parameters
        ----------
        directory
            On the service's side: below a root that its operator allows, relative to the first of them or absolute.
        overwrite
            Replace files of the same names with other bytes, instead of leaving them and saying so.
        label
            A name of your own.

        Raises
        ------
        NotAllowed
            No copies may be put there.
        Expired
            The files are gone.
        """
        body: dict[str, Any] = {"directory": os.fspath(directory), "overwrite": overwrite}
        body |= {} if label is None else {"label": label}
        return Job._received(self._talk().submit(f"{self._own_path()}/copies", body), self._talk())

    def _facts(self) -> list[tuple[str, object]]:
        names = ("selected", "ok", "failed")
        counts = ", ".join(f"{self.counts[name]} {name}" for name in names if self.counts.get(name) is not None)
        expires = self.destruction.isoformat(timespec="minutes") if self.destruction else ""
        held = size(whole(self.bytes.get("total")))
        due = self.release_due.isoformat(timespec="minutes") if self.release_due else ""
        more = [("shared with", ", ".join(self.shares)), ("asks for the rest", due)]
        return [*super()._facts(), ("files", counts), ("size", held), ("kept until", expires), *more]

    def _brief(self) -> str:
        done = self.progress
        return super()._brief() + (f" {done.files_done or 0}/{done.files_total} files" if done.files_total else "")


def _end(until: dt.datetime | dt.timedelta | None) -> str | None:
    """As the service reads times; naive ones are the user's local ones, as everywhere in Python."""
    moment = dt.datetime.now(dt.UTC) + until if isinstance(until, dt.timedelta) else until
    return None if moment is None else f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
