"""Searches: `run.py` is the job, `asking.py` what a collection is handed and gives, and each collection has a room."""
