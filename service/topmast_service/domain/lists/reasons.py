"""Why a reference is not understood, and what may have been meant. Slow, so it is asked for few."""

from __future__ import annotations

from urllib.parse import unquote

from topmast_service.domain import filename
from topmast_service.domain.product import PREFIXES
from topmast_service.errors import UnknownFilename

Reason = tuple[str, tuple[str, ...]]

NOTHING = "Neither a file name nor a dataURI, an address or an observation."
LOOKED_AT = 100
"""Characters of a text by which it is judged."""

_MARKS = ("mast:", "jw", "hst_", "hlsp_")
_EXTENSIONS = {"asn": "json", "pool": "csv", "cat": "ecsv", "phot": "ecsv", "whtlt": "ecsv"}


def looks_meant(token: str) -> bool:
    """Whether somebody meant this to name a file: then it is told if it does not."""
    return token[:8].lower().startswith(_MARKS) and any(map(str.isdigit, token[:LOOKED_AT]))


def why_not(text: str) -> Reason:
    """Reason and suggestions for a text that was not understood."""
    if "uri=" in text:
        text = unquote(text.rpartition("uri=")[2])
    if text[:5].lower() == "mast:":
        return _of_uri(text)
    name = text.strip().replace("\\", "/").rpartition("/")[2].lower()
    if len(name) > filename.LONGEST or not looks_meant(name):
        return NOTHING, ()
    if "*" in name or "?" in name:
        return "A pattern, not a name: search for it by obs_id, and bundle the search.", ()
    if name.startswith("hlsp_"):
        return "High-level products are named by their whole dataURI: mast:HLSP/…", ()
    whole = f"{name}.{_EXTENSIONS.get(name.rpartition('_')[2], 'fits')}"
    if "." not in name and (found := filename.recognised(whole)) and found.parts.get("suffix"):
        return "A file name without its extension.", (whole,)
    return _of_name(name)


def _of_uri(text: str) -> Reason:
    if text.lower().startswith(tuple(p.lower() for p in PREFIXES)):
        return "No whole dataURI: mast:JWST/product/ and the name of a file, in ASCII and without blanks.", ()
    return f"Only dataURIs under {', '.join(PREFIXES)} are fetched.", ()


def _of_name(name: str) -> Reason:
    if found := filename.recognised(name):
        if found.base == "reference":
            return "A calibration reference file: CRDS has those, not MAST.", ()
        return "A file set, no observation: search for it by obs_id with * behind, and bundle the search.", ()
    try:
        filename.explain(name)
    except UnknownFilename as unknown:
        said = unknown.errors[0]
        stem, dot, extension = name.rpartition(".")
        near = (f"{stem.rpartition('_')[0]}_{suffix}{dot}{extension}" for suffix in said["suggestions"])
        return str(said["detail"]), tuple(n for n in near if filename.recognised(n))
    return NOTHING, ()
