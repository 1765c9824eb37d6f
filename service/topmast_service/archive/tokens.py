"""Whose token is this? MAST's own answer, and nothing that could carry the token elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from topmast_service.domain.token import EXCLUSIVE_ACCESS, Token
from topmast_service.errors import BadMastToken, UnsafeForTokens, UpstreamDown

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST = 100_000  # bytes; MAST's answer has some hundred
_TIMEOUT = urllib3.Timeout(connect=10, read=20)


@dataclass(frozen=True)
class Who:
    """The user of a token, as MAST calls them, and what it may be used for."""

    name: str
    scopes: tuple[str, ...]


def check_way(url: str) -> None:
    """Make sure that nobody on the way can read a token sent to `url`.

    Raises
    ------
    UnsafeForTokens
        It is neither https nor on this machine.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise UnsafeForTokens(f"MAST is reached by {parts.scheme}, which anybody on the way can read.")


def header(token: Token) -> dict[str, str]:
    """How MAST's download scripts send it: neither in the address nor as a cookie, which would follow redirects."""
    return {"Authorization": f"token {token.secret}"}


def whoami(mast_url: str, token: Token) -> Who:
    """Ask MAST whose token this is (``GET /whoami``); it counts as used by that.

    Raises
    ------
    BadMastToken
        Nobody's, or without the scope for exclusive access.
    UpstreamDown
        MAST does not answer, or not this question.
    UnsafeForTokens
        The way to MAST is not encrypted.
    """
    check_way(mast_url)
    told = _asked(f"{mast_url.rstrip('/')}/whoami", token)
    if told.get("anon") is not False:
        raise BadMastToken("MAST knows nobody by this token: mistyped, revoked, unused for 10 days or 60 days old.")
    scopes = tuple(str(scope) for scope in told.get("scopes") or ())
    if EXCLUSIVE_ACCESS not in scopes:
        raise BadMastToken(f"This token lacks the scope {EXCLUSIVE_ACCESS}.")
    attributes = told.get("attrib") or {}
    return Who(str(attributes.get("display_name") or told.get("ezid") or ""), scopes)


def _asked(url: str, token: Token) -> dict[str, Any]:
    headers = {"Accept": "application/json", "User-Agent": "topmast", **header(token)}
    with urllib3.PoolManager(retries=False, timeout=_TIMEOUT) as pool:
        try:
            answer = pool.request("GET", url, headers=headers, redirect=False, preload_content=False)
        except HTTPError as error:  # not its cause: what it says may quote the request
            raise UpstreamDown(f"MAST cannot be asked whose token this is ({type(error).__name__}).") from None
        try:
            return _document(answer)
        finally:
            answer.close()


def _document(answer: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    if answer.status in {401, 403}:
        raise BadMastToken("MAST refuses this token.")
    if answer.status != 200:
        raise UpstreamDown(f"MAST answered {answer.status} when asked whose token this is.")
    try:
        told = json.loads(answer.read(_LONGEST))
    except (HTTPError, ValueError):
        raise UpstreamDown("MAST did not say whose token this is (a maintenance page?).") from None
    return told if isinstance(told, dict) else {}
