"""The one error a portal query can have."""


class QueryError(Exception):
    """What the portal answers with status ERROR; the text becomes its ``msg``.

    Sandbox's guess: which text each mistake gets. Known from a real answer is only SQL Server's
    ``Incorrect syntax near '*'.``; the others follow that server's wording.
    """
