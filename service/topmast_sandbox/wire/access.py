"""Who may have a file: decided by its rights, its release date on the sandbox's clock, and a token."""

from flask import Request

from topmast_sandbox.catalogue import File
from topmast_sandbox.state import Sandbox
from topmast_sandbox.tokens import Token


def token_of(request: Request, sandbox: Sandbox) -> Token | None:
    """Return the living token of a request; it counts as used.

    MAST takes the cookie ``mast_token`` (astroquery) and ``Authorization: token …`` (its download
    scripts); topmast also sends ``Bearer``, as RFC 6750 says.
    """
    return sandbox.tokens.use(_secret(request))


def asker_of(request: Request, sandbox: Sandbox) -> str:
    """Return by whom a request is, for the tally: ``anonymous``, a user, ``alice (ended)``, ``unknown token``."""
    return sandbox.tokens.bearer(_secret(request))


def exclusive(file: File, sandbox: Sandbox) -> bool:
    """Return whether an anonymous request for the file is refused now.

    The release date decides where there is one, for flags lag behind it; else the flag does, and a file of which
    neither is known is refused.
    """
    if file.rights == "RESTRICTED":
        return True
    settings = sandbox.settings.now
    if _among(settings.exclusive_still_200, file):
        return False
    if file.release_mjd is None:
        return file.rights != "PUBLIC"
    return _among(settings.released_still_401, file) or file.release_mjd > sandbox.clock.mjd()


def may_have(file: File, token: Token | None, sandbox: Sandbox) -> bool:
    """Return whether the holder of `token` (None: anonymous) may have the file.

    Sandbox's guesses: RESTRICTED files are refused to everybody, and a wrong token beside a public
    file does no harm.
    """
    if not exclusive(file, sandbox):
        return True
    return file.rights != "RESTRICTED" and token is not None and token.opens(file.program)


def _secret(request: Request) -> str | None:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() in {"token", "bearer"}:
        return value.strip()
    return request.cookies.get("mast_token")


def _among(named: tuple[str, ...], file: File) -> bool:
    return "*" in named or file.program in named or file.uri in named
