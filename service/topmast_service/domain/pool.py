"""Association pools (``_pool.csv``): every exposure of a program as the archive has it, one row per file.

After "JWST Associations" (documentation of the calibration pipeline) and a real pool of program 9505: a table
separated by ``|`` whatever its name says, column names in capitals, ``NULL`` for what does not apply.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from topmast_service.domain import association
from topmast_service.domain.association import Candidates
from topmast_service.errors import UnreadableAssociation

LARGEST = 64 * 1024 * 1024
"""Bytes of a pool; real ones have 16 to 77 kB, half a kilobyte a row."""

_SEGMENT = re.compile(r"-seg(\d+)$")
_TRUE = {"T", "TRUE", "Y", "1"}

_Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pooled:
    """One row: an exposure of a detector (a segment of it, in long time series). None: it does not apply.

    Attributes
    ----------
    filename
        The uncalibrated file.
    stem
        The exposure without detector and segment: ``jw09505001001_02102_00001``.
    exposures
        Exposures of its visit.
    specification, tile
        Which exposure specification of the observation, and which tile of its mosaic: a dither pattern belongs to both.
    pattern
        ``NONE`` for an exposure taken once: its `dithers` is then the number of somebody else's. A direct image
        beside four dithered spectra has ``NUMDTHPT`` 4 and is whole (program 9505).
    dither, dithers
        Which point of the pattern, counted over all visits, and how many the observation was to have.
    segments
        Files that this exposure and detector are split into.
    candidates
        Associations it may be part of: its observation's, and those that join observations.
    """

    filename: str
    program: str
    observation: int
    visit: int
    stem: str
    detector: str
    exp_type: str
    exposure: int
    exposures: int | None
    specification: int | None
    tile: int | None
    pattern: str | None
    dither: int | None
    dithers: int | None
    segment: int | None
    segments: int | None
    msa: str | None
    psf: bool
    imprint: bool
    background: bool
    tso: bool
    candidates: Candidates


def read(content: bytes | str) -> tuple[Pooled, ...]:
    """Every row of a pool, in its order.

    Raises
    ------
    UnreadableAssociation
        It is none, is too large, or names something that is no plain file name.
    """
    if len(content) > LARGEST:
        raise UnreadableAssociation(f"The pool has more than {LARGEST} bytes.")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        lines = csv.DictReader(io.StringIO(text), delimiter="|", quoting=csv.QUOTE_NONE, restval="NULL")
        return tuple(_row({k.upper(): v.strip() for k, v in line.items() if isinstance(k, str)}) for line in lines)
    except (KeyError, ValueError, csv.Error) as error:
        raise UnreadableAssociation(f"The pool cannot be read: {str(error)[:200]}") from None


def _row(cells: _Cells) -> Pooled:
    filename = association.plain(cells["FILENAME"])
    stem, detector, _ = filename.rsplit("_", 2)
    segment = _SEGMENT.search(stem)
    return Pooled(
        filename=filename,
        program=cells["PROGRAM"].lstrip("0"),
        observation=int(cells["OBS_NUM"]),
        visit=int(cells["VISIT"]),
        stem=_SEGMENT.sub("", stem),
        detector=detector,
        exp_type=cells["EXP_TYPE"],
        exposure=int(cells["EXPOSURE"]),
        exposures=_number(cells, "NEXPOSUR"),
        specification=_number(cells, "EXPSPCIN"),
        tile=_number(cells, "MOSTILNO"),
        pattern=_known(cells, "PATTTYPE"),
        dither=_number(cells, "PATT_NUM"),
        dithers=_number(cells, "NUMDTHPT"),
        segment=int(segment[1]) if segment else None,
        segments=_number(cells, "EXSEGTOT"),
        msa=association.plain(msa) if (msa := _known(cells, "MSAMETFL")) else None,
        psf=_true(cells, "IS_PSF"),
        imprint=_true(cells, "IS_IMPRT"),
        background=_true(cells, "BKGDTARG"),
        tso=_true(cells, "TSOVISIT"),
        candidates=association.candidates(_known(cells, "ASN_CANDIDATE")),
    )


def _known(cells: _Cells, column: str) -> str | None:
    """A cell; None for NULL, and where older pools have no such column."""
    cell = cells.get(column, "")
    return None if cell.upper() in {"", "NULL"} else cell


def _number(cells: _Cells, column: str) -> int | None:
    cell = _known(cells, column)
    return int(cell) if cell is not None else None


def _true(cells: _Cells, column: str) -> bool:
    return (_known(cells, column) or "").upper() in _TRUE
