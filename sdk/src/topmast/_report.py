"""What became of each file of a download."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ._html import card, folded, size
from ._manifest import ManifestRow

FETCHED, KEPT, FAILED = "fetched", "kept", "failed"


@dataclass(frozen=True)
class DownloadedFile:
    """One file: `status` is ``fetched``, ``kept`` (was there, checksum right) or ``failed`` (`reason` says why).

    `verified` tells whether a SHA-256 was known and compared; `size` is in bytes. `code` is the service's for why it
    failed, where that is what the service said: ``exclusive``, ``needs_mast_token``.
    """

    path: str
    status: str
    local: Path | None = None
    size: int = 0
    sha256: str = ""
    verified: bool = False
    reason: str = ""
    code: str = ""


@dataclass(frozen=True)
class DownloadReport:
    """All files of one download.

    Attributes
    ----------
    directory : Path
    files : tuple of DownloadedFile
    missing : tuple of ManifestRow
        Requested, but not in the box: the service could not get them, or may not give them. No download failed.
    """

    directory: Path
    files: tuple[DownloadedFile, ...] = ()
    missing: tuple[ManifestRow, ...] = ()

    @property
    def fetched(self) -> tuple[DownloadedFile, ...]:
        """What was fetched now."""
        return self._with(FETCHED)

    @property
    def kept(self) -> tuple[DownloadedFile, ...]:
        """What was there already, with the right checksum."""
        return self._with(KEPT)

    @property
    def failed(self) -> tuple[DownloadedFile, ...]:
        """What did not arrive."""
        return self._with(FAILED)

    @property
    def ok(self) -> bool:
        """Whether everything that the box holds is here."""
        return not self.failed

    @property
    def bytes(self) -> int:
        """Bytes of all files that are here."""
        return sum(file.size for file in self.files if file.status != FAILED)

    def summary(self) -> str:
        """One line for people."""
        parts = [f"{len(self.fetched)} fetched", f"{len(self.kept)} kept"]
        parts += [f"{len(self.failed)} failed"] if self.failed else []
        parts += [f"{len(self.missing)} not in the box"] if self.missing else []
        return f"{', '.join(parts)}; {size(self.bytes)} in {self.directory}"

    def _with(self, status: str) -> tuple[DownloadedFile, ...]:
        return tuple(file for file in self.files if file.status == status)

    def _repr_html_(self) -> str:
        bad = [(file.path, file.reason) for file in self.failed]
        bad += [(row.path or row.productFilename, row.reason) for row in self.missing]
        more = folded(f"{len(bad)} files are missing", ("file", "why"), bad) if bad else ""
        return card("Download", [("result", self.summary())], more)
