"""Scripts that fetch: MAST's ``bundle.sh`` (from the Portal and from astroquery), other people's curl and wget, ours.

MAST's names each file five times (in a manifest, in messages, as a path, in its address); what counts is what is
fetched. So the addresses are read, and only where there are none, whatever else names a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from topmast_service.domain.lists import lines, reasons, references
from topmast_service.domain.lists.pasted import LONGEST_TEXT, Entry

_SCRIPT = re.compile(r"\A\s{0,99}#!|^[ \t]{0,40}(?:curl|wget|aria2c)[ \t]", re.MULTILINE)
_ADDRESS = re.compile(r"""(?:https?|ftps?|s3)://[^\s'"`<>|)]+""")
_NAMES_A_FILE = re.compile(r"[?&](?:uri|product_name)=[^$&]")
"""In an address; what ``uri=$1`` means only the shell knows."""


def is_script(text: str) -> bool:
    """Whether a text is a shell script, or commands to be pasted into a shell."""
    return _SCRIPT.search(text) is not None


def entries(text: str) -> Iterator[Entry]:
    """The files that a script fetches."""
    fetched = False
    for entry in _addresses(text):
        fetched = fetched or entry.meant is not None
        yield entry
    if not fetched:
        yield from _once(lines.entries(text))


def _addresses(text: str) -> Iterator[Entry]:
    for number, line in lines.numbered(text):
        if line.lstrip().startswith("#"):
            continue
        for match in _ADDRESS.finditer(line):
            address = match[0].replace("\\", "")  # the shell's own, in an address without quotes
            every = references.read(address)
            yield from (Entry(number, address, meant) for meant in every)
            if not every and (_NAMES_A_FILE.search(address) or reasons.looks_meant(references.last_part(address))):
                yield Entry(number, address[:LONGEST_TEXT], None)


def _once(found: Iterator[Entry]) -> Iterator[Entry]:
    """Files only, and no repeats: commands and variables are not meant to name files."""
    seen: set[str] = set()
    for entry in found:
        if entry.meant is not None and entry.meant.form != "observation" and entry.meant.name not in seen:
            seen.add(entry.meant.name)
            yield entry
