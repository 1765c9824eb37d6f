"""Reads what a request carries, strictly, and says exactly what is wrong with it.

A misspelt member or parameter is refused with the nearest known name: read leniently, ``{"sub_group": ["I2D"]}`` would
stage everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from flask import Request
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields
from webargs.fields import DelimitedList
from webargs.flaskparser import FlaskParser

from topmast_service.api import strict_json
from topmast_service.api.http_errors import UnsupportedMediaType
from topmast_service.domain.columns import nearest
from topmast_service.errors import Invalid, Malformed


class RequestParser(FlaskParser):
    """webargs with strict JSON, no unknown query parameters, and errors of ours."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012 - as the base class declares it
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
        "headers": EXCLUDE,
    }

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body; it must say that it is JSON, and be an object.

        Raises
        ------
        UnsupportedMediaType, Malformed
            It is not.
        """
        if not req.is_json:
            raise UnsupportedMediaType(f"The body is {req.mimetype or 'of no stated type'}.")
        found = strict_json.loads(req.get_data(cache=False))
        if not isinstance(found, dict):
            raise Malformed("The body is JSON, but not an object.")
        return found

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The query; a parameter that is no list may be given once."""
        lists = {name for name, field in _members(schema).items() if _is_repeatable(field)}
        doubled = [name for name in req.args if name not in lists and len(req.args.getlist(name)) > 1]
        if doubled:
            raise ValidationError({name: ["Give it once."] for name in doubled})
        return super().load_querystring(req, schema)

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Raise `Invalid` with one entry per offending member."""
        location, messages = next(iter(dict(error.messages_dict).items()))
        root = "/" if location == "json" else ""
        found = [_entry(schema, root, path, text) for path, text in _flat(messages)]
        raise Invalid(_summary(found), errors=found)


def _flat(messages: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """marshmallow's tree of messages as (path, text)."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _flat(inner, path if name == "_schema" else (*path, name))
    else:
        for text in messages if isinstance(messages, list) else [messages]:
            yield path, str(text)


def _entry(schema: Schema, root: str, path: tuple[Any, ...], text: str) -> dict[str, Any]:
    pointer = root + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in path)
    unknown = text == schema.error_messages.get("unknown", "Unknown field.")
    known = _members_at(schema, path[:-1]) if unknown else {}
    detail = f"There is no {str(path[-1])[:100]!r} here." if unknown and path else text
    return {"pointer": pointer, "detail": detail, "suggestions": nearest(str(path[-1])[:100], known) if known else []}


def _summary(found: list[dict[str, Any]]) -> str:
    first = f"{found[0]['pointer'] or 'request'}: {found[0]['detail']}"
    return first if len(found) == 1 else f"{first} (and {len(found) - 1} more)"


def _members_at(schema: Schema, path: tuple[Any, ...]) -> dict[str, fields.Field[Any]]:
    """The members known at a place inside a body."""
    members = _members(schema)
    for part in path:
        field = members.get(str(part)) if not isinstance(part, int) else None
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            members = _members(inner.schema)
    return members


def _members(schema: Schema) -> dict[str, fields.Field[Any]]:
    return {field.data_key or name: field for name, field in schema.fields.items()}


def _is_repeatable(field: fields.Field[Any]) -> bool:
    return isinstance(field, fields.List) and not isinstance(field, DelimitedList)
