"""Driver: HTTP."""
