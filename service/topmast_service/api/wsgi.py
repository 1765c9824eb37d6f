"""What gunicorn is given: ``topmast_service.api.wsgi:create()``."""

from __future__ import annotations

from flask import Flask

from topmast_service import logs
from topmast_service.api.app import create_app
from topmast_service.config import from_environment
from topmast_service.container import for_api


def create() -> Flask:
    """The application of this process, set up by the environment; nothing is opened at import."""
    settings = from_environment()
    logs.set_up(settings, "api")
    return create_app(for_api(settings))
