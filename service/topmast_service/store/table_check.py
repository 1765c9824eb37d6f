"""Whether a table on disk can be read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def damage(path: Path, thorough: bool) -> str:
    """What is wrong with a table, one that is not there included; empty when nothing is.

    Parameters
    ----------
    thorough
        Read all of it (SQLite's ``quick_check``), not only its description and its last row.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as base:
            columns = base.execute("SELECT COUNT(*) FROM columns").fetchone()[0]
            base.execute("SELECT * FROM rows ORDER BY _row DESC LIMIT 1").fetchone()
            found = base.execute("PRAGMA quick_check(1)").fetchone()[0] if thorough else "ok"
    except sqlite3.Error as error:
        return str(error)
    return "it describes no columns" if not columns else "" if found == "ok" else str(found)
