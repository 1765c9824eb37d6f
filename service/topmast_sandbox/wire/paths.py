"""``/api/v0.1/path_lookup/``: where a public file lies in MAST's bucket; and ``/api/`` itself."""

import json
import re
from typing import Any

from flask import Blueprint, Response, request

from topmast_sandbox.state import Sandbox
from topmast_sandbox.wire.access import exclusive

_EXPOSURE = re.compile(r"(jw\d{5})(\d{6})_")
_TARGET = re.compile(r"(jw\d{5})-([aocr]\d{3,4})_([tsbv])")


class Paths:
    """The two routes that clients ask before they fetch."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> Blueprint:
        """Return the blueprint with these routes."""
        routes = Blueprint("paths", __name__)
        routes.add_url_rule("/api/v0.1/path_lookup/", "path_lookup", self.lookup)
        routes.add_url_rule("/api/", "api", lambda: Response("MAST API\n", content_type="text/plain"))
        return routes

    def lookup(self) -> Response:
        """Answer the bucket path of every ``uri``, each with a status of its own."""
        found = {uri: self._place(uri) for uri in request.args.getlist("uri")}
        return Response(json.dumps(found), content_type="application/json")

    def _place(self, uri: str) -> dict[str, Any]:
        file = self._sandbox.catalogue.file(uri)
        if file is None or exclusive(file, self._sandbox):
            return {"status_code": 404, "path": None}
        collection = file.uri.partition(":")[2].partition("/")[0].lower()
        return {"status_code": 200, "path": f"/{collection}/public/{_folder(file.filename)}/{file.filename}"}


def _folder(filename: str) -> str:
    """Return the folder of a file. Known are JWST exposures and targets; the rest is a guess."""
    exposure, target = _EXPOSURE.match(filename), _TARGET.match(filename)
    if exposure:
        return f"{exposure[1]}/{exposure[1]}{exposure[2]}"
    if target:
        return f"{target[1]}/L3/{target[3]}/{target[2]}"
    return f"{filename[:4]}/{filename.partition('_')[0]}"
