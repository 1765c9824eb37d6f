"""A MAST on localhost, for demos and tests. Knows nothing of topmast_service."""
