"""Puts the doors together into one WSGI application."""

from flask import Flask

from topmast_sandbox.state import Sandbox
from topmast_sandbox.wire.auth import Auth
from topmast_sandbox.wire.control import Control
from topmast_sandbox.wire.download import Download
from topmast_sandbox.wire.portal import Portal
from topmast_sandbox.wire.resolver import Resolver

# One product query may name tens of thousands of observations; Flask's own limit is half a megabyte.
LARGEST_FORM = 64 * 1024 * 1024


def create_app(sandbox: Sandbox) -> Flask:
    """Return the application that serves `sandbox`."""
    app = Flask("topmast_sandbox", static_folder=None)
    app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_FORM
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it, its base has not
    for door in (Portal, Resolver, Auth, Download, Control):
        app.register_blueprint(door(sandbox).routes())
    return app
