"""Where MAST or CRDS gives a file, for us and for whoever fetches from MAST themselves."""

from __future__ import annotations

from urllib.parse import quote

from topmast_service.domain import crds

_PATH = "/api/v0.1/Download/file"  # MAST's, as astroquery.mast 0.4.11 asks it


def file_url(mast_url: str, crds_url: str, uri: str) -> str:
    """The address of a dataURI at MAST's download service; of ``crds://``, at CRDS."""
    if not uri.startswith(crds.SCHEME):
        return f"{mast_url.rstrip('/')}{_PATH}?uri={quote(uri, safe=':/')}"
    name = uri.removeprefix(crds.SCHEME)
    floor = "mappings" if name.endswith("map") else "references"
    return f"{crds_url.rstrip('/')}/unchecked_get/{floor}/jwst/{quote(name, safe='')}"
