"""All that knows Redis, and the tables of rows beside it."""
