"""Commands of who runs a topmast. Each imports what it needs when it runs, so that `--help` is quick."""
