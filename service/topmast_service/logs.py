"""The logs of every process: one line for each event, with the request, job, task and user that it belongs to.

structlog, because what a line belongs to is bound once (`structlog.contextvars`) and because its formatter takes the
lines of libraries (gunicorn, Celery, pyftpdlib) like our own, which go through the standard library as ever.
"""

from __future__ import annotations

import logging
import logging.config
import sys
import threading
from typing import Any
from urllib.parse import urlsplit

import structlog
from structlog.typing import EventDict, WrappedLogger

from topmast_service.config import Settings
from topmast_service.domain.redaction import redacted, remember, without_known
from topmast_service.errors import Invalid

LEVELS, FORMATS = ("DEBUG", "INFO", "WARNING", "ERROR"), ("text", "json")

KEPT_QUIET = {
    "celery": "WARNING",  # four lines for every round of upkeep, every two seconds, for years
    "kombu": "WARNING",
    "amqp": "WARNING",
    "pyftpdlib": "INFO",  # at DEBUG it writes down what clients type, and some type their key in the wrong place
    "matplotlib": "INFO",
    "PIL": "INFO",
}
"""Least levels of libraries, whatever the setting; of astroquery see `archive.quiet`."""


class Redacting(structlog.stdlib.ProcessorFormatter):
    """structlog's formatter, and at last everything that this process knows to be secret taken out of the line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, exception and all."""
        return without_known(super().format(record))


def set_up(settings: Settings, role: str) -> None:
    """Begin to log, in the process of this role.

    Raises
    ------
    Invalid
        There is no such format or level.
    """
    logging.config.dictConfig(config(settings, role))
    logging.captureWarnings(True)
    sys.excepthook = _died
    threading.excepthook = _thread_died


def config(settings: Settings, role: str) -> dict[str, Any]:
    """What the standard library (or gunicorn, for us) must be told; from now on this process' secrets are known.

    Raises
    ------
    Invalid
        There is no such format or level.
    """
    if settings.log_format not in FORMATS or settings.log_level not in LEVELS:
        hint = f"TOPMAST_LOG_FORMAT is one of {', '.join(FORMATS)}, TOPMAST_LOG_LEVEL one of {', '.join(LEVELS)}."
        raise Invalid("The service cannot log in that way.", hint=hint)
    _remember(settings)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter, "shape": settings.log_format, "role": role}},
        "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}},
        "root": {"level": settings.log_level, "handlers": ["lines"]},
        "loggers": {name: {"level": level} for name, level in KEPT_QUIET.items()}
        | {name: {"handlers": [], "propagate": True} for name in ("gunicorn.error", "gunicorn.access")},
    }


def formatter(shape: str, role: str) -> Redacting:
    """What makes a line of a record: JSON with `time`, `level`, `logger`, `event` and what it belongs to, or text."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    end = structlog.processors.JSONRenderer() if shape == "json" else _as_text
    ends: list[Any] = [structlog.processors.format_exc_info, _of_role(role), _redact, end]
    return Redacting(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ends]
    )


def _of_role(role: str) -> Any:
    def add(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event = {name: value for name, value in event.items() if value != ""}  # what is not known is not told
        known = {"time": event.get("time"), "process": role}
        known |= {name: event[name] for name in ("level", "logger", "event") if name in event}
        return {**known, **event}

    return add


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Each part by itself: what is a line in it still is one."""
    return {name: redacted(value if isinstance(value, str) else repr(value)) for name, value in event.items()}


def _as_text(_: WrappedLogger, __: str, event: EventDict) -> str:
    """For people: when, how bad, who, what; then what it belongs to. Which process it was, the file's name tells."""
    event.pop("process")
    head = f"{event.pop('time')} {event.pop('level').upper()} {event.pop('logger', '')} {event.pop('event')}"
    trace = event.pop("exception", "")
    told = " ".join(f"{name}={value}" for name, value in event.items())
    return "\n".join(part for part in (f"{head}  [{told}]" if told else head, trace) if part)


def _remember(settings: Settings) -> None:
    keys = settings.token_keys.replace(",", " ").split()
    for secret in (settings.smtp_password, urlsplit(settings.redis_url).password or "", *keys):
        remember(secret)


def _died(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """What ends a process is written like everything else, since a traceback can hold what it should not."""
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("topmast_service").critical("the process ends", exc_info=(kind, error, trace))


def _thread_died(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and not issubclass(told.exc_type, SystemExit):
        trace = (told.exc_type, told.exc_value, told.exc_traceback)
        logging.getLogger("topmast_service").error("a thread ends", exc_info=trace)
