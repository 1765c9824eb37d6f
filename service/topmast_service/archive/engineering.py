"""The JWST engineering database: its mnemonics (public), and the samples of one of them (for a token's owner).

The list is a Portal service; samples come as CSV files through the download service, made while they are sent: without
length, validator or ranges (mast-protocol §12.1). So a file counts only if its end is marked and its last line whole.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from topmast_service.archive.portal import Portal
from topmast_service.archive.transfer import Downloads, Stream
from topmast_service.domain import telemetry
from topmast_service.domain.telemetry import NotASample, Sample
from topmast_service.errors import DiskFull, TransferFailed

MNEMONICS = "Mast.JwstEdb.Mnemonics"
SAMPLES = "Download/file (mast:jwstedb)"

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_IN_MEMORY = 16 << 20
"""Bytes of one answer that are kept in memory; the rest of a longer one goes to the disk."""


def mnemonics(portal: Portal) -> Iterator[dict[str, Any]]:
    """Every mnemonic: subsystem, tlmMnemonic, tlmIdentifier, description, sqlDataType, unit. Some 15,000 rows."""
    return portal.rows(MNEMONICS, {})


@contextmanager
def samples(downloads: Downloads, uri: str, folder: Path) -> Iterator[Iterator[Sample]]:
    """The samples in one telemetry file, read only once the whole of it is there.

    Parameters
    ----------
    downloads
        On behalf of whoever asks.
    folder
        Where a large answer is put while it is read; nothing of it stays.

    Raises
    ------
    NeedsMastToken, MissingOnServer
        MAST's answer; the latter for a mnemonic that it does not know.
    TransferBroken, TransferFailed, UpstreamDown
        The answer is cut, or is none.
    """
    with SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(folder)) as file:
        with downloads.open(uri) as stream:
            _copy(stream, file, uri)
        file.seek(0)
        if file.readline().rstrip() != telemetry.HEADER.encode():
            raise TransferFailed(f"What MAST sent for {uri} is no engineering data.")
        yield _read(file, uri)


def _copy(stream: Stream, file: IO[bytes], uri: str) -> None:
    end = b""
    for chunk in stream:
        try:
            file.write(chunk)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise DiskFull("There is no room for MAST's answer.") from error
        end = chunk[-1:]
    if end != b"\n" or not stream.head.framed:
        raise TransferFailed(f"MAST's answer for {uri} is cut.")


def _read(file: IO[bytes], uri: str) -> Iterator[Sample]:
    try:
        for line in file:
            yield telemetry.sample(line.decode("utf-8", "replace").rstrip("\r\n"))
    except NotASample as error:
        raise TransferFailed(f"MAST's answer for {uri} has a line that is no sample: {error}") from error
