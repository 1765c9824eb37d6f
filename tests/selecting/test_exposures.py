"""Exposure types, dates and filters of products, from MAST's keyword services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.servers import SandboxProcess
from topmast_service.archive import observations, products
from topmast_service.archive.portal import Portal
from topmast_service.domain import dates, product_facts
from topmast_service.domain.exposures import Exposure, circles, of_guide_star, of_row
from topmast_service.errors import UpstreamDown
from topmast_service.store.exposures import Exposures
from topmast_service.workflows import exposures

OBSERVATIONS = (
    "jw01558-o001_t001_miri_f560w", "jw01558-o002_t002_miri_f770w", "jw01558-o002_t002_miri_ch1-shortmediumlong",
    "jw01558002001_02101_00001_mirimage",
)  # fmt: skip
"""Images, images beside spectra, and the target acquisition before them."""

DAYS = {"001": 59811, "002": 59764}
"""Observations of program 1558, and their days (MJD)."""


@contextmanager
def known(sandbox: SandboxProcess, *instruments: str, programs: tuple[str, ...] = ("1558",)) -> Iterator[Exposures]:
    with exposures.known(lambda: Portal(sandbox.url, 30), programs, instruments) as found:
        yield found


def listed(sandbox: SandboxProcess) -> set[str]:
    """The names of all products of `OBSERVATIONS`."""
    with closing(Portal(sandbox.url, 30)) as portal:
        obsids = [str(row["obsid"]) for row in observations.by_ids(portal, OBSERVATIONS)]
    batches = products.listing(lambda: Portal(sandbox.url, 30), obsids, batch=5, connections=1)
    return {row["productFilename"] for batch in batches for row in batch}


def test_images_by_date_and_type_and_the_target_acquisitions_beside_them(sandbox: SandboxProcess) -> None:
    names = listed(sandbox)
    with known(sandbox, "miri") as taken:
        told = {name: found for name in names if (found := taken.of(name))}
    assert {name.rpartition("_")[2] for name in names - told.keys()} == {"pool.csv"}  # they are of the whole program
    for name, found in told.items():
        observation = product_facts.of_name(name).observation
        assert int(found.begin or 0) == DAYS[observation or ""] or "_gs-" in name
    raw = {name: found for name, found in told.items() if name.endswith(("mirimage_uncal.fits", "short_uncal.fits"))}
    by_type = {(product_facts.of_name(name).observation, found.exp_type) for name, found in raw.items()}
    assert by_type == {("001", "MIR_IMAGE"), ("002", "MIR_IMAGE"), ("002", "MIR_MRS"), ("002", "MIR_TACQ")}
    acquired = {name for name, found in told.items() if found.exp_type == "MIR_TACQ"}
    assert {name.rpartition("_")[0] for name in acquired} == {OBSERVATIONS[3]}
    assert {f"{OBSERVATIONS[3]}_{tail}" for tail in ("uncal.fits", "rate.jpg", "cal.fits")} < acquired


def test_combined_products_have_rows_of_their_own(sandbox: SandboxProcess) -> None:
    with known(sandbox, "miri") as taken:
        image = taken.of("jw01558-o001_t001_miri_f560w_i2d.fits")
        assert image == taken.of("jw01558-o001_t001_miri_f560w_cat.ecsv")
        assert image == taken.of("jw01558-o001_t001_miri_f560w_i2d_thumb.jpg")
        assert image == Exposure("MIR_IMAGE", pytest.approx(59811.14194444), ("F560W",))
        cube = taken.of("jw01558-o002_t002_miri_ch3-shortmediumlong_s3d.fits")
        assert cube is not None
        assert cube.exp_type == "MIR_MRS"
        # one that MAST has no row of: what all of its file set have in common
        other = taken.of("jw01558-o001_t001_miri_f9999w_i2d.fits")
        assert other == Exposure("MIR_IMAGE", image.begin, ())
        assert taken.of("jw01558-o001_20250911t184340_image3_00001_asn.json") == Exposure("MIR_IMAGE", image.begin, ())
        mixed = taken.of("jw01558-o002_20250911t184340_spec3_00001_asn.json")
        assert mixed is not None
        assert (mixed.exp_type, int(mixed.begin or 0)) == (None, 59764)


def test_two_programs_and_two_instruments_in_a_query_each(sandbox: SandboxProcess) -> None:
    with known(sandbox, "nirspec", "niriss", programs=("01558", "1366", "1558")) as taken:
        spectrum = taken.of("jw01558-o006_t004_nirspec_f100lp-g140m_s3d.fits")
        series = taken.of("jw01366-o001_t001_niriss_clear-gr700xd-substrip256_x1dints.fits")
        assert taken.of("jw01558-o001_t001_miri_f560w_i2d.fits") is None
        assert taken.of("hst_12345_01_acs_wfc_f814w_jclj01_drz.fits") is None
    assert spectrum is not None
    assert (spectrum.exp_type, {*spectrum.elements}) == ("NRS_IFU", {"F100LP", "G140M"})
    assert series is not None
    assert (series.exp_type, {*series.elements}) == ("NIS_SOSS", {"CLEAR", "GR700XD"})
    services = sandbox.requests()["services"]
    assert {s: n for s, n in services.items() if "Jwst.Filtered" in s} == {
        "Mast.Jwst.Filtered.Niriss": 1, "Mast.Jwst.Filtered.Nirspec": 1,
    }  # fmt: skip


def test_channels_of_one_exposure_differ() -> None:
    with Exposures() as found:
        stem = "jw04358005001_02102_00001"
        short, long = (
            Exposure("NRC_IMAGE", 60543.6, ("F150W", "CLEAR")),
            Exposure("NRC_WFSS", 60543.7, ("F444W", "GRISMR")),
        )
        found.add([(f"{stem}_nrca1_cal.fits", short), (f"{stem}_nrcalong_cal.fits", long), ("odd.fits", long)])
        found.index()
        assert found.of(f"{stem}_nrca1_uncal.fits") == short
        assert found.of(f"{stem}_nrcalong_rateints.fits") == long
        assert found.of(f"{stem}_nrcb4_uncal.fits") == Exposure(None, 60543.6, ())
        assert found.of("jw04358005001_03101_00001_nrca1_uncal.fits") == Exposure(None, 60543.6, ())
        assert found.of("odd.fits") is None


def test_guide_stars_say_it_themselves_and_else_have_their_visits_begin() -> None:
    stamped = "jw01558001001_gs-acq1_2022190112233_uncal.fits"
    when = dates.to_mjd(dates.read("2022-07-09T11:22:33Z"))
    assert of_guide_star(stamped) == Exposure("FGS_ACQ1", pytest.approx(when))
    assert of_guide_star("jw01558001001_gs-fg_2022400112233_cal.fits") == Exposure(
        "FGS_FINEGUIDE", pytest.approx(when + 210)
    )
    assert of_guide_star("jw01558001001_gs-track_0000190112233_cal.fits") == Exposure("FGS_TRACK")
    with Exposures() as found:
        visits = {"001": 59811.5, "002": 59820.5}
        found.add(
            (f"jw01558001{visit}_02101_00001_mirimage_cal.fits", Exposure("MIR_IMAGE", begin, ("F560W",)))
            for visit, begin in visits.items()
        )
        found.index()
        assert found.of("jw01558001001_gs-id_1_stacked_cal.fits") == Exposure("FGS_ID-STACK", 59811.5)
        assert found.of("jw01558001001_gs-id_2_image_uncal.fits") == Exposure("FGS_ID-IMAGE", 59811.5)
        assert found.of("jw01558001002_gs-id_2_image_uncal.fits") == Exposure("FGS_ID-IMAGE", 59820.5)
        assert found.of("jw01558002001_gs-id_2_image_uncal.fits") == Exposure("FGS_ID-IMAGE")
        assert found.of("jw01558001001_01_msa.fits") == Exposure("MIR_IMAGE", 59811.5, ("F560W",))


@pytest.mark.parametrize(
    ("row", "exposure"),
    [
        ({"exp_type": "mir_mrs", "expstart": None, "date_obs_mjd": 5.5, "channel": "12", "band": "LONG"},
         Exposure("MIR_MRS", 5.5, ("LONG", "CH1", "CH2"))),
        ({"expstart": -999, "date_obs_mjd": float("nan"), "channel": "SHORT", "filter": "N/A", "pupil": "CLEAR"},
         Exposure(None, None, ("CLEAR",))),
        ({"exp_type": "NRS_IFU", "expstart": 7, "filter": "OPAQUE", "grating": "MIRROR"}, Exposure("NRS_IFU", 7.0, ())),
    ],
)  # fmt: skip
def test_cells_that_say_nothing_are_left_out(row: dict[str, object], exposure: Exposure) -> None:
    assert of_row(row) == exposure


def test_no_place_is_taken_for_another() -> None:
    assert circles("jw01558_20250911t184340_pool.csv") == circles("notes.txt") == circles("")


def test_without_mast_there_is_no_answer(sandbox: SandboxProcess) -> None:
    sandbox.post("faults", service="Mast.Jwst.Filtered.Nirspec", fault="status", status=503)
    with pytest.raises(UpstreamDown), known(sandbox, "miri", "nirspec"):
        pytest.fail("half an answer was given")


def test_work_that_is_no_longer_wanted_ends(sandbox: SandboxProcess) -> None:
    def check() -> None:
        raise InterruptedError

    with (
        pytest.raises(InterruptedError),
        exposures.known(lambda: Portal(sandbox.url, 30), ["1558"], ["miri"], check),
    ):
        pytest.fail("it went on")
