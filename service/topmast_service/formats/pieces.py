"""Texts of a few characters as pieces worth sending."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

PIECE = 1 << 16
"""Characters, about: one write to a socket rather than one for each row."""


def joined(texts: Iterable[str]) -> Iterator[bytes]:
    """The texts one after another, in UTF-8, some 64 kB at a time."""
    held: list[str] = []
    length = 0
    for text in texts:
        held.append(text)
        length += len(text)
        if length >= PIECE:
            yield "".join(held).encode()
            held, length = [], 0
    if held:
        yield "".join(held).encode()
