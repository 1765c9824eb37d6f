"""Files are valid, exactly as long as stated, the same every time, and any range of them is cheap."""

import io
import itertools
import json
import random
import warnings

import pytest
from astropy.io import ascii as tables
from astropy.io import fits
from PIL import Image

from topmast_sandbox.catalogue import open_catalogue
from topmast_sandbox.clock import Clock

PREFIX = "mast:JWST/product/"


@pytest.fixture(scope="module")
def catalogue():
    return open_catalogue(clock=Clock(), scale=0.002)


def body(file, start=0, stop=None):
    return b"".join(file.read(start, stop))


def one_of_each(catalogue):
    """A file of every suffix, type and instrument."""
    found = {}
    for source in catalogue._sources:
        for record in source.records():
            key = (
                record.item.suffix,
                record.item.sub_group,
                str(record.plane["instrument_name"])[:6],
                record.filename[-4:],
            )
            found.setdefault(key, record.uri)
    return [catalogue.file(uri) for uri in found.values()]


def test_every_kind_of_file_is_as_long_as_stated_and_opens(catalogue):
    kinds = one_of_each(catalogue)
    assert len(kinds) > 80
    for file in kinds:
        data = body(file) if file.size < 3_000_000 else body(file, 0, 2_000_000)
        assert file.listed_size == file.size
        assert len(data) == min(file.size, 2_000_000) if file.size >= 3_000_000 else len(data) == file.size, file.uri
        if file.size < 3_000_000:
            opens(file, data)


def opens(file, data):
    extension = file.filename.rpartition(".")[2]
    if extension == "fits":
        assert file.size % 2880 == 0
        with fits.open(io.BytesIO(data)) as hdus:
            hdus.verify("exception")
            assert all(hdu.data is not None for hdu in hdus[1:])
    elif extension in {"jpg", "png"}:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert image.format == {"jpg": "JPEG", "png": "PNG"}[extension]
    elif extension == "json":
        json.loads(data)
    elif extension == "ecsv":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert len(tables.read(data.decode(), format="ecsv")) > 10


@pytest.mark.parametrize(
    "name",
    [
        "jw01558-o001_t001_miri_f1000w_i2d.fits",
        "jw01073001001_02101_00001_nrca1_uncal.fits",
        "jw02736007001_03101_00001_nrs1_cal.fits",
        "jw01366001001_02101_00001-seg002_nis_calints.fits",
    ],
)
def test_headers_have_more_than_one_block_of_real_cards(catalogue, name):
    with fits.open(io.BytesIO(body(catalogue.file(PREFIX + name)))) as hdus:
        header = hdus[0].header
    cards = [c for c in header.cards if c.keyword]
    assert len(cards) >= 300
    assert len({c.keyword for c in cards}) == len(cards)
    assert header["FILENAME"] == name
    assert header["TELESCOP"] == "JWST"
    assert header["PROGRAM"] == int(name[2:7])
    assert header["CRDS_CTX"].endswith(".pmap")
    assert header["CAL_VER"]
    assert header["R_FLAT"].startswith("crds://jwst_")
    assert catalogue.crds_file(header["R_FLAT"].removeprefix("crds://"))
    positions = [i for i, c in enumerate(header.cards) if c.keyword in {"CAL_VER", "CRDS_CTX", "R_FLAT"}]
    assert max(positions) > 36  # beyond the first 2,880 bytes
    assert catalogue.file(PREFIX + header["ASNTABLE"])
    assert catalogue.file(PREFIX + header["ASNPOOL"])


def test_a_range_is_the_slice(catalogue):
    chance = random.Random(7)  # noqa: S311  (which slices to try)
    for name in (
        "jw01558-o001_t001_miri_f1000w_i2d.fits",
        "jw01558-o001_t001_miri_f1000w_i2d.jpg",
        "jw01558-o001_t001_miri_f1000w_cat.ecsv",
        "jw01366-o004_t001_nirspec_clear-prism-sub2048_x1dints.png",
    ):
        file = catalogue.file(PREFIX + name)
        whole = body(file)
        for _ in range(30):
            start, stop = sorted(chance.randrange(file.size + 1) for _ in range(2))
            assert body(file, start, stop) == whole[start:stop]
        assert body(file, file.size - 1) == whole[-1:]
        assert body(file, 5, file.size + 100) == whole[5:]
        assert body(file, file.size) == b""


def test_a_range_deep_in_a_real_size_file_is_cheap_and_chunks_are_small():
    catalogue = open_catalogue(clock=Clock(), scale=1.0)
    file = catalogue.file(PREFIX + "jw01366001001_02101_00001-seg002_nis_uncal.fits")
    assert file.size > 3_000_000_000
    assert file.size % 2880 == 0
    assert len(body(file, 3_000_000_000, 3_000_001_000)) == 1000
    assert max(len(c) for c in itertools.islice(file.read(), 50)) <= 256 * 1024
    rate = catalogue.file(PREFIX + "jw01073001001_02101_00001_nrca1_rate.fits")
    assert 83_800_000 < rate.size < 84_100_000  # the archive's real size of a full-frame rate file


def test_bytes_depend_on_seed_and_file_but_not_on_the_run():
    name = PREFIX + "jw01558-o001_t001_miri_f1000w_i2d.fits"
    first, again, other = (open_catalogue(clock=Clock(), scale=0.002, seed=s) for s in (1, 1, 2))
    assert body(first.file(name)) == body(again.file(name))
    assert first.file(name).etag == again.file(name).etag
    assert body(first.file(name)) != body(other.file(name))
    assert first.file(name).etag != other.file(name).etag
    assert body(first.file(name)) != body(first.file(name.replace("f1000w", "f770w")))


def test_no_block_of_noise_equals_its_neighbour(catalogue):
    """Bytes taken from a wrong offset must be noticed."""
    file = open_catalogue(clock=Clock(), scale=0.3).file(PREFIX + "jw01073001001_02101_00001_nrca1_rate.fits")
    start = 12 * 2880 + 2880
    blocks = {body(file, start + n * 65536, start + n * 65536 + 4096) for n in range(40)}
    assert len(blocks) == 40


def test_a_demo_bundle_is_small(catalogue):
    """The images and associations of the nine M 57 filters, as `make demo` bundles them."""
    unique = {}
    for row in catalogue.observations():
        if row["proposal_id"] == "1558" and row["obs_id"].startswith("jw01558-o001"):
            for p in catalogue.products(row["obsid"]):
                if p["productSubGroupDescription"] in {"I2D", "ASN", "POOL", "CAT"}:
                    unique[p["dataURI"]] = p["size"]
    assert len(unique) == 9 * (17 + 17 + 1) + 1
    assert sum(unique.values()) < 30_000_000


def test_crds_mappings_lead_to_reference_files(catalogue):
    def named(text):
        scope: dict[str, object] = {"Match": dict, "UseAfter": dict}
        exec(text, scope)  # noqa: S102  (CRDS mappings are Python with two names and two selectors)
        return scope["selector"]

    imap = named(catalogue.crds_mapping("jwst_1413.pmap"))["MIRI"]
    rmap = named(catalogue.crds_mapping(imap))["FLAT"]
    (reference,) = named(catalogue.crds_mapping(rmap))["MIRIMAGE"].values()
    file = catalogue.crds_file(reference)
    data = body(file)
    assert len(data) == file.size
    with fits.open(io.BytesIO(data)) as hdus:
        assert hdus[0].header["REFTYPE"] == "FLAT"
    assert catalogue.crds_file("jwst_miri_flat_9999.fits") is None
    assert catalogue.crds_mapping("jwst_acs_1413.imap") is None
