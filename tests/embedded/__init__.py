"""`topmast-service up` and its parts."""
