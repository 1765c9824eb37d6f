"""``/api/v0.1/Download/bundle.{sh,zip,tar.gz}``."""

from collections.abc import Callable, Iterable, Iterator

from flask import Blueprint, Response, request

from topmast_sandbox.state import Sandbox
from topmast_sandbox.wire.access import token_of
from topmast_sandbox.wire.archives import Member, tarred, zipped
from topmast_sandbox.wire.chosen import Chosen, chosen
from topmast_sandbox.wire.script import manifest, script

_ARCHIVES: dict[str, tuple[Callable[[Iterable[Member]], Iterator[bytes]], str]] = {
    "zip": (zipped, "application/zip"),
    "tar.gz": (tarred, "application/gzip"),
}


class Bundles:
    """The bundle routes over one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> Blueprint:
        """Return the blueprint with these routes."""
        routes = Blueprint("bundles", __name__)
        both = ["GET", "POST"]
        rule = "/api/v0.1/Download/bundle."
        routes.add_url_rule(f"{rule}sh", "sh", self.shell, methods=both)
        routes.add_url_rule(f"{rule}<any(zip,'tar.gz'):kind>", "archive", self.archive, methods=both)
        return routes

    def shell(self) -> Response:
        """Answer the download script."""
        files, name, user = self._asked("bundle.sh")
        if not files:
            return _empty()
        text = script(files, name, request.host_url.rstrip("/"), user)
        told = {"Content-Disposition": f'attachment; filename="{name}.sh"'}
        return Response(text, content_type="text/x-sh", headers=told)

    def archive(self, kind: str) -> Response:
        """Answer an archive of the files that may be had; the manifest in it tells about the others."""
        files, name, user = self._asked(f"bundle.{kind}")
        if not files:
            return _empty()
        make, media_type = _ARCHIVES[kind]
        told = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
        return Response(make(self._members(files, name, user)), content_type=media_type, headers=told)

    def _asked(self, service: str) -> tuple[list[Chosen], str, str]:
        token = token_of(request, self._sandbox)
        name = f"MAST_{self._sandbox.clock.now():%Y-%m-%dT%H%M}"
        return list(chosen(request, self._sandbox, token)), name, token.user if token else "anonymous"

    def _members(self, files: list[Chosen], name: str, user: str) -> Iterator[Member]:
        for entry in files:
            if entry.file and entry.status == "OK":
                self._sandbox.tally.file(entry.file.uri, "BUNDLE", 200, asker=user)
                content = self._sandbox.tally.sending(entry.file.uri, entry.file.read())
                yield f"{name}/{entry.path}", entry.file.size, entry.file.modified, content
        page = manifest(files, name, user)
        yield f"{name}/MANIFEST.HTML", len(page), self._sandbox.clock.now(), [page]


def _empty() -> Response:
    return Response("No files were named.\n", 400, content_type="text/plain")
