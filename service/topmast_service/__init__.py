"""topmast: JWST data for a whole research group, on top of MAST."""
