"""Which products are chosen of what MAST lists: the Primer's M 57 example, conditions, and what comes along."""

from __future__ import annotations

from collections import Counter

from tests.planning.conftest import Planned, Planning

M57 = {"observations": ["jw01558-o001_t001_miri_f1000w"]}


def listed(planned: Planned, column: str = "productType") -> Counter[str]:
    """How many rows of MAST's listing the chosen files stand for, as the Portal's basket counts."""
    found: Counter[str] = Counter()
    for row in planned.rows():
        found[row[column]] += row["listed"]
    return found


def test_the_basket_of_the_primer(site: Planning) -> None:
    recommended = site.plan(M57)
    assert (recommended.counts["listed"], recommended.counts["selected"]) == (7496, 2)
    every = site.plan(M57, select={"mrp": False, "guide_stars": "include"})
    assert listed(every) == {"SCIENCE": 98, "PREVIEW": 82, "INFO": 34, "AUXILIARY": 7282}
    filtered = site.plan(M57, select={"sub_groups": ["I2D", "UNCAL", "ASN", "POOL"]})
    assert listed(filtered) == {"SCIENCE": 33, "INFO": 34}
    raw = site.plan(M57, select={"where": ["suffix:eq:uncal", "detector:eq:mirimage", "extension:eq:fits"]})
    assert raw.counts["selected"] == 16
    assert raw.counts["excluded"]["where"] > 0
