"""DataCite: ``/dois/<doi>``, one DOI for each program, as JSON:API.

Source: DataCite REST API. Invented: MAST's DOIs name sets that their authors chose, the sandbox's
name one program each, ``10.17909/sandbox-<program>``.
"""

import json
from typing import Any

from flask import Blueprint, Response

from topmast_sandbox.clock import from_mjd
from topmast_sandbox.state import Sandbox

PREFIX = "10.17909/sandbox-"
MEDIA_TYPE = "application/vnd.api+json"


class Dois:
    """DataCite's one route."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> Blueprint:
        """Return the blueprint with this route."""
        routes = Blueprint("dois", __name__)
        routes.add_url_rule("/dois/<path:doi>", "doi", self.doi)
        return routes

    def doi(self, doi: str) -> Response:
        """Answer the metadata of a DOI; DOIs do not depend on case."""
        program = doi.lower().removeprefix(PREFIX) if doi.lower().startswith(PREFIX) else ""
        for row in self._sandbox.catalogue.observations():
            if program and row["proposal_id"] == program:
                return _answer({"data": _dataset(doi.lower(), dict(row))})
        missing = {"status": "404", "title": "The resource you are looking for doesn't exist."}
        return _answer({"errors": [missing]}, 404)


def _dataset(doi: str, row: dict[str, Any]) -> dict[str, Any]:
    started = from_mjd(row["t_min"]) if row["t_min"] is not None else None
    attributes = {
        "doi": doi,
        "titles": [{"title": row["obs_title"]}],
        "creators": [{"name": row["proposal_pi"], "nameType": "Personal"}],
        "publisher": "STScI/MAST",
        "publicationYear": started.year if started else None,
        "types": {"resourceTypeGeneral": "Dataset"},
        "subjects": [{"subject": row["obs_collection"]}, {"subject": f"program {row['proposal_id']}"}],
        "url": f"https://mast.example.org/doi/{doi}",
        "state": "findable",
    }
    return {"id": doi, "type": "dois", "attributes": attributes}


def _answer(document: object, status: int = 200) -> Response:
    return Response(json.dumps(document), status, content_type=MEDIA_TYPE)
