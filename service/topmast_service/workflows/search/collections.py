"""Every collection by its name, as `domain.forms` describes them; `products` is only begun by another search."""

from __future__ import annotations

from collections.abc import Mapping

from topmast_service.workflows.search import dois, engineering, keywords, observations, products, programs, wavefront
from topmast_service.workflows.search.asking import Collection

COLLECTIONS: Mapping[str, Collection] = {
    "observations": observations.COLLECTION,
    "programs": programs.COLLECTION,
    "dois": dois.COLLECTION,
    "instrument_keywords": keywords.COLLECTION,
    "wavefront": wavefront.COLLECTION,
    "engineering": engineering.COLLECTION,
    "products": products.COLLECTION,
}
