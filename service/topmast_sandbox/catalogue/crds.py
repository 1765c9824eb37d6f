"""Reference files: which one each file's ``R_`` cards name, and the CRDS mappings that lead there.

Names follow CRDS (``jwst_miri_flat_0786.fits``). Which number belongs to which detector is made up, the same
everywhere: header cards, mappings and downloads agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from topmast_sandbox.catalogue import facts
from topmast_sandbox.catalogue.caom import hashed

KINDS = facts.words("references")
USED = {k: v.split() for k, v in facts.load("vocabulary.toml")["used"].items()}
DETECTORS = {k: v.split() for k, v in facts.load("vocabulary.toml")["detectors"].items()}
_MODELS = facts.words("models")
CONTEXT = re.compile(r"^jwst_(\d{4})\.pmap$")


def reference(instrument: str, kind: str, detector: str) -> str:
    """Reference file name of a detector: ``jwst_miri_flat_0786.fits``."""
    number = hashed(f"{instrument}{kind}{detector}", 900) + 10
    extension = "asdf" if kind in _MODELS else "fits"
    return f"jwst_{instrument.lower()}_{kind.lower()}_{number:04d}.{extension}"


def uri(instrument: str, kind: str, detector: str, context: str) -> str:
    """What an ``R_`` card says: ``crds://jwst_miri_flat_0786.fits`` or ``N/A``."""
    if kind not in USED.get(instrument, ()) or detector not in DETECTORS[instrument] or not context:
        return "N/A"
    return f"crds://{reference(instrument, kind, detector)}"


def references() -> Iterator[str]:
    """Every reference file there is."""
    for instrument, kinds in USED.items():
        for kind in kinds:
            yield from (reference(instrument, kind, detector) for detector in DETECTORS[instrument])


def mapping(name: str) -> str | None:
    """Text of a CRDS mapping: pmap names imaps, an imap names rmaps, an rmap names reference files.

    Any four-digit context exists; None for a name that is no mapping of ours.
    """
    context = CONTEXT.match(name)
    if context:
        number = context[1]
        return _text(name, "INSTRUME", {i: f"jwst_{i.lower()}_{number}.imap" for i in USED})
    parts = re.match(r"^jwst_([a-z]+)_(?:([a-z0-9]+)_)?(\d{4})\.(imap|rmap)$", name)
    if not parts or parts[1].upper() not in USED:
        return None
    instrument, kind, number = parts[1].upper(), (parts[2] or "").upper(), parts[3]
    if parts[4] == "imap" and not kind:
        return _text(name, "REFTYPE", {k: f"jwst_{parts[1]}_{k.lower()}_{number}.rmap" for k in USED[instrument]})
    if parts[4] == "rmap" and kind in USED[instrument]:
        return _text(name, "DETECTOR", {d: reference(instrument, kind, d) for d in DETECTORS[instrument]})
    return None


def _text(name: str, parameter: str, chosen: dict[str, str]) -> str:
    lines = "".join(f"    '{key}' : '{value}',\n" for key, value in sorted(chosen.items()))
    said = {"mapping": name.rpartition(".")[2], "name": name, "observatory": "JWST", "parkey": (parameter,)}
    head = "".join(f"    {key!r} : {value!r},\n" for key, value in said.items())
    return f"header = {{\n{head}}}\n\nselector = {{\n{lines}}}\n"
