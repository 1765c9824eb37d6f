"""The control plane's say in who may have what: tokens, what they open, and what is exclusive."""

from datetime import datetime
from typing import Any

from flask import request

from topmast_sandbox.catalogue.rights import KEPT, WORDS, Said
from topmast_sandbox.clock import mjd
from topmast_sandbox.state import Sandbox
from topmast_sandbox.tokens import EXCLUSIVE, USER_INFO

_RIGHTS_KEYS = {"program", "uri", "rights", "release"}


def change_tokens(sandbox: Sandbox, body: dict[str, Any]) -> dict[str, Any]:
    """``{"user", "programs", "scopes"}`` makes a token, ``{"revoke": token}`` ends one.

    ``{"grant": {"user", "programs"}}`` sets what all tokens of a user open, while they live.
    """
    book = sandbox.tokens
    if "revoke" in body:
        return {"revoked": book.revoke(str(body["revoke"]))}
    if "grant" in body:
        user, programs = str(body["grant"]["user"]), _texts(body["grant"]["programs"])
        return {"user": user, "programs": list(programs), "tokens": book.grant(user, programs)}
    if "user" in body:
        scopes = _texts(body.get("scopes", [USER_INFO, EXCLUSIVE]))
        own = _texts(body["programs"]) if "programs" in body else None
        return book.mint(str(body["user"]), scopes=scopes, programs=own).document(sandbox.clock.now())
    return {"tokens": book.documents()}


def change_rights(sandbox: Sandbox, body: dict[str, Any]) -> dict[str, Any]:
    """``{"program" | "uri", "rights", "release"}`` states rights, a release date (RFC 3339, or null), or both.

    DELETE goes back to what the catalogue says.
    """
    if request.method == "DELETE":
        sandbox.catalogue.forget_rights()
        return {}
    said = _said(body, sandbox.clock.mjd())
    program = str(body["program"]).lstrip("0") if "program" in body else None
    return {"stated": sandbox.catalogue.state_rights(said, program=program, uri=body.get("uri"))}


def _said(body: dict[str, Any], now: float) -> Said:
    if body.keys() - _RIGHTS_KEYS or not body.keys() & {"rights", "release"} or {"program", "uri"} <= body.keys():
        raise ValueError(f"name a program or a uri, and state rights, release or both: {sorted(body)}")
    if "rights" in body and body["rights"] not in WORDS:
        raise ValueError(f"rights cannot be {body['rights']!r}")
    return Said(now, body.get("rights", KEPT), _release(body["release"]) if "release" in body else KEPT)


def _release(text: str | None) -> float | None:
    when = datetime.fromisoformat(text) if text is not None else None
    if when is not None and when.tzinfo is None:
        raise ValueError("a release date needs a time zone")
    return mjd(when) if when is not None else None


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} should be a list")
    return tuple(str(item) for item in value)
