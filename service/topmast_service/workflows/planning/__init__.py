"""From a bundle request to the table of its files: where they come from, which of them, and what else."""
