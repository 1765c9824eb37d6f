"""CRDS: from a context down to files, in the form of its own mappings."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha1
from typing import Any

import pytest

from topmast_sandbox.catalogue import Catalogue, crds, open_catalogue
from topmast_sandbox.clock import Clock

CONTEXT = "jwst_1413.pmap"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return open_catalogue(clock=Clock(), scale=0.001)


def parsed(text: str) -> tuple[dict[str, Any], dict[Any, Any]]:
    """A mapping as CRDS reads it: Python with two names and two selectors."""
    scope: dict[str, Any] = {"Match": dict, "UseAfter": dict}
    exec(text, scope)  # noqa: S102  (our own text)
    return scope["header"], scope["selector"]


def below(catalogue: Catalogue, name: str) -> Iterator[str]:
    """A mapping and all that it leads to."""
    text = catalogue.crds_mapping(name)
    assert text is not None, name
    yield name
    for chosen in parsed(text)[1].values():
        for lower in chosen.values() if isinstance(chosen, dict) else [chosen]:
            if lower.endswith("map"):
                yield from below(catalogue, lower)
            elif lower != "N/A":
                yield lower


@pytest.fixture(scope="module")
def reached(catalogue: Catalogue) -> list[str]:
    return list(below(catalogue, CONTEXT))


def test_every_mapping_tells_its_name_tier_and_checksum(catalogue: Catalogue, reached: list[str]) -> None:
    tiers = {"pmap": "PIPELINE", "imap": "INSTRUMENT", "rmap": "REFERENCE"}
    mappings = [n for n in reached if n.endswith("map")]
    assert len(mappings) == len(set(mappings)) > 100
    for name in mappings:
        text = catalogue.crds_mapping(name)
        assert text
        header, _ = parsed(text)
        assert (header["name"], header["observatory"]) == (name, "JWST")
        assert header["derived_from"] < name
        assert header["mapping"] == tiers[name.rpartition(".")[2]]
        rest = "".join(line for line in text.splitlines(keepends=True) if "sha1sum" not in line)
        assert header["sha1sum"] == sha1(rest.encode()).hexdigest()


def test_a_context_leads_to_every_reference_there_is(catalogue: Catalogue, reached: list[str]) -> None:
    files = {n for n in reached if not n.endswith("map")}
    assert files == set(crds.references())
    for name in files:
        file = catalogue.crds_file(name)
        assert file is not None
        assert file.size == len(b"".join(file.read()))


def test_cards_name_files_that_the_context_leads_to(catalogue: Catalogue, reached: list[str]) -> None:
    file = catalogue.file("mast:JWST/product/jw01523003001_03101_00001_mirifulong_cal.fits")
    assert file
    header = b"".join(file.read(0, 12 * 2880)).decode("ascii")
    cards = {header[at : at + 8].strip(): header[at + 10 : at + 80] for at in range(0, len(header), 80)}
    assert cards["CRDS_CTX"].split("'")[1].strip() == CONTEXT
    named = {k: v.split("'")[1].strip() for k, v in cards.items() if k.startswith("R_")}
    used = {v.removeprefix("crds://") for v in named.values() if v != "N/A"}
    assert named["R_LINEAR"].startswith("crds://jwst_miri_linearity_")
    assert len(used) > 15
    assert used <= set(reached)
    assert "N/A" in named.values()


def test_parameters_have_no_card_and_apply_to_some_exposures(catalogue: Catalogue, reached: list[str]) -> None:
    rmap = next(n for n in reached if n.startswith("jwst_miri_pars-tweakregstep_") and n.endswith(".rmap"))
    header, selector = parsed(catalogue.crds_mapping(rmap) or "")
    assert header["parkey"][0] == ("META.EXPOSURE.TYPE",)
    assert selector["MIR_MRS"] == "N/A"
    (name,) = selector["MIR_IMAGE"].values()
    assert name.startswith("jwst_miri_pars-tweakregstep_")
    assert name.endswith(".asdf")
    assert catalogue.crds_file(name)
    assert not any(kind.startswith("pars") for kind in crds.KINDS)


@pytest.mark.parametrize(
    "name",
    ["jwst_acs_1413.imap", "jwst_1413.imap", "jwst_miri_1413.rmap", "jwst_miri_0001.pmap", "jwst_miri_no_0001.rmap",
     "jwst_miri_ipc_0001.rmap", "hst_1413.pmap", "jwst_143.pmap"],
)  # fmt: skip
def test_other_names_are_no_mappings(catalogue: Catalogue, name: str) -> None:
    assert catalogue.crds_mapping(name) is None
