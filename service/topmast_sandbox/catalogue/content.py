"""From a record to its bytes: how many there are, and what they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

from topmast_sandbox.catalogue import association, facts, fits, header, preview
from topmast_sandbox.catalogue.caom import hashed
from topmast_sandbox.catalogue.executed import Derived, Exposure, Visit
from topmast_sandbox.catalogue.fits import Hdu, Shape
from topmast_sandbox.catalogue.header import Revision
from topmast_sandbox.catalogue.record import Record
from topmast_sandbox.catalogue.segments import Noise, Segment, Text

MOSAIC = 1.6  # a dithered mosaic is that much larger than one frame, each way
GUIDE_SHAPES = {"GS-ID": Shape(2048, 2048), "GS-ACQ1": Shape(128, 128), "GS-ACQ2": Shape(32, 32)}
_GUIDE_WINDOW = Shape(32, 32, groups=2, ints=200)
_SOURCES = 40  # rows of a source catalogue at scale 1, per thousand pixels of side
_CAT_LINE = "{n:6d} {x:10.3f} {y:10.3f} {ra:13.8f} {dec:13.8f} {flux:12.5e}\n"


class Contents:
    """Sizes and bytes of records, for one seed and scale.

    Parameters
    ----------
    current
        Maps a file name as first archived to today's; associations and headers name files with it.
    """

    def __init__(self, seed: int, scale: float, current: Callable[[str], str]) -> None:
        self.seed = seed
        self.scale = scale
        self._current = current
        self._texts: dict[tuple[str, int], int] = {}

    def size(self, record: Record, revision: Revision) -> int:
        """True length in bytes; FITS and previews need no rendering, texts are rendered once."""
        if record.size is not None:
            return record.size + (grown(record, revision) * fits.BLOCK)
        if record.item.product_type == "PREVIEW":
            return preview.size(record.uri, revision.generation, self.scale)
        if facts.suffixes()[record.item.suffix].shape == "text":
            key = (record.filename, revision.generation)
            if key not in self._texts:
                self._texts[key] = len(self._text(record, revision))
            return self._texts[key]
        return fits.size(self._layout(record, revision))

    def segments(self, record: Record, revision: Revision) -> list[Segment]:
        """The bytes, as segments that add up to `size`."""
        length = self.size(record, revision)
        key = f"{self.seed}|{record.uri}|{revision.generation}"
        if record.filename.endswith((".jpg", ".jpeg", ".png")):
            return [*preview.segments(record.filename, key, length)]
        if record.filename.endswith(".fits"):
            return self._fits(record, revision, key, length)
        if record.size is not None:
            return [Noise(key, length)]
        return [Text(self._text(record, revision))]

    def _fits(self, record: Record, revision: Revision, key: str, length: int) -> list[Segment]:
        if record.size is None:
            hdus = self._layout(record, revision)
        elif length % fits.BLOCK == 0 and length >= fits.size([]):
            hdus = _filling(length)
        else:
            return [Noise(key, length)]  # a listed size that no FITS file can have
        return fits.segments(_cards(record, revision), hdus, _wcs(record), key)

    def _layout(self, record: Record, revision: Revision) -> tuple[Hdu, ...]:
        suffix = facts.suffixes()[record.item.suffix]
        shape = _shape(record)
        kind = suffix.shape
        if isinstance(record.owner, Visit) and kind != "table":
            kind = "ints" if shape.ints > 1 else "frame"
        return fits.layout(kind, suffix.hdus, shape, self.scale, grown(record, revision))

    def _text(self, record: Record, revision: Revision) -> bytes:
        suffix, owner = record.item.suffix, record.owner
        if suffix == "pool" and record.plan:
            return association.pool(record.plan, record.plan.program.generation(record.filename)).encode()
        if suffix == "asn" and record.plan and isinstance(owner, Derived | Exposure):
            writer = association.Writer(record.plan, record.filename, self._current, revision.cal_ver)
            return writer.text(owner).encode()
        return self._table(record, revision).encode()

    def _table(self, record: Record, revision: Revision) -> str:
        """A source catalogue or light curve in ECSV."""
        names = ["label", "xcentroid", "ycentroid", "ra", "dec", "flux"]
        columns = [{"name": n, "datatype": "int64" if n == "label" else "float64"} for n in names]
        meta = "".join(f"# - {json.dumps(c)}\n" for c in columns)
        head = f"# %ECSV 1.0\n# ---\n# datatype:\n{meta}# meta: {{cal_ver: '{revision.cal_ver}'}}\n{' '.join(names)}\n"
        ra, dec = (float(str(record.plane[k] or 0.0)) for k in ("s_ra", "s_dec"))
        rows = 12 + round(_SOURCES * 1000 * self.scale) + grown(record, revision)
        key = f"{self.seed}|{record.uri}|{revision.generation}"
        return head + "".join(_source(key, n, ra, dec) for n in range(1, rows + 1))


def _source(key: str, n: int, ra: float, dec: float) -> str:
    x, y = hashed(f"{key}x{n}", 10**6) / 500, hashed(f"{key}y{n}", 10**6) / 500
    flux = (1 + hashed(f"{key}f{n}", 10**6)) / 1e9
    return _CAT_LINE.format(n=n, x=x, y=y, ra=ra + (x - 1000) * 3e-5, dec=dec + (y - 1000) * 3e-5, flux=flux)


def grown(record: Record, revision: Revision) -> int:
    """Rows that a reprocessed file has more or less than the first: -1, 0 or 1 by chance (some keep their length)."""
    if revision.grown is not None:
        return revision.grown
    return hashed(f"{record.uri}{revision.generation}", 3) - 1 if revision.generation else 0


def _shape(record: Record) -> Shape:
    if isinstance(record.owner, Visit):
        return GUIDE_SHAPES.get(str(record.item.sub_group), _GUIDE_WINDOW)
    exposure = record.exposure
    if exposure is None:
        return Shape(1024, 1024)
    x, y = exposure.mode.frame
    if isinstance(record.owner, Derived) and not exposure.mode.tso:
        return Shape(round(x * MOSAIC), round(y * MOSAIC))
    return Shape(x, y, exposure.mode.groups, exposure.ints)


def _filling(length: int) -> tuple[Hdu, ...]:
    """One image extension that makes a FITS file exactly `length` bytes long (or none, if nothing is left)."""
    left = length - fits.size([]) - fits.BLOCK
    return (Hdu("SCI", -32, (fits.BLOCK // 4, left // fits.BLOCK)),) if left > 0 else _bare(left)


def _bare(left: int) -> tuple[Hdu, ...]:
    return (Hdu("SCI", -32, (0,)),) if left == 0 else ()


def _cards(record: Record, revision: Revision) -> list[tuple[str, fits.Value, str]]:
    """Primary header cards: what is known, then a plausible value for what is not."""
    known = header.values(record, revision)
    instrument = "GUIDER" if isinstance(record.owner, Visit) else str(known.get("instrume") or "MIRI")
    cards = [
        (card, _said(known.get(column), column in known, plausible), comment)
        for card, column, comment, plausible in _template(instrument)
    ]
    cards += [(k, v, "reference file") for k, v in header.references(record, revision.crds_ctx).items()]
    return cards + [(k, v, "calibration step") for k, v in header.steps(record).items()]


@cache
def _template(instrument: str) -> tuple[tuple[str, str, str, fits.Value], ...]:
    """Cards of an instrument's headers: keyword, archive column, comment, and what is plausible if nothing is known."""
    made: dict[str, fits.Value] = {"string": "NONE", "bool": False, "int": 1}
    words = header.of_instrument(instrument, header=True)
    floats = {w.card: hashed(w.column, 10**6) / 10**6 for w in words if w.type == "float"}
    return tuple((w.card, w.column.lower(), w.comment, floats.get(w.card, made.get(w.type))) for w in words)


def _said(value: object, is_known: bool, plausible: fits.Value) -> fits.Value:
    """A keyword's value; undefined where known not to apply, plausible where nothing is known."""
    if isinstance(value, str | int | float):
        return value
    return None if is_known else plausible


def _wcs(record: Record) -> list[tuple[str, fits.Value, str]]:
    ra, dec = record.plane["s_ra"], record.plane["s_dec"]
    if not isinstance(ra, float) or not isinstance(dec, float):
        return []
    step = 0.11 / 3600
    cards: list[tuple[str, fits.Value, str]] = [
        ("WCSAXES", 2, ""),
        ("CTYPE1", "RA---TAN", ""),
        ("CTYPE2", "DEC--TAN", ""),
    ]
    cards += [("CUNIT1", "deg", ""), ("CUNIT2", "deg", ""), ("CRVAL1", ra, ""), ("CRVAL2", dec, "")]
    cards += [("CRPIX1", 512.5, ""), ("CRPIX2", 512.5, ""), ("CDELT1", -step, ""), ("CDELT2", step, "")]
    return [*cards, ("RADESYS", "ICRS", ""), ("BUNIT", "MJy/sr", "")]
