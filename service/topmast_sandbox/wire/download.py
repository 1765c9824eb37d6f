"""``/api/v0.1/Download/file``: the bytes, with ranges, validators and exclusive access.

Known: HEAD and GET, ranges, 401, an extra ``bundle_name``. Sandbox's guess: the exact headers.
"""

from flask import Blueprint, Response, request

from topmast_sandbox.catalogue import File
from topmast_sandbox.state import Sandbox
from topmast_sandbox.wire import ranges
from topmast_sandbox.wire.access import may_have, token_of
from topmast_sandbox.wire.engineering import PREFIX, Engineering

REFUSED = "You are not authorized to access this file.\n"


class Download:
    """The download routes over one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._engineering = Engineering(sandbox)

    def routes(self) -> Blueprint:
        """Return the blueprint with these routes; the second is the older twin for JWST."""
        routes = Blueprint("download", __name__)
        routes.add_url_rule("/api/v0.1/Download/file", "file", self.file)
        routes.add_url_rule("/jwst/api/v0.1/Download/file", "file_jwst", self.file)
        return routes

    def file(self) -> Response:
        """Answer one file by its dataURI."""
        uri = request.args.get("uri", "")
        if uri.lower().startswith(PREFIX):
            return self._engineering.answer(uri)
        return self.answer(self._sandbox.catalogue.file(uri))

    def answer(self, file: File | None) -> Response:
        """Answer `file`; 404 when there is none."""
        if file is None:
            return Response("File not found.\n", 404, content_type="text/plain")
        if not may_have(file, token_of(request, self._sandbox), self._sandbox):
            return Response(REFUSED, 401, content_type="text/plain")
        validated = self._sandbox.settings.now.validators
        headers = {"Accept-Ranges": "bytes"} | (ranges.validators(file) if validated else {})
        if validated and ranges.unchanged(request, file):
            return Response(status=304, headers=headers)
        try:
            part = ranges.asked_range(request, file, validated) if request.method == "GET" else None
        except ranges.Unsatisfiable:
            return Response(status=416, headers=headers | {"Content-Range": f"bytes */{file.size}"})
        return self._bytes(file, part, headers)

    def _bytes(self, file: File, part: tuple[int, int] | None, headers: dict[str, str]) -> Response:
        start, stop = part or (0, file.size)
        told = {
            "Content-Length": str(stop - start),
            "Content-Disposition": f'attachment; filename="{file.filename}"',
        }
        if part:
            told["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
        body = self._sandbox.line.paced(file.read(start, stop))
        status = 206 if part else 200
        return Response(body, status, headers | told, content_type=file.media_type, direct_passthrough=True)
