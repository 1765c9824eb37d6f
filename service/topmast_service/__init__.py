"""topmast: JWST data for a whole research group, on top of MAST."""

from importlib.metadata import version

__version__ = version("topmast-service")
