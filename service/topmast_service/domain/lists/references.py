"""What one reference stands for: a dataURI, an address, a file name with or without a path, an observation's id.

A plain name is completed to a dataURI by its own form (``mast:JWST/product/…``, ``mast:HST/product/…``, telemetry to
``mast:jwstedb/…``); what follows no rule of these archives is nothing, and `reasons.why_not` says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from topmast_service.domain import filename
from topmast_service.domain.filename import Recognised
from topmast_service.domain.lists.pasted import Form, Meant
from topmast_service.domain.product import PREFIXES

SHORTEST, LONGEST = 4, 1000
"""Characters of a reference."""

JWST, HST, TELEMETRY = "mast:JWST/product/", "mast:HST/product/", "mast:jwstedb/"

_URI = re.compile(r"mast:[!-~]{3,}")
"""Nothing that is blank, hidden or not ASCII: MAST's names have no such letters, and paths of a box must not."""

_COMBINED_HST = re.compile(r"hst_[a-z0-9_.+-]+\.(?:fits|jpg|png|ecsv|txt|json|csv)")
"""Hubble Advanced Products: ``hst_12345_01_acs_wfc_f814w_jclj01_drz.fits``."""

_HST_EXTENSIONS = frozenset({"fits", "jpg", "png", "gif", "ecsv", "txt", "json", "csv", "pdf", "log"})
_PLACED = frozenset({"exposure", "source", "association", "pool", "msa", "guide star"})
_PARAMETERS = frozenset({"uri", "product_name"})
"""Parameters by which MAST's addresses name files: of ``Download/file`` and bundles; of the mission search."""


def read(text: str) -> tuple[Meant, ...]:
    """The files or the observation that `text` stands for: several only for the address of several; empty for none."""
    if not SHORTEST <= len(text) <= LONGEST:
        return ()
    if text[:7].lower() == "mast%3a":
        text = unquote(text)
    if text[:5].lower() == "mast:":
        return _of_uri(text, "uri")
    if "://" in text or "uri=" in text:
        return _of_address(text)
    return _of_name(last_part(text), "name")


def first(values: Iterable[str]) -> tuple[Meant, ...]:
    """What the first of several values says that stand for the same thing; a dataURI decides, fetched here or not."""
    for value in values:
        if (found := read(value)) or value[:5].lower() == "mast:":
            return found
    return ()


def last_part(path: str) -> str:
    """What stands behind the last slash, of either kind."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _of_uri(text: str, form: Form) -> tuple[Meant, ...]:
    """The file of a dataURI that topmast fetches. MAST takes ``mast:jwst/product/…`` too; that is the same file."""
    lower = text.lower()
    prefix = next((p for p in PREFIXES if lower.startswith(p.lower())), "")
    rest = text[len(prefix) :]
    if rest[:8].lower() == "product/":
        rest = "product/" + rest[8:]
    if not prefix or not _URI.fullmatch(text) or not last_part(rest) or rest.endswith("/") or ".." in rest.split("/"):
        return ()
    return (Meant(form, prefix + rest),)


def _of_address(text: str) -> tuple[Meant, ...]:
    """The files of an address of MAST, topmast, the cloud or a staging server: by parameter, else by the path's end."""
    path, _, query = text.replace("&amp;", "&").partition("#")[0].partition("?")
    pairs = (pair.partition("=") for pair in (query or path).split("&"))
    named = [unquote(value) for key, _, value in pairs if key.lower() in _PARAMETERS]
    if not named:
        return tuple(m for m in _of_name(last_part(unquote(path)), "url") if m.form == "url")
    found = (_of_uri(n, "url") if n[:5].lower() == "mast:" else _of_name(last_part(n), "url") for n in named)
    return tuple(m for several in found for m in several)


def _of_name(name: str, form: Form) -> tuple[Meant, ...]:
    if len(name) > filename.LONGEST:
        return ()
    if _COMBINED_HST.fullmatch(lower := name.lower()):
        return (Meant(form, HST + lower),)
    found = filename.recognised(name)
    if found is None:
        return ()
    meant = _of_jwst(found, lower, form) if found.mission == "JWST" else _of_hst(found, lower, form)
    return () if meant is None else (meant,)


def _of_jwst(found: Recognised, lower: str, form: Form) -> Meant | None:
    if found.base == "engineering":
        return Meant(form, f"{TELEMETRY}{lower.removesuffix('.csv').upper()}.csv")
    if found.base == "wavefront":
        return Meant(form, f"{JWST}{lower.removesuffix('.fits').upper()}.fits")
    if found.base in _PLACED and found.extension and found.parts.get("suffix"):
        return Meant(form, JWST + lower)
    return Meant("observation", lower) if _is_observation(found) else None


def _is_observation(found: Recognised) -> bool:
    """Whether a name without an extension is CAOM's obs_id; a file set, which lacks its end, is none."""
    whole = {"exposure": "detector", "source": "elements", "planned": "instrument"}.get(found.base, "")
    return not found.extension and not found.parts.get("suffix") and bool(found.parts.get(whole))


def _of_hst(found: Recognised, lower: str, form: Form) -> Meant | None:
    """Hubble's rootnames have nine letters and digits; a word of nine letters is none."""
    if found.mission != "HST" or not any(map(str.isdigit, str(found.parts["obs_id"]))):
        return None
    if found.extension in _HST_EXTENSIONS:
        return Meant(form, HST + lower)
    return None if found.extension or found.parts.get("suffix") else Meant("observation", lower)
