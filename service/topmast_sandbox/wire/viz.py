"""The keyword information API, ``/viz/api/v0.1/``.

Known: the routes, their parameters, that rows carry the columns of CAOM and of the keyword services, and which
members the dictionary's own JSON schemas have for a keyword. Sandbox's guess: that each answer is a JSON list of
objects, that ``info/keywords`` names its members as those schemas do, and what it tells of units and allowed values.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from flask import Blueprint, Response, request

from topmast_sandbox.catalogue import facts, header
from topmast_sandbox.state import Sandbox
from topmast_sandbox.wire.answers import Row
from topmast_sandbox.wire.keywords import keyword_columns
from topmast_sandbox.wire.services import INSTRUMENTS

_WORDS = {
    "_nrc": "Nircam", "_nircam": "Nircam", "_nis": "Niriss", "_niriss": "Niriss", "_nrs": "Nirspec",
    "_nirspec": "Nirspec", "_mir": "Miri", "_guider": "Fgs", "_fgs": "Fgs", "_gs-": "GuideStar", "_wss": "Wss",
}  # fmt: skip
_UNITS = {"s", "deg", "mag", "arcsec", "arcsec/yr"}
_DAYS = {"MJD": "d"}
_TYPES = {"int": "integer", "bool": "boolean", "date": "string"}


class Viz:
    """The keyword information routes over one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._catalogue = sandbox.catalogue

    def routes(self) -> Blueprint:
        """Return the blueprint with these routes."""
        routes = Blueprint("viz", __name__, url_prefix="/viz/api/v0.1")
        routes.add_url_rule("/info/keywords", "keywords", self.keywords)
        routes.add_url_rule("/info/mnemonics", "mnemonics", self.mnemonics)
        routes.add_url_rule("/parameters", "parameters", self.parameters)
        routes.add_url_rule("/products", "products", self.products)
        routes.add_url_rule("/keywords/search", "search", self.search)
        return routes

    def keywords(self) -> Response:
        """Answer the keywords, all or the one named, with the services that hold each."""
        known = {word.column.lower(): _described(word) for word in header.keywords()}
        for service in INSTRUMENTS:
            for column in keyword_columns(self._catalogue, service):
                if column.name in known:
                    known[column.name]["destination"].append(f"{service}.{column.name}")
        return self._answer("info/keywords", _named(known))

    def mnemonics(self) -> Response:
        """Answer the engineering mnemonics, all or the one named."""
        known = {row["tlmMnemonic"].lower(): dict(row) for row in self._catalogue.mnemonics()}
        return self._answer("info/mnemonics", _named(known))

    def parameters(self) -> Response:
        """Answer the observation that made the file ``uri``."""
        return self._answer("parameters", [dict(row) for row in self._observed()])

    def products(self) -> Response:
        """Answer the products of that observation, with ``level`` only those of a calibration level."""
        level = request.args.get("level", "")
        rows = [row for found in self._observed() for row in self._catalogue.products(found["obsid"])]
        return self._answer("products", [row for row in rows if level in {"", str(row["calib_level"])}])

    def search(self) -> Response:
        """Answer the keyword row of the file ``uri``."""
        wanted = request.args.get("uri", "")
        rows = (row for service in _services(wanted) for row in self._catalogue.keywords(service))
        return self._answer("keywords/search", [dict(row) for row in rows if row["dataURI"] == wanted])

    def _observed(self) -> Iterator[Row]:
        stem = request.args.get("uri", "").rpartition("/")[2].rpartition("_")[0]
        return (row for row in self._catalogue.observations() if stem and row["obs_id"] == stem)

    def _answer(self, route: str, rows: Sequence[Any]) -> Response:
        return Response(json.dumps(list(rows)), content_type="application/json")


def _described(word: header.Keyword) -> dict[str, Any]:
    """Return a keyword as the dictionary's schemas describe one, as far as the facts tell."""
    title, _, end = word.comment.rpartition(", ")
    unit = end if end in _UNITS else _DAYS.get(end, "")
    return {
        "fits_keyword": word.card,
        "title": title if unit else word.comment,
        "type": _TYPES.get(word.type, word.type),
        "units": unit,
        "enum": _allowed().get(word.column, []),
        "destination": [],
    }


@cache
def _allowed() -> dict[str, list[str]]:
    """Return what keywords may be: the words that the facts use for them."""
    modes = facts.modes().values()
    instruments = {mode.instrument for mode in modes}
    detectors = facts.load("vocabulary.toml")["detectors"]
    allowed = {
        "exp_type": {mode.exp_type for mode in modes},
        "instrume": instruments,
        "readpatt": {mode.readpatt for mode in modes},
        "template": {mode.template for mode in modes},
        "detector": {name for names in detectors.values() for name in names.split()},
    }
    return {keyword: sorted(words) for keyword, words in allowed.items()}


def _services(uri: str) -> list[str]:
    """Return the services that can hold a file: its name tells the instrument or the detector."""
    name = uri.rpartition("/")[2]
    return [service for word, service in _WORDS.items() if word in name]


def _named(known: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    name = request.args.get("name", "").lower()
    return [entry for key, entry in known.items() if name in {"", key}]
