"""Where a product lies in a box.

``mast``: ``JWST/<obs_id>/<file>``, as in MAST's own bundles. ``flat``: everything in one folder, as MAST stages it.
``pipeline``: ``Obs007/uncal/<file>``, by observation and stage, as STScI's notebooks lay out what they work on.
``by_program``: ``02736/obsnum07/<file>``, as jwst_mast_query does, whose word for no observation is ``NA``.

What calwebb needs: it looks for the members of an association in the association's own folder, and for the MSA file
beside what it is run on. So in ``flat`` every association of the box can be run as it is. In ``pipeline`` stage 1 runs
on each file of ``uncal`` as it is, and the MSA file lies with the association; but the association names its members
without folders, so a run of it needs them written in (``../rate/…``), as the notebooks do.

References lie as in a CRDS cache in its "instrument" mode, in every layout: ``CRDS_PATH=<box>/crds``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from topmast_service.domain import product
from topmast_service.domain.safe_names import apart, safe_path

LAYOUTS = ("mast", "flat", "pipeline", "by_program")
DEFAULT = "mast"

NAMED = 5
"""Clashes named in a note; the manifest has all paths."""

_WRITABLE = frozenset({"pipeline"})
_CRDS = "crds"
_TAKEN = frozenset({"manifest.html", "manifest.json", "manifest.csv", "excluded.csv", "sha256sums.txt", _CRDS})
"""What the box itself has at its top."""

_OF_JWST = re.compile(r"jw(\d{5})(?:(\d{3})\d{3}_|-([aocr])(\d{3,4})_|_)")
_STAGES = {"rateints": "rate", "calints": "cal", "pool": "asn", "msa": "asn"}
_SUFFIX = re.compile(r"_([a-z0-9-]{1,32})\.[a-z]+$")
_PICTURES = (".jpg", ".png")
_NO_OBSERVATION = "NA"


def writable(layout: str | None) -> bool:
    """Whether users are to write into the box, so that its files must be nobody else's."""
    return layout in _WRITABLE


class Places:
    """Gives each product of a box its path, in the order in which they are asked for.

    Where two would lie in one place (capitals do not count: some filesystems ignore them), the later one gets a name
    that only its dataURI has. The same rows in the same order always get the same paths.

    Attributes
    ----------
    clashes
        How many got such a name.
    """

    def __init__(self, layout: str) -> None:
        self._layout = layout
        self._taken = set(_TAKEN)
        self._named: list[str] = []
        self.clashes = 0

    def of(self, row: Mapping[str, Any]) -> str:
        """The path of a product row."""
        path = wanted = place(self._layout, row)
        tries = 0
        while path.lower() in self._taken:
            path, tries = apart(wanted, row["dataURI"], tries), tries + 1
        self._taken.add(path.lower())
        if tries:
            self.clashes += 1
            self._named += [path] if len(self._named) < NAMED else []
        return path

    def notes(self) -> list[str]:
        """What to tell about clashes."""
        if not self.clashes:
            return []
        more = ", …" if self.clashes > len(self._named) else ""
        named = ", ".join(self._named) + more
        return [f"{self.clashes} files have the name of another and were given one of their own: {named}."]


def place(layout: str, row: Mapping[str, Any]) -> str:
    """Where a product lies, whatever else is in the box. Every piece of the path is harmless (`safe_names.safe`).

    Parameters
    ----------
    layout
        One of `LAYOUTS`.
    row
        With MAST's columns.

    Examples
    --------
    >>> asn = {"dataURI": "mast:JWST/product/jw02736-o007_20220712t161855_image2_00001_asn.json"}
    >>> place("pipeline", {**asn, "obs_collection": "JWST"})
    'Obs007/asn/jw02736-o007_20220712t161855_image2_00001_asn.json'
    """
    name = str(row.get("productFilename") or product.filename(row["dataURI"]))
    if str(row["dataURI"]).startswith("crds:"):
        return _in_crds(name)
    if layout == "flat":
        return safe_path(name)
    program, observation = _whereabouts(name, row)
    if layout == DEFAULT or not program:
        return _in_mast(name, row)
    if layout == "by_program":
        number = f"obsnum{int(observation):02}" if observation.isdecimal() else _NO_OBSERVATION
        return safe_path(program, number, name)
    return safe_path(f"Obs{observation or _NO_OBSERVATION}", _stage(name, row), name)


def _in_mast(name: str, row: Mapping[str, Any]) -> str:
    """By mission and observation. So lies in every layout but ``flat`` what is of no JWST program: HST, HLSP,
    telemetry, wavefront maps."""
    mission = str(row.get("obs_collection") or "MAST")
    obs_id = str(row.get("obs_id") or product.stem(row["dataURI"]))
    return safe_path("MAST" if mission.lower() in _TAKEN else mission, obs_id, name)


def _in_crds(name: str) -> str:
    """As the ``crds`` package keeps its cache: what has no instrument (pars-system…) is under ``all``."""
    if name.endswith("map"):
        return safe_path(_CRDS, "mappings", "jwst", name)
    instrument = re.match(r"jwst_([a-z]+)_", name)
    return safe_path(_CRDS, "references", "jwst", instrument[1] if instrument else "all", name)


def _whereabouts(name: str, row: Mapping[str, Any]) -> tuple[str, str]:
    """Program (five digits) and observation of a file; blank where neither its name nor its row tells.

    The observation is ``007``, or the candidate of an association over several: ``C1001`` (background, mosaic),
    ``A3001`` (discovered in the whole program). A pool's name tells none; then that of the row counts.
    """
    if str(row.get("obs_collection") or "JWST").upper() != "JWST":
        return "", ""
    found = [_OF_JWST.match(text) for text in (name, str(row.get("obs_id") or ""))]
    told = [(match[1], _observation(match)) for match in found if match]
    return next((one for one in told if one[1]), told[0] if told else ("", ""))


def _observation(found: re.Match[str]) -> str:
    _, observation, kind, number = found.groups()
    if kind is None:
        return observation or ""
    return f"{int(number):03}" if kind == "o" else f"{kind.upper()}{number}"


def _stage(name: str, row: Mapping[str, Any]) -> str:
    """The folder within an observation: by the stage that takes the file, else by its suffix."""
    if product.of_row(row, mrp=False).guide_star:
        return "gs"
    if name.lower().endswith(_PICTURES):
        return "preview"
    suffix = _SUFFIX.search(name)
    return _STAGES.get(suffix[1], suffix[1]) if suffix else "other"
