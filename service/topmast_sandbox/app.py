"""Puts the doors together into one WSGI application."""

from flask import Flask

from topmast_sandbox.state import Sandbox
from topmast_sandbox.wire.auth import Auth
from topmast_sandbox.wire.bundles import Bundles
from topmast_sandbox.wire.control import Control
from topmast_sandbox.wire.dois import Dois
from topmast_sandbox.wire.download import Download
from topmast_sandbox.wire.failing import Failing
from topmast_sandbox.wire.missions import Missions
from topmast_sandbox.wire.paths import Paths
from topmast_sandbox.wire.portal import Portal
from topmast_sandbox.wire.references import References
from topmast_sandbox.wire.resolver import Resolver
from topmast_sandbox.wire.viz import Viz

# One product query may name tens of thousands of observations; Flask's own limit is half a megabyte.
LARGEST_FORM = 64 * 1024 * 1024
_DOORS = (Portal, Resolver, Auth, Download, Bundles, Paths, Missions, References, Viz, Dois, Control)


def create_app(sandbox: Sandbox) -> Flask:
    """Return the application that serves `sandbox`."""
    app = Flask("topmast_sandbox", static_folder=None)
    app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_FORM
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it, its base has not
    for door in _DOORS:
        app.register_blueprint(door(sandbox).routes())
    Failing(sandbox).stand_around(app)
    return app
