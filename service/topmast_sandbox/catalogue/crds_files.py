"""CRDS reference files as downloads: small, valid, and the same every time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b

from topmast_sandbox.catalogue import crds, fits
from topmast_sandbox.catalogue.file import File, media_type
from topmast_sandbox.catalogue.segments import Segment, Text

_DELIVERED = datetime(2025, 6, 1, tzinfo=UTC)
_IMAGE = (fits.Hdu("SCI", -32, (256, 256)),)


@cache
def _known() -> frozenset[str]:
    return frozenset(crds.references())


def file(name: str) -> File | None:
    """A reference file by name; None when no mapping leads to it."""
    if name not in _known():
        return None
    size, body = _content(name)
    return File(
        uri=f"crds://{name}",
        filename=name,
        size=size,
        listed_size=size,
        etag=blake2b(name.encode(), digest_size=12).hexdigest(),
        modified=_DELIVERED,
        program="",
        rights="PUBLIC",
        release_mjd=None,
        media_type=media_type(name),
        body=body,
    )


def _content(name: str) -> tuple[int, Callable[[], Sequence[Segment]]]:
    if name.endswith(".fits"):
        return fits.size(_IMAGE), lambda: fits.segments(_cards(name), _IMAGE, [], name)
    text = f"#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n%YAML 1.1\n--- \nmeta: {{filename: {name}, telescope: JWST}}\n...\n"
    return len(text), lambda: [Text(text.encode())]


def _cards(name: str) -> list[tuple[str, fits.Value, str]]:
    _, instrument, kind, _ = name.split("_", 3)
    return [
        ("FILENAME", name, "name of this file"),
        ("TELESCOP", "JWST", "telescope"),
        ("INSTRUME", instrument.upper(), "instrument"),
        ("REFTYPE", kind.upper(), "kind of reference file"),
        ("USEAFTER", "2022-04-01T00:00:00", "valid from"),
        ("PEDIGREE", "GROUND", "where it comes from"),
    ]
