"""The grammar of file names: how each kind of file is called, and the vocabulary of the parts.

After JDox "JWST File-Naming Conventions" (candidates, segments, source ids of 9 digits; 5 digits, and 3 in association
numbers, in older builds), CRDS "Naming", the archive manuals on engineering and wavefront data.
"""

from __future__ import annotations

import re

VISIT = r"jw(?P<program>\d{5})(?P<observation>\d{3})(?P<visit>\d{3})"
_GROUP = r"(?P<visit_group>\d{2})(?P<parallel_sequence>\d)(?P<activity>[0-9a-z]{2})"
CANDIDATE = r"[aocr]\d{3,4}"
_TIME = r"\d{8}t\d{6}"
_DETECTOR = r"nrc[ab](?:[1-5]|long)|nis|nrs[12]|mirimage|mirifushort|mirifulong|guider[12]"
_INSTRUMENT = r"nircam|niriss|nirspec|miri|fgs"

_PATTERNS: dict[str, str] = {
    "exposure": rf"{VISIT}_{_GROUP}_(?P<exposure>\d{{5}})(?:-seg(?P<segment>\d{{3}}))?"
    rf"(?:_(?P<detector>{_DETECTOR})(?:_(?P<association>{CANDIDATE}))?(?:_(?P<suffix>[a-z0-9-]+))?)?",
    "planned": rf"{VISIT}_xx(?P<activity>[0-9a-z]{{3}})_(?P<exposure>\d{{5}})_(?P<instrument>{_INSTRUMENT})",
    "source": rf"jw(?P<program>\d{{5}})-(?P<association>{CANDIDATE})_"
    r"(?:t(?P<target>\d{3})|(?P<source_kind>[sbv])(?P<source>\d{5,9}))(?:-epoch(?P<epoch>\d+))?"
    rf"_(?P<instrument>{_INSTRUMENT})(?:_(?P<elements>[a-z0-9-]+?)(?:_(?P<suffix>[a-z0-9-]+))?)?",
    "association": rf"jw(?P<program>\d{{5}})-(?P<association>{CANDIDATE})_(?P<made>{_TIME})"
    r"_(?P<type>[a-z0-9-]+)_(?P<number>\d{3,5})_(?P<suffix>asn)",
    "pool": rf"jw(?P<program>\d{{5}})_(?P<made>{_TIME})_(?P<suffix>pool)",
    "msa": rf"{VISIT}_(?P<configuration>\d{{2}})_(?P<suffix>msa)",
    "guide star": rf"{VISIT}_gs-(?P<step>id|acq1|acq2|track|fg)_(?:(?P<ended>\d{{13}})|(?P<attempt>\d{{1,2}}))"
    r"(?:-seg(?P<segment>\d{3}))?(?:_(?P<image>image|stacked))?(?:[_-](?P<suffix>uncal|cal|stream))?",
    "engineering": r"(?P<mnemonic>[a-z][a-z0-9_]{2,28})-(?P<start>\d{8}t\d{6})-(?P<end>\d{8}t\d{6})",
    "wavefront": r"(?P<correction>[ro]\d{10})-(?P<aperture>[a-z0-9_]+)-(?P<number>\d+)",
    "reference": rf"jwst(?:_(?P<instrument>{_INSTRUMENT}))?(?:_(?P<type>[a-z0-9-]+))?_(?P<number>\d{{4}})",
}
READ = {base: re.compile(pattern) for base, pattern in _PATTERNS.items()}

EXTENSIONS = {
    "exposure": {"", "fits", "jpg", "png"}, "planned": {""}, "source": {"", "fits", "jpg", "png", "ecsv"},
    "association": {"json"}, "pool": {"csv"}, "msa": {"fits"}, "guide star": {"fits", "jpg"},
    "engineering": {"csv"}, "wavefront": {"fits"}, "reference": {"fits", "asdf", "json", "pmap", "imap", "rmap"},
}  # fmt: skip

OTHERS = {
    "HST": re.compile(r"(?P<obs_id>[fijlnouvwxyz][a-z0-9]{8})(?:_(?P<suffix>[a-z0-9]+))?"),
    "GALEX": re.compile(r"(?P<obs_id>(?:ais|mis|dis|ngs|gii|cai)_\w+)-(?P<suffix>[fnx]d-[a-z0-9_-]+)"),
}
"""Other missions' names, by their archives' handbooks; their files come with JWST's around the same target."""

KINDS = {
    "o": "observation", "c": "candidate: background, PSF reference or mosaic", "a": "discovered in the whole program",
    "r": "reserved",
}  # fmt: skip
SOURCES = {"s": "source", "b": "background", "v": "virtual slit"}
OF_DETECTORS = {"nrc": "NIRCAM", "nis": "NIRISS", "nrs": "NIRSPEC", "mir": "MIRI", "gui": "FGS"}
ELEMENT = re.compile(
    r"f\d{3,4}(?:w2|wr|w|m|n|lp|c|x)|clearp?|gr150[cr]|gr700xd|grism[rcv]?\d?|prism|g\d{3}[mh]|mirror|opaque|p750l|nrm|"
    r"ch[1-4]+|short|medium|long|shortmedium|shortlong|mediumshort|mediumlong|longshort|longmedium|flens|wl[mp]\d|"
    r"mask[a-z0-9]+|gdhs\d*|pinholes|flat|fnd"
)
GUIDE_STAR_STEPS = {
    "id": "identification", "acq1": "acquisition, first", "acq2": "acquisition, second",
    "track": "tracking", "fg": "fine guiding",
}  # fmt: skip
DETAILS = (
    "made", "type", "number", "configuration", "step", "ended", "attempt", "image", "mnemonic", "start", "end",
    "correction", "aperture",
)  # fmt: skip
WHOLE = (
    "observation", "visit", "visit_group", "parallel_sequence", "exposure", "segment", "target", "epoch",
)  # fmt: skip
AS_IT_IS = ("activity", "detector", "association", "source", "suffix", "instrument", "obs_id")
PICTURES = {"jpg", "png"}
