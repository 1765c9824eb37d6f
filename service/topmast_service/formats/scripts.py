"""A box for programs that fetch by themselves: a bash script, a list of addresses, aria2's input file.

Names are data in all three. In the script they stand in a here-document whose delimiter is quoted, so that bash reads
nothing into them; what runs is ``script.sh``, the same for every box.
"""

from __future__ import annotations

import shlex
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files

from topmast_service.formats.pieces import joined

SCRIPT_TYPE = "text/x-shellscript; charset=utf-8"
LIST_TYPE = "text/plain; charset=utf-8"

_END = "END OF THE LIST"
"""Each line of the list begins with a SHA-256, so that none is this one."""

_KEYS = {"topmast": "TOPMAST_API_KEY", "mast": "MAST_API_TOKEN"}
_ARIA2 = {
    "topmast": """\
# awk '1; /^  out=/ { print "  header=Authorization: Bearer " ENVIRON["TOPMAST_API_KEY"] }' aria2.txt | aria2c -i -""",
    "mast": "# aria2c -i aria2.txt",
}
"""How aria2 gets the key: on its standard input, which no `ps` shows. Its ``--conf-path`` takes no pipe."""


@dataclass(frozen=True)
class Place:
    """Where a box is fetched from: `source` is topmast or mast, `url` its address; `box` is the bundle's id."""

    box: str
    source: str
    url: str


@dataclass(frozen=True)
class Fetchable:
    """One file of a box: `path` in it, `size` in bytes, and its address (None: the place does not have it)."""

    path: str
    url: str | None
    sha256: str
    size: int


Files = Generator[Fetchable, None, None]


def script(place: Place, listed: Files) -> Iterator[bytes]:
    """A script for bash and curl that fetches, goes on, and checks. Half a script does nothing: it stands in braces."""
    return joined(_script(place, listed))


def urls(_: Place, listed: Files) -> Iterator[bytes]:
    """One address a line, for ``wget --input-file`` and the like."""
    return joined(f"{file.url}\n" for file in _having(listed))


def aria2(place: Place, listed: Files) -> Iterator[bytes]:
    """An input file for aria2 (``aria2c(1)``, "Input File"): address, place in the box, checksum. It holds no key."""
    return joined(_aria2(place, listed))


def _script(place: Place, listed: Files) -> Iterator[str]:
    yield _head(place)
    yield files(__package__).joinpath("script.sh").read_text(encoding="utf-8")
    yield f"list() {{\n  cat <<'{_END}'\n"
    count = left_out = 0
    with closing(listed):
        for file in listed:
            count, left_out = (count + 1, left_out) if file.url else (count, left_out + 1)
            yield f"{file.sha256}\t{file.size}\t{file.path}\t{file.url}\n" if file.url else ""
    yield f'{_END}\n}}\n\nmain {count} {left_out} "$@"\n}}\n'


def _head(place: Place) -> str:
    key = _KEYS[place.source]
    optional = "" if place.source == "topmast" else " where it is not public"
    settings = {"JOB": place.box, "SOURCE": place.source, "PLACE": place.url}
    return f"""\
#!/usr/bin/env bash
# The files of bundle {place.box}, from {place.source}: in parallel, resumed, each checked by its SHA-256.
#
#   bash script.sh [-j files at a time (4)] [-d folder ({place.box})]
#
# The key comes from the environment only: {key}{optional}.
# Files that are there and right are kept; run it again after any interruption. It asks nothing.
# TOPMAST_TRIES (6) and TOPMAST_PAUSE (2, seconds, doubling) say how often, and how soon, a file is tried again.
# Exit status: 0 every file is there and right, 1 some are not, 2 it could not begin.
{"".join(f"{name}={shlex.quote(value)}{chr(10)}" for name, value in settings.items())}
{{
"""


def _aria2(place: Place, listed: Files) -> Iterator[str]:
    options = "--continue --check-integrity --auto-file-renaming=false --max-concurrent-downloads=4"
    yield f"# The files of bundle {place.box}, from {place.source}; with bash:\n"
    yield f"{_ARIA2[place.source]} --dir={place.box} {options}\n"
    for file in _having(listed):
        yield f"{file.url}\n  out={file.path}\n  checksum=sha-256={file.sha256}\n"


def _having(listed: Files) -> Iterator[Fetchable]:
    with closing(listed):
        yield from (file for file in listed if file.url)
