"""The portal ("Mashup"): ``/api/v0/invoke`` and ``columnsconfig``.

Source: MAST API documentation, "MashupRequest", and astroquery 0.4.11's requests.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any
from xml.sax.saxutils import escape

from flask import Blueprint, Response, request

from topmast_sandbox.state import Sandbox
from topmast_sandbox.wire import answers
from topmast_sandbox.wire.columns import Column
from topmast_sandbox.wire.errors import QueryError
from topmast_sandbox.wire.polling import query_key
from topmast_sandbox.wire.resolver import resolved
from topmast_sandbox.wire.services import Services

DEFAULT_TIMEOUT = 20.0
DEFAULT_PAGESIZE = 1000
_Format = tuple[answers.Encode, Callable[[answers.Table, answers.Page], Iterator[str]], str]
_FORMATS: dict[str, _Format] = {
    "json": (answers.json_rows, answers.json_answer, "application/json"),
    "extjs": (answers.extjs_rows, answers.extjs_answer, "application/json"),
    "csv": (answers.csv_rows, answers.csv_answer, "text/csv"),
}


class Portal:
    """The routes of the portal over one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._services = Services(sandbox.catalogue)

    def routes(self) -> Blueprint:
        """Return the blueprint with these routes."""
        routes = Blueprint("portal", __name__)
        config = "/portal/Mashup/Mashup.asmx/columnsconfig"
        routes.add_url_rule("/api/v0/invoke", "invoke", self.invoke, methods=["GET", "POST"])
        routes.add_url_rule(config, "columnsconfig", self.columnsconfig, methods=["GET", "POST"])
        return routes

    def invoke(self) -> Response:
        """Answer one query; errors are HTTP 200 with status ERROR, as MAST does."""
        try:
            asked = json.loads(request.values.get("request", ""))
            if not isinstance(asked, dict) or not isinstance(asked.get("params", {}), dict):
                raise QueryError("request must be an object with service and params")
            return self._answer(asked)
        except ValueError:
            return _error("Invalid JSON in request")
        except QueryError as error:
            return _error(str(error))

    def columnsconfig(self) -> Response:
        """Answer the column metadata of any service name; ``{}`` where there is none."""
        columns = self._services.columns(request.values.get("colConfigId", ""))
        return _json({column.name: column.config() for column in columns})

    def _answer(self, asked: dict[str, Any]) -> Response:
        service, params = str(asked.get("service", "")), asked.get("params", {})
        if service.lower() == "mast.name.lookup":
            return self._lookup(params)
        key = query_key(asked)
        if self._sandbox.queries.known(key) and not self._held(key, asked):
            return _executing()
        body, kind, rows = self._encoded(service, params, asked)
        if not self._sandbox.queries.known(key) and not self._begun(key, asked, rows):
            return _executing()
        return Response(body, content_type=kind)

    def _encoded(self, service: str, params: dict[str, Any], asked: dict[str, Any]) -> tuple[Iterator[str], str, int]:
        if service.lower() == "mast.caom.all":
            return iter([histogram(self._services)]), "application/json", 0
        name = str(asked.get("format", "extjs")).lower()
        if name not in _FORMATS:
            raise QueryError(f"Invalid format: {name}")
        encode, answer, kind = _FORMATS[name]
        table = self._services.table(service, params)
        cap = self._sandbox.settings.now.row_cap
        page = answers.cut(table, *_paging(asked, cap), cap, encode)
        return answer(table, page), kind, page.total

    def _begun(self, key: str, asked: dict[str, Any], rows: int) -> bool:
        """Start the clock of a new query; return whether it is done within this poll."""
        now = self._sandbox.settings.now
        seconds = now.latency(rows) + now.slow_seconds
        if not seconds and not now.slow_polls:
            return True
        self._sandbox.queries.begin(key, seconds, now.slow_polls)
        return self._held(key, asked)

    def _held(self, key: str, asked: dict[str, Any]) -> bool:
        longest = min(_number(asked, "timeout", DEFAULT_TIMEOUT), self._sandbox.settings.now.hold_seconds)
        return self._sandbox.queries.hold(key, longest)

    def _lookup(self, params: dict[str, Any]) -> Response:
        found = resolved(self._sandbox.catalogue, [str(params.get("input", ""))])
        if str(params.get("format", "xml")).lower() == "json":
            return _json(found)
        entries = "".join(_xml(entry) for entry in found["resolvedCoordinate"])
        return Response(f"<resolvedItems>{entries}</resolvedItems>", content_type="text/xml")


def histogram(services: Services) -> str:
    """Return Mast.Caom.All's extjs table, whose ``histObj`` astroquery's list_missions reads."""
    counts = services.missions()
    bars = [{"count": count, "key": name} for name, count in counts.items()]
    hist = {"hist": bars, **{bar["key"]: bar for bar in bars}}
    column = Column("obs_collection", separator=";")
    told = answers.extjs_column(column, histObj=hist)
    paging = dict.fromkeys(("page", "pageSize", "pagesFiltered", "rows", "rowsFiltered", "rowsTotal"), 0)
    table = {
        "name": "Table",
        "ExtendedProperties": {"Paging": paging},
        "Columns": [told],
        "Fields": [column.field()],
        "Rows": [],
    }
    data = {"name": "NewDataSet", "Tables": [table], "ExtendedProperties": {}}
    return json.dumps({"status": "COMPLETE", "msg": "", "data": data})


def _paging(asked: dict[str, Any], cap: int) -> tuple[int, int]:
    """Return page and page size; a page size has no effect unless a page is asked for."""
    if asked.get("page") is None:
        return 1, cap
    page, size = _number(asked, "page", 1), _number(asked, "pagesize", DEFAULT_PAGESIZE)
    return max(1, int(page)), max(1, int(size))


def _number(asked: dict[str, Any], name: str, default: float) -> float:
    value = asked.get(name)
    try:
        return default if value is None else float(value)
    except (TypeError, ValueError):
        raise QueryError(f"Invalid {name}: {value!r}") from None


def _xml(entry: dict[str, Any]) -> str:
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in entry.items())
    return f"<resolvedCoordinate>{inner}</resolvedCoordinate>"


def _json(document: object) -> Response:
    return Response(json.dumps(document), content_type="application/json")


def _executing() -> Response:
    return _json({"status": "EXECUTING", "msg": "", "percent complete": 0, "data": [], "fields": []})


def _error(message: str) -> Response:
    """Sandbox's guess: the shape of an ERROR answer; astroquery reads status and msg."""
    return _json({"status": "ERROR", "msg": message, "data": [], "fields": []})
