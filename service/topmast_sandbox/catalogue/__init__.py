"""The sandbox's archive: observations, products and bytes.

>>> catalogue = open_catalogue(clock=Clock())
>>> rows = catalogue.observations()                        # CAOM rows, 33 columns
>>> products = catalogue.products(rows[0]["obsid"])        # product rows, 20 columns, expanded as they are read
>>> file = catalogue.file("mast:JWST/product/jw01558-o001_t001_miri_f1000w_i2d.fits")
"""

from __future__ import annotations

from pathlib import Path

from topmast_sandbox.catalogue import other_missions, stated_keywords
from topmast_sandbox.catalogue.catalogue import Catalogue
from topmast_sandbox.catalogue.file import File
from topmast_sandbox.catalogue.generated import Generated
from topmast_sandbox.catalogue.record import Source
from topmast_sandbox.catalogue.tables import TableError, Tables
from topmast_sandbox.clock import Clock

__all__ = ["Catalogue", "File", "TableError", "open_catalogue"]


def open_catalogue(directory: Path | None = None, *, seed: int = 1, scale: float = 1.0, clock: Clock) -> Catalogue:
    """The catalogue generated from the facts, or the tables in `directory` in its place.

    Parameters
    ----------
    directory
        Holds ``observations.csv`` and, optionally, ``products.csv`` and ``keywords.csv`` with MAST's column names.
    seed
        Which noise fills the files.
    scale
        Factor on the pixel area of generated files; 1.0 gives real sizes.

    Raises
    ------
    TableError
        The tables cannot be served; says file, line and column.
    """
    sources: list[Source] = (
        [Tables.read(directory)] if directory else [Generated(clock.mjd()), other_missions.tables(scale)]
    )
    rows = stated_keywords.read(directory) if directory else {}
    return Catalogue(sources, seed=seed, scale=scale, clock=clock, keyword_rows=rows)
