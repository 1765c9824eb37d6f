"""Lists from elsewhere: scripts, manifests, subscription e-mails, pasted names. The service reads them."""

from __future__ import annotations

import os
from pathlib import Path

from ._errors import UsageError

LONGEST = 8_000_000
"""Bytes of a list, as many as the service takes."""

TOO_LONG = "Give it in parts, each as a bundle of its own."


def pasted(text: str) -> str:
    """A list as it was pasted.

    Raises
    ------
    UsageError
        It is longer than the service takes.
    """
    if len(text) > LONGEST or len(text.encode(errors="replace")) > LONGEST:
        raise UsageError(f"a list of {len(text):,} characters is too long: 8 MB at most", hint=TOO_LONG)
    return text


def of_file(path: os.PathLike[str]) -> str:
    """The list in a file: a MAST script, a MANIFEST, the JSON of a subscription e-mail, names or dataURIs.

    Raises
    ------
    UsageError
        It cannot be read, is no text, or is longer than the service takes.
    """
    file = Path(path)
    try:
        with file.open("rb") as opened:
            content = opened.read(LONGEST + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}") from None
    if len(content) > LONGEST:
        raise UsageError(f"{file} is too long for a list: 8 MB at most", hint=TOO_LONG)
    text = content.decode("utf-8-sig", errors="replace")
    if not text.strip() or "\x00" in text:
        raise UsageError(
            f"{file} holds no list" if "\x00" in text else f"{file} is empty",
            hint="A list is text: a .sh, .html, .csv, .json or .txt file.",
        )
    return text
