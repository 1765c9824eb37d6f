"""The mission search API, ``/search/<mission>/api/v0.1/``, as astroquery's MastMissions uses it."""

import json
import time
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, request

from topmast_sandbox.state import Sandbox
from topmast_sandbox.wire.download import Download
from topmast_sandbox.wire.errors import QueryError
from topmast_sandbox.wire.holdings import holdings
from topmast_sandbox.wire.mission_search import search

_LARGEST_BATCH = 1000


class Missions:
    """The routes of the mission search over one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._download = Download(sandbox)
        self._holdings = holdings(sandbox.catalogue)

    def routes(self) -> Blueprint:
        """Return the blueprint with these routes."""
        routes = Blueprint("missions", __name__)
        base = "/search/<any(jwst,hst):mission>/api/v0.1"
        routes.add_url_rule("/search/util/api/v0.1/column_list", "columns", self.columns)
        routes.add_url_rule(f"{base}/search", "search", self.search, methods=["POST"])
        routes.add_url_rule(f"{base}/post_list_products", "products", self.products, methods=["POST"])
        routes.add_url_rule(f"{base}/list_products", "list_products", self.list_products)
        routes.add_url_rule(f"{base}/retrieve_product", "retrieve", self.retrieve)
        return routes

    def columns(self) -> Response:
        """Answer the columns of ``?mission=``; an unknown mission has none (400)."""
        mission = self._holdings.get(request.args.get("mission", "").lower())
        if mission is None:
            return _json({"detail": "unknown mission"}, 400)
        return _json([column.entry() for column in mission.columns])

    def search(self, mission: str) -> Response:
        """Answer one search; a mistake in it is a 400."""
        asked = request.get_json(silent=True)
        if not isinstance(asked, dict):
            return _json({"detail": "the body must be a JSON object"}, 400)
        try:
            answer = search(self._holdings[mission], asked)
        except QueryError as error:
            return _json({"detail": str(error)}, 400)
        return self._late(answer, len(answer["results"]))

    def products(self, mission: str) -> Response:
        """Answer the products of up to 1,000 ``dataset_ids``."""
        asked = request.get_json(silent=True)
        datasets = asked.get("dataset_ids") if isinstance(asked, dict) else None
        if not isinstance(datasets, list) or len(datasets) > _LARGEST_BATCH:
            return _json({"detail": f"dataset_ids must list at most {_LARGEST_BATCH} names"}, 400)
        return self._listed(mission, datasets)

    def list_products(self, mission: str) -> Response:
        """Answer the same to a GET, the names joined by commas."""
        return self._listed(mission, request.args.get("dataset_ids", "").split(","))

    def retrieve(self, mission: str) -> Response:
        """Answer a file by ``<dataset>/<filename>`` or by its bare name."""
        filename = request.args.get("product_name", "").rpartition("/")[2]
        uri = f"mast:{mission.upper()}/product/{filename}"
        return self._download.answer(self._sandbox.catalogue.file(uri))

    def _listed(self, mission: str, datasets: Iterable[Any]) -> Response:
        find = self._holdings[mission].products
        rows = [row for name in datasets for row in find(str(name).strip())]
        return self._late({"products": rows}, len(rows))

    def _late(self, document: object, rows: int) -> Response:
        """Answer after the latency of so many rows: there is no polling here, the client just waits."""
        time.sleep(self._sandbox.settings.now.latency(rows))
        return _json(document)


def _json(document: object, status: int = 200) -> Response:
    return Response(json.dumps(document), status, content_type="application/json")
