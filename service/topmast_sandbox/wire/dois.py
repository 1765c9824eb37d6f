"""DataCite: ``/dois/<doi>`` as JSON:API.

Source: DataCite REST API. Invented: MAST's DOIs name sets that their authors chose; the sandbox has three for
each program, which differ in how much their metadata say.

=================================== =====================================================
``10.17909/sandbox-<program>``       names the program, in a subject
``10.17909/sandbox-<program>-o001``  lists the observations of observation 001, by their ids
``10.17909/sandbox-<program>-plain`` says nothing of either
=================================== =====================================================
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response

from topmast_sandbox.clock import from_mjd
from topmast_sandbox.state import Sandbox

MEDIA_TYPE = "application/vnd.api+json"
_KNOWN = re.compile(r"10\.17909/sandbox-(?P<program>\d+)(?:-(?:o(?P<observation>\d{3})|(?P<plain>plain)))?")

Row = Mapping[str, Any]


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
        known = _KNOWN.fullmatch(doi.lower())
        rows = self._rows(known["program"]) if known else []
        if known and known["observation"]:
            rows = [row for row in rows if f"-o{known['observation']}_" in row["obs_id"]]
        if not known or not rows:
            missing = {"status": "404", "title": "The resource you are looking for doesn't exist."}
            return _answer({"errors": [missing]}, 404)
        return _answer({"data": {"id": doi.lower(), "type": "dois", "attributes": _told(doi.lower(), known, rows)}})

    def _rows(self, program: str) -> list[Row]:
        return [row for row in self._sandbox.catalogue.observations() if row["proposal_id"] == program]


def _told(doi: str, known: re.Match[str], rows: Sequence[Row]) -> dict[str, Any]:
    row = rows[0]
    started = from_mjd(row["t_min"]) if row["t_min"] is not None else None
    subjects = [] if known["plain"] or known["observation"] else [{"subject": f"program {row['proposal_id']}"}]
    listed = [_related(row["obs_id"]) for row in rows] if known["observation"] else []
    return {
        "doi": doi,
        "titles": [{"title": row["obs_title"]}],
        "creators": [{"name": row["proposal_pi"], "nameType": "Personal"}],
        "publisher": "STScI/MAST",
        "publicationYear": started.year if started else None,
        "types": {"resourceTypeGeneral": "Dataset"},
        "subjects": [{"subject": row["obs_collection"]}, *subjects],
        "relatedIdentifiers": listed,
        "descriptions": [{"description": "Observations chosen for a paper.", "descriptionType": "Abstract"}],
        "url": f"https://mast.example.org/doi/{doi}",
        "state": "findable",
    }


def _related(obs_id: str) -> dict[str, str]:
    """Sandbox's guess: nobody recorded how MAST's DOIs list their observations, if they do."""
    address = f"https://mast.example.org/observation/{obs_id}"
    return {"relationType": "HasPart", "relatedIdentifierType": "URL", "relatedIdentifier": address}


def _answer(document: object, status: int = 200) -> Response:
    return Response(json.dumps(document), status, content_type=MEDIA_TYPE)
