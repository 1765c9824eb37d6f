"""Fields that take exactly what JSON Schema says they take.

marshmallow's own are kinder: ``"yes"`` is true, ``true`` is 1, ``"1_000"`` a number. A client that sends these has a
mistake, and the contract would be lying about what is accepted.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate

_WHOLE = re.compile(r"-?[0-9]{1,16}")
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Pattern(validate.Regexp):
    """The whole text fits the pattern; ``$`` of Python's own would let a line end through."""

    def __init__(self, pattern: str, error: str) -> None:
        super().__init__(f"^{pattern}$", error=error)
        self._whole = re.compile(pattern)

    def __call__(self, value: Any) -> Any:
        """`value` as it is, or ValidationError."""
        if not self._whole.fullmatch(value):
            raise ValidationError(str(self.error))
        return value


class Request(Schema):
    """A document that comes in: unknown members are refused."""

    class Meta:
        unknown = RAISE


class Answer(Schema):
    """A document that goes out: all members are there, and readers must ignore those that they do not know."""

    class Meta:
        unknown = EXCLUDE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Say in the contract that the member is always there."""
        field_obj.required = True


class Described(fields.Raw):
    """A value that a component of the contract describes by name."""

    def __init__(self, component: str, **more: Any) -> None:
        super().__init__(**more)
        self.component = component


class WholeNumber(fields.Integer):
    """A JSON integer; neither text nor true."""

    def _validated(self, value: Any) -> int:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if not whole or isinstance(value, bool):
            raise self.make_error("invalid")
        return int(value)


class QueryNumber(fields.Integer):
    """An integer in a query: decimal ASCII digits."""

    def _validated(self, value: Any) -> int:
        if not isinstance(value, int) and not _WHOLE.fullmatch(str(value)):
            raise self.make_error("invalid")
        return int(value)


class Truth(fields.Boolean):
    """A JSON true or false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Moment(fields.DateTime):
    """A time: RFC 3339 in, UTC with ``Z`` and milliseconds out."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else moment(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        found = _RFC3339.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise self.make_error("invalid", input=value, obj_type="time (2026-07-01T12:00:00Z)")
        day, minute, second, fraction, zone = found.groups()
        # A leap second is the last moment of its minute: Python's clock has none.
        exact = f"{min(int(second), 59):02}{(fraction or '')[:7]}"
        try:
            time = datetime.fromisoformat(f"{day}T{minute}:{exact}{'+00:00' if zone in 'Zz' else zone}")
            return time.astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.make_error("invalid", input=value, obj_type="time (2026-07-01T12:00:00Z)") from None


def moment(value: datetime) -> str:
    """RFC 3339 with ``Z``."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
