"""All that knows MAST; astroquery is imported only here."""
