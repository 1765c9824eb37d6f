"""Our small FITS reader against files that astropy writes, and against what is left of them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits as astropy_fits
from hypothesis import example, given, settings
from hypothesis import strategies as st

from topmast_service.staging import fits


def written(*extensions: object, **cards: object) -> bytes:
    """A FITS file by astropy."""
    primary = astropy_fits.PrimaryHDU()
    for keyword, value in cards.items():
        primary.header[keyword] = value
    file = io.BytesIO()
    astropy_fits.HDUList([primary, *extensions]).writeto(file)
    return file.getvalue()


def check(tmp_path: Path, content: bytes) -> fits.Cards:
    """Check these bytes."""
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    return fits.check(path)


def table() -> astropy_fits.BinTableHDU:
    """A table with a heap (PCOUNT > 0)."""
    column = astropy_fits.Column(name="V", format="PJ()", array=np.array([[1], [1, 2, 3]], dtype=object))
    return astropy_fits.BinTableHDU.from_columns([column])


def image() -> astropy_fits.ImageHDU:
    """A cube of 2-byte integers."""
    return astropy_fits.ImageHDU(np.zeros((3, 50, 70), dtype=">i2"))


def compressed() -> astropy_fits.CompImageHDU:
    """A tile-compressed image, as some HLSPs are."""
    return astropy_fits.CompImageHDU(np.arange(10_000, dtype=np.int32).reshape(100, 100))


@pytest.mark.parametrize(
    "content",
    [
        written(),
        written(image(), table(), image()),
        written(compressed()),
        written(*[image()] * 40),
        written(image()) + b"special records" + bytes(2880 - 15),
    ],
    ids=["empty", "mixed", "compressed", "many", "special-records"],
)
def test_whole_files_pass(tmp_path: Path, content: bytes) -> None:
    assert fits.text(check(tmp_path, content), "SIMPLE") == "T"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "begin"),
        (b"<html>" + bytes(2874), "begin"),
        (written(image())[:-1], "multiple"),
        (written(image())[:-2880], "announce"),
        (written(image())[:2880] + b"XTENSION= 'IMAGE'".ljust(2880), "END"),
        (b"SIMPLE  =".ljust(2880 * 3), "END"),
        (written().replace(b"NAXIS   =                    0", b"NAXIS   =                   -1"), "NAXIS"),
        (written().replace(b"BITPIX  =                    8", b"BITPIX  =                    ?"), "announce|BITPIX"),
    ],
)
def test_what_is_cut_or_broken_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    if b"?" in content[:200]:
        content = content.replace(b"NAXIS   =                    0", b"NAXIS   =                    1")
    with pytest.raises(fits.NotFits, match=says):
        check(tmp_path, content)


@settings(max_examples=25, deadline=None)
@given(blocks=st.integers(0, 11))
def test_no_cut_at_a_block_goes_unnoticed(tmp_path_factory: pytest.TempPathFactory, blocks: int) -> None:
    whole = written(image(), LONG="x")
    ends = {2880, len(whole)}  # after the primary header the file is a valid, smaller one
    content = whole[: 2880 * blocks]
    path = tmp_path_factory.mktemp("cut") / "a.fits"
    path.write_bytes(content)
    if len(content) in ends:
        fits.check(path)
    else:
        with pytest.raises(fits.NotFits):
            fits.check(path)


@given(text=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
@settings(max_examples=60, deadline=None)
@example(text="'/")  # astropy reads its own card `'''/'` back as a lone quote: the text itself is the witness
def test_text_values_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    content = written(CAL_VER=text, NUMBER=(17, "a / comment"))
    cards = check(tmp_path_factory.mktemp("text"), content)
    assert fits.text(cards, "CAL_VER") == text.rstrip()
    assert fits.text(cards, "NUMBER") == "17"
    assert fits.text(cards, "ABSENT") == ""


def test_a_header_of_hundreds_of_cards(tmp_path: Path) -> None:
    cards = {f"K{number}": number for number in range(900)}
    assert fits.text(check(tmp_path, written(**cards, CRDS_CTX="jwst_1.pmap")), "CRDS_CTX") == "jwst_1.pmap"
