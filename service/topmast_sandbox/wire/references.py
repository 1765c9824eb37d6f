"""CRDS: ``/unchecked_get/references|mappings/jwst/<file>``."""

from flask import Blueprint, Response

from topmast_sandbox.state import Sandbox
from topmast_sandbox.wire.download import Download


class References:
    """CRDS's two routes; reference files are served as downloads are, with ranges."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._download = Download(sandbox)

    def routes(self) -> Blueprint:
        """Return the blueprint with these routes."""
        routes = Blueprint("references", __name__)
        routes.add_url_rule("/unchecked_get/references/jwst/<name>", "reference", self.reference)
        routes.add_url_rule("/unchecked_get/mappings/jwst/<name>", "mapping", self.mapping)
        return routes

    def reference(self, name: str) -> Response:
        """Answer a reference file."""
        return self._download.answer(self._sandbox.catalogue.crds_file(name))

    def mapping(self, name: str) -> Response:
        """Answer a context (pmap, imap or rmap) as text."""
        text = self._sandbox.catalogue.crds_mapping(name)
        if text is None:
            return Response("File not found.\n", 404, content_type="text/plain")
        return Response(text, content_type="text/plain")
