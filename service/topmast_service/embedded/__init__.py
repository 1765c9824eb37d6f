"""Everything on one machine, in one process group: `topmast-service up`."""
