"""Who may have a file: decided by its rights, its release date on the sandbox's clock, and a token."""

from flask import Request

from topmast_sandbox.catalogue import File
from topmast_sandbox.state import Sandbox
from topmast_sandbox.tokens import Token


def token_of(request: Request, sandbox: Sandbox) -> Token | None:
    """Return the living token of a request.

    MAST takes the cookie ``mast_token`` (astroquery) and ``Authorization: token …`` (its download
    scripts); topmast also sends ``Bearer``, as RFC 6750 says.
    """
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() in {"token", "bearer"}:
        return sandbox.tokens.use(value.strip())
    return sandbox.tokens.use(request.cookies.get("mast_token"))


def exclusive(file: File, sandbox: Sandbox) -> bool:
    """Return whether an anonymous request for the file is refused now.

    The release date decides where there is one, for flags lag behind it; else the flag does.
    """
    if file.rights == "RESTRICTED":
        return True
    if file.release_mjd is None:
        return file.rights != "PUBLIC"
    held_back = sandbox.settings.now.released_still_401
    return "*" in held_back or file.program in held_back or file.release_mjd > sandbox.clock.mjd()


def may_have(file: File, token: Token | None, sandbox: Sandbox) -> bool:
    """Return whether the holder of `token` (None: anonymous) may have the file.

    Sandbox's guesses: RESTRICTED files are refused to everybody, and a wrong token beside a public
    file does no harm.
    """
    if not exclusive(file, sandbox):
        return True
    return file.rights != "RESTRICTED" and token is not None and token.opens(file.program)
