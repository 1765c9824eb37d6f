"""Mnemonics: public, by name, words and subsystem."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engineering.conftest import rows_of, search
from tests.workflows.conftest import Site
from topmast_service.domain import job
from topmast_service.errors import EmptySelection, Invalid


@pytest.mark.parametrize(
    ("criteria", "names"),
    [
        ({"mnemonic": "sa_zattest1"}, {"SA_ZATTEST1"}),
        ({"mnemonic": ["IMIR_HK_*", "IFGS*NUM"]}, {"IMIR_HK_ICE_SEC_VOLT1", "IMIR_HK_FW_POS_RATIO", "IFGS_ACQ_INUM"}),
        ({"description": "steering mirror"}, {"SA_ZADUCMDX", "SA_ZADUCMDY"}),
        ({"description": "voltage SECONDARY"}, {"IMIR_HK_ICE_SEC_VOLT1"}),
        ({"description": ["temp*", "preamp*"]}, {"IGDP_MIR_IC_T1_DIFF", "INRSD_A1_IPREAMPBIAS_V"}),
        ({"description": "temp"}, set()),
        ({"subsystem": "miri", "description": {"not": "wheel"}}, {"IMIR_HK_ICE_SEC_VOLT1", "IGDP_MIR_IC_T1_DIFF"}),
        ({"subsystem": "ACS", "mnemonic": {"not": "SA_ZATT*"}}, {"SA_ZFGOUTFOV", "SA_ZADUCMDX", "SA_ZADUCMDY"}),
    ],
)
def test_mnemonics_by_name_words_and_subsystem(site: Site, criteria: dict[str, Any], names: set[str]) -> None:
    done = search(site, **criteria)
    assert (done.phase, done.result["api"]) == (job.COMPLETED, "Mast.JwstEdb.Mnemonics")
    assert {row["tlmMnemonic"] for row in rows_of(site, done)} == names


def test_words_that_find_nothing_are_explained(site: Site) -> None:
    assert "temp* finds temperature" in search(site, description="temp").result["notes"][0]


def test_a_row_says_type_and_unit(site: Site) -> None:
    (row,) = rows_of(site, search(site, mnemonic="SA_ZADUCMDX"))
    assert (row["sqlDataType"], row["unit"], row["subsystem"]) == ("real", "arcsec", "ACS")
    assert isinstance(row["tlmIdentifier"], int)


def test_a_name_that_mast_does_not_know_is_told_with_the_nearest(site: Site) -> None:
    done = search(site, mnemonic=["SA_ZADUCMDZ", "SA_ZADUCMDX"])
    assert done.result["count"] == 1
    assert done.result["notes"][0].startswith("MAST knows no mnemonic SA_ZADUCMDZ; nearest: SA_ZADUCMD")


DAY = {"min": "2022-07-01", "max": "2022-07-02"}


@pytest.mark.parametrize(
    ("criteria", "error"),
    [
        ({"mnemonic": "SA_ZADUCMDX", "time": {"min": "2022-07-01"}}, Invalid),
        ({"mnemonic": "SA_ZADUCMDX", "time": {"max": "2022-07-01"}}, Invalid),
        ({"mnemonic": "SA_ZADUCMDX", "time": {"not": DAY}}, Invalid),
        ({"mnemonic": "SA_ZADUCMDX", "time": None}, Invalid),
        ({"mnemonic": "SA_ZADUCMDX", "time": {"min": "2022-07-03", "max": "2022-07-02"}}, Invalid),
        ({"time": DAY}, EmptySelection),
        ({"mnemonic": {"not": "SA_*"}, "time": DAY}, EmptySelection),
    ],
)
def test_what_cannot_be_an_interval_of_samples_creates_nothing(site: Site, criteria: Any, error: type) -> None:
    with pytest.raises(error):
        search(site, **criteria)
    assert list(site.api.control.list(site.alice)) == []
