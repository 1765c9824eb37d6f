"""Is this file what its name says? A second opinion beside the length: servers cut, mix up and apologise in HTML."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from topmast_service.domain import telemetry
from topmast_service.staging import fits

_JPEG, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_LINE = 4096  # bytes; none of engineering data is nearly so long
_PNG, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


class Unsound(Exception):
    """The bytes cannot be what the name promises; the message completes "the file …"."""


@dataclass(frozen=True)
class Content:
    """What the content itself tells.

    `whole` is True when the structure proves that nothing is missing at the end. The rest are the primary FITS
    header's CAL_VER, CRDS_CTX and DATE; empty for other formats.
    """

    whole: bool = False
    cal_ver: str = ""
    crds_ctx: str = ""
    date: str = ""


def inspect(path: Path, name: str) -> Content:
    """Check the structure of a file by the suffix of its name.

    Parameters
    ----------
    path
        Where the bytes are.
    name
        File name or dataURI; the suffix decides what is expected. Unknown suffixes only must not be HTML.

    Raises
    ------
    Unsound
        It is empty, an HTML page, or not what the suffix says.
    """
    suffix = PurePosixPath(name).suffix.lower()
    _refuse_html(path, suffix)
    look = _telemetry if name.startswith(telemetry.PREFIX) else _BY_SUFFIX.get(suffix)
    return look(path) if look else Content()


def _refuse_html(path: Path, suffix: str) -> None:
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        raise Unsound("is empty")
    if suffix not in {".html", ".htm"} and start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise Unsound("is an HTML page")


def _fits(path: Path) -> Content:
    try:
        cards = fits.check(path)
    except fits.NotFits as error:
        raise Unsound(f"is not a whole FITS file: {error}") from error
    return Content(True, *(fits.text(cards, keyword) for keyword in ("CAL_VER", "CRDS_CTX", "DATE")))


def _json(path: Path) -> Content:
    try:
        with path.open(encoding="utf-8") as file:
            json.load(file)
    except (ValueError, RecursionError) as error:
        raise Unsound("is not valid JSON") from error
    return Content(whole=True)


def _telemetry(path: Path) -> Content:
    """Engineering data: a header, and whole lines. No structure tells whether some are missing at the end."""
    with path.open("rb") as file:
        if file.readline().decode("utf-8", "replace").strip() != telemetry.HEADER:
            raise Unsound("has not the header of engineering data")
        file.seek(-min(path.stat().st_size, _LINE), 2)
        last = file.read().decode("utf-8", "replace")
    if not last.endswith("\n") or not _is_whole(last.splitlines()[-1]):
        raise Unsound("is cut in the middle of a line")
    return Content()


def _is_whole(line: str) -> bool:
    try:
        return line == telemetry.HEADER or bool(telemetry.sample(line))
    except telemetry.NotASample:
        return False


def _jpeg(path: Path) -> Content:
    return _picture(path, "JPEG", _JPEG, _JPEG_END)


def _png(path: Path) -> Content:
    return _picture(path, "PNG", _PNG, _PNG_END)


def _picture(path: Path, kind: str, magic: bytes, end: bytes) -> Content:
    with path.open("rb") as file:
        if not file.read(len(magic)).startswith(magic):
            raise Unsound(f"is not a {kind} picture")
        file.seek(-len(end), 2)
        # Cameras and tools append to pictures, so that another end is no fault; it only proves nothing.
        return Content(whole=file.read() == end)


_BY_SUFFIX: dict[str, Callable[[Path], Content]] = {
    ".fits": _fits,
    ".json": _json,
    ".jpg": _jpeg,
    ".jpeg": _jpeg,
    ".png": _png,
}
