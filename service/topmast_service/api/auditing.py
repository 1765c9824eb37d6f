"""What requests leave in the audit log, in one place, so that no route can be forgotten.

Everything that changes something is there by itself, with the operation's name and the object's id; and each refusal. A
route adds what only it knows (`specify`), and a door that gives out what is not public says so (`delivered`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from flask import Flask, Response, g, request

from topmast_service.api.envelope import request_id
from topmast_service.api.problems import ProblemApi
from topmast_service.domain.audit import Entry, kind_of
from topmast_service.domain.links import masked
from topmast_service.store.audit import AuditLog

READING = frozenset({"GET", "HEAD", "OPTIONS"})
REFUSED = frozenset({401, 403, 429})

_KEY_ID = re.compile(r"Bearer\s+tm_([A-Za-z0-9]{1,32})_", re.IGNORECASE)
_PARAMETER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
_MADE = re.compile(r"/v1/[a-z/]+/([A-Za-z0-9_-]+)")

_WORD_OF = {"signature": "link"}

Operations = Mapping[tuple[str, str], str]


def watch(app: Flask, api: ProblemApi, audit: AuditLog) -> None:
    """Keep what is asked of `app` in `audit`; after all routes."""
    names = cache(lambda: operations(api))

    @app.after_request
    def keep(response: Response) -> Response:
        status, changing = response.status_code, request.method not in READING
        if status in REFUSED or (changing and "user" in g and 400 <= status < 500):
            entry = _entry(names(), response)
            # what was tried tells no more than the first try: who wanted in, and from where
            audit.count(entry, "refused", entry.actor, entry.address, entry.outcome)
        elif changing and "user" in g:
            audit.note(_entry(names(), response))
        return response


def specify(**facts: str) -> None:
    """Tell the entry of this request what its address does not: `kind`, `object` and `path` of what it is about."""
    g.audited = {**g.get("audited", {}), **facts}


def delivered(audit: AuditLog, bundle: str, path: str) -> None:
    """A file (or an archive) that is not public goes out to whoever asks; ranges within a minute are one entry."""
    entry = replace(_who(), action="file_delivered", kind="bundle", object=bundle, path=path)
    audit.count(entry, "delivered", entry.actor, entry.user, entry.address, bundle, path)


def operations(api: ProblemApi) -> Operations:
    """The operationId of each address and method, as the contract has them."""
    paths = api.spec.to_dict()["paths"]
    return {
        (path, method.upper()): told["operationId"]
        for path, item in paths.items()
        for method, told in item.items()
        if isinstance(told, dict) and "operationId" in told
    }


def _entry(names: Operations, response: Response) -> Entry:
    facts = {"action": _operation(names), "outcome": _outcome(response), **_object(response), **g.get("audited", {})}
    return replace(_who(), **facts)


def _who() -> Entry:
    """Whose key, for whom, from where. Where a portal acts for a user, these are two."""
    user, key = g.get("user"), _KEY_ID.match(request.headers.get("Authorization", ""))
    actor = g.get("actor") or user
    return Entry(
        "",
        actor=actor.name if actor else "",
        user=user.name if user else "",
        key_id=str(g.get("key_id") or (key[1] if key else "")),
        address=request.remote_addr or "",
        request_id=request_id(),
    )


def _operation(names: Operations) -> str:
    rule = request.url_rule.rule if request.url_rule else ""
    return names.get((_PARAMETER.sub(r"{\1}", rule), request.method), f"{request.method} {request.path}")


def _object(response: Response) -> dict[str, str]:
    """What the address names first, with what it names below that as its path; or what was made."""
    given = [(name, str(value)) for name, value in (request.view_args or {}).items()]
    if given:
        (name, thing), *below = given
        kind = kind_of(thing) or _WORD_OF.get(name, name.removesuffix("_id"))
        return {"kind": kind, "object": _named(name, thing), "path": "/".join(value for _, value in below)}
    made = _MADE.fullmatch(response.headers.get("Location", ""))
    return {"kind": kind_of(made[1]), "object": made[1]} if made else {}


def _named(parameter: str, value: str) -> str:
    """A link without what makes it open anything."""
    return masked(f"/d/{value}") if parameter == "signature" else value


def _outcome(response: Response) -> str:
    """The status, and the code of a problem."""
    problem = response.get_json(silent=True) if response.mimetype == "application/problem+json" else None
    code = problem.get("code", "") if isinstance(problem, dict) else ""
    return f"{response.status_code} {code}".strip()
