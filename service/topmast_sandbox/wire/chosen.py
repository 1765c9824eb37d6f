"""Which files a bundle request names, and where each goes inside the bundle."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Request

from topmast_sandbox.catalogue import File
from topmast_sandbox.state import Sandbox
from topmast_sandbox.tokens import Token
from topmast_sandbox.wire.access import exclusive, may_have


@dataclass(frozen=True)
class Chosen:
    """One file of a bundle: its dataURI, its path inside, and what may be done with it.

    `file` is None when MAST has no such file; `status` is the word of the manifest.
    """

    uri: str
    path: str
    file: File | None
    exclusive: bool
    status: str


def chosen(request: Request, sandbox: Sandbox, token: Token | None) -> Iterator[Chosen]:
    """Yield each file that the request names by ``uri`` or ``obsid``, once."""
    seen = set()
    for uri, folder in _named(request, sandbox):
        if uri not in seen:
            seen.add(uri)
            yield _described(uri, folder, sandbox, token)


def _named(request: Request, sandbox: Sandbox) -> Iterator[tuple[str, str]]:
    for uri in request.values.getlist("uri"):
        yield uri, _stem(uri)
    previews = request.values.get("previews", "true").lower() != "false"
    for text in request.values.getlist("obsid"):
        for obsid in filter(str.isdigit, text.split(",")):
            for row in sandbox.catalogue.products(int(obsid)):
                if previews or row["productType"] != "PREVIEW":
                    yield row["dataURI"], row["obs_id"]


def _described(uri: str, folder: str, sandbox: Sandbox, token: Token | None) -> Chosen:
    file = sandbox.catalogue.file(uri)
    collection = uri.partition(":")[2].partition("/")[0]
    path = f"{collection}/{folder}/{uri.rpartition('/')[2]}"
    if file is None:
        return Chosen(uri, path, None, False, "MISSING")
    allowed = may_have(file, token, sandbox)
    return Chosen(uri, path, file, exclusive(file, sandbox), "OK" if allowed else "NOT AUTHORIZED")


def _stem(uri: str) -> str:
    """Return the folder of a file named by its dataURI alone: its name without the last suffix.

    Sandbox's guess; the real service asks its database for the observation.
    """
    name = uri.rpartition("/")[2]
    return name.rpartition("_")[0] or name.partition(".")[0]
