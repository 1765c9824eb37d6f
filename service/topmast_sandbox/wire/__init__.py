"""The wire: one module for each of MAST's doors."""
