"""Columns of the instrument keyword services, ``Mast.Jwst.Filtered.*``."""

from topmast_sandbox.catalogue import Catalogue
from topmast_sandbox.wire.columns import Column


def keyword_columns(catalogue: Catalogue, instrument: str) -> list[Column]:
    """Return the columns of an instrument's keyword table, with the types the portal declares."""
    return [Column(name, kind) for name, kind in catalogue.keyword_columns(instrument)]
