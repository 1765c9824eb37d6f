"""astroquery's own log: at DEBUG it writes down every request with its cookies, and one is the user's MAST token."""

from __future__ import annotations

import logging

import astroquery


def hush() -> None:
    """Let nothing below a warning out of astroquery and astropy, however their levels are set; the rest goes our way.

    Both write to the terminal by handlers of their own, past whatever a log of ours takes out of its lines.
    """
    for log in (astroquery.log, logging.getLogger("astropy")):
        log.handlers.clear()
        log.propagate = True
        log.setLevel(logging.WARNING)
        if _no_less not in log.filters:
            log.addFilter(_no_less)


def _no_less(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
