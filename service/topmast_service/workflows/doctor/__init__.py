"""`topmast-service doctor`: the records, the disk and the settings, compared both ways."""
