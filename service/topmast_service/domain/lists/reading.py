"""A pasted or uploaded list, whatever it is."""

from __future__ import annotations

from topmast_service.domain.lists import documents, lines, pages, scripts, tables
from topmast_service.domain.lists.gathering import gather
from topmast_service.domain.lists.pasted import LONGEST_TEXT, Pasted
from topmast_service.errors import NothingUnderstood

LONGEST = 8_000_000
"""Characters of a list. Whoever takes lists in refuses longer ones."""

SHOWN = 10


def read(text: str) -> Pasted:
    """The files and observations that a list from elsewhere names.

    Parameters
    ----------
    text
        File names with or without paths, dataURIs, addresses of MAST, topmast, the cloud or a staging server (also an
        input file of aria2), obs_ids or obsids; a curl script of MAST or ours; MANIFEST.HTML, ``manifest.csv``,
        ``manifest.json``, astroquery's manifest; the JSON of a subscription e-mail; up to `LONGEST` characters.

    Returns
    -------
    Pasted
        Each file and observation once, with the line where it stood; what was repeated; what was not understood.

    Raises
    ------
    NothingUnderstood
        Not a single entry names anything; with the first of them and why.
    """
    text = text.removeprefix("\ufeff")
    found = _read(text)
    if found.files or found.observations:
        return found
    first = [
        {"pointer": "/from/list", "detail": f"Line {n.line}, {n.text!r}: {n.reason}", "suggestions": [*n.suggestions]}
        for n in found.not_understood[:SHOWN]
    ]
    many = f"{found.unread:,} entries, none of which" if found.unread else "nothing that"
    begin = f"; it begins {text.strip()[:LONGEST_TEXT]!r}" if text.strip() else ""
    raise NothingUnderstood(f"The list has {many} names a file or an observation{begin}.", errors=first)


def _read(text: str) -> Pasted:
    if pages.is_page(text):
        return gather("manifest_html", pages.entries(text))
    if scripts.is_script(text):
        return gather("script", scripts.entries(text))
    if document := documents.read(text):
        return gather(document.kind, documents.entries(text, document))
    if top := tables.head(text):
        return gather("manifest_csv", tables.entries(text, top))
    return gather(None, lines.entries(text))
