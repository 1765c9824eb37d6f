"""What the metadata of a DOI say of its observations, and how it is cited."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topmast_service.domain import dois
from topmast_service.domain.dois import Named

EXPOSURE, COMBINED = "jw01039004001_02101_00006_mirifulong", "jw01039-o004_t001_miri_ch3-long"


@pytest.mark.parametrize(
    ("metadata", "named"),
    [
        ({}, Named()),
        ({"subjects": None, "descriptions": "none", "relatedIdentifiers": [None, {}]}, Named()),
        (
            {"relatedIdentifiers": [{"relatedIdentifier": f"mast:JWST/product/{COMBINED}_s3d.fits"}]},
            Named((COMBINED,), source="DataCite relatedIdentifiers"),
        ),
        (
            {
                "subjects": [{"subject": "program 1039"}],
                "descriptions": [{"description": f"Made of {EXPOSURE.upper()}_cal.fits, {COMBINED} and {EXPOSURE}."}],
            },
            Named((EXPOSURE, COMBINED), source="DataCite descriptions"),
        ),
        (
            {"alternateIdentifiers": [{"alternateIdentifier": "jbsz01010"}, {"alternateIdentifier": "universal"}]},
            Named(("jbsz01010",), source="DataCite alternateIdentifiers"),
        ),
        (
            {"descriptions": [{"description": "Data of JWST proposals 01558, 2733 and 12496; see also GO-1558."}]},
            Named(programs=("1558", "2733", "12496"), source="DataCite descriptions"),
        ),
        (
            {"titles": [{"title": "Hubble observations"}], "subjects": [{"subject": "PID 12309"}]},
            Named(programs=("12309",), mission="HST", source="DataCite subjects"),
        ),
        ({"descriptions": [{"description": "Images of 1558 galaxies, taken in 2022"}]}, Named()),
    ],
)
def test_what_the_metadata_name(metadata: dict[str, Any], named: Named) -> None:
    assert dois.named(metadata) == named


def test_a_citation_leaves_out_what_is_not_told() -> None:
    assert dois.citation({"doi": "10.17909/x"}) == "Anonymous. https://doi.org/10.17909/x"
    many = {"doi": "10.17909/x", "creators": [{"name": f"N{n}"} for n in range(12)], "publisher": {"name": "MAST"}}
    assert dois.citation(many).startswith("N0; N1; N2; N3; N4; N5; N6; N7; N8; N9 et al. MAST. https")


@given(st.text(max_size=60) | st.from_regex(r"(doi:|https://doi\.org/)?10\.17909/[^\s]{0,20}", fullmatch=True))
def test_a_doi_that_is_read_is_safe_in_an_address(text: str) -> None:
    try:
        doi = dois.read(text)
    except ValueError:
        return
    assert doi == dois.read(doi)
    assert doi.startswith("10.")
    assert not {".", ".."} & set(doi.split("/"))
    assert not set(doi) & set(" ?#%\\")
