"""Engineering telemetry: ``mast:jwstedb/<MNEMONIC>-<start>-<end>.csv``.

Made per request, hence without length, validators or ranges. Whether a token is needed today nobody
could check (sources disagree): a setting decides, and the sandbox's guess is yes.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from flask import Response, request

from topmast_sandbox.state import Sandbox
from topmast_sandbox.wire.access import token_of

PREFIX = "mast:jwstedb/"
_NAME = re.compile(r"(?P<mnemonic>[A-Za-z0-9_]+)-(?P<start>\d{8}T\d{6})-(?P<end>\d{8}T\d{6})\.csv")
_HEADER = "theTime,MJD,euvalue,sqldataType\r\n"


class Engineering:
    """Answers telemetry files from the catalogue's samples."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def answer(self, uri: str) -> Response:
        """Answer one telemetry CSV, lines ended by CRLF; 404 for an unknown mnemonic or a wrong name."""
        if self._sandbox.settings.now.engineering_needs_token and not token_of(request, self._sandbox):
            return Response("Engineering data need a token.\n", 401, content_type="text/plain")
        name = _NAME.fullmatch(uri[len(PREFIX) :])
        if name is None or not self._known(name["mnemonic"]):
            return Response("File not found.\n", 404, content_type="text/plain")
        lines = self._lines(name["mnemonic"].upper(), _time(name["start"]), _time(name["end"]))
        return Response(lines, content_type="text/csv", direct_passthrough=True)

    def _known(self, mnemonic: str) -> bool:
        names = (row["tlmMnemonic"] for row in self._sandbox.catalogue.mnemonics())
        return mnemonic.upper() in names

    def _lines(self, mnemonic: str, start: datetime, end: datetime) -> Iterator[bytes]:
        yield _HEADER.encode()
        for sample in self._sandbox.catalogue.samples(mnemonic, start, end):
            yield (",".join(str(cell) for cell in sample) + "\r\n").encode()


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
