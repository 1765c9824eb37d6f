"""Portal answers that say something else than they should."""

import json
from collections.abc import Sequence
from typing import Any

from flask import Response

from topmast_sandbox.faults.kinds import Altered, Capped, Kind, Missing, NoRows, Null, PortalError

_TOTALS = ("rowsFiltered", "rowsTotal")


def altered(response: Response, faults: Sequence[Kind]) -> Response:
    """Return the answer as these faults change it. What is no JSON object (csv, xml) stays as it is."""
    changes = [fault for fault in faults if isinstance(fault, Altered)]
    if not changes or response.mimetype != "application/json":
        return response
    document = json.loads(response.get_data())
    if document.get("status") != "EXECUTING":
        for fault in changes:
            document = _changed(document, fault)
    return Response(json.dumps(document), response.status, content_type=response.content_type)


def _changed(document: dict[str, Any], fault: Altered) -> dict[str, Any]:
    match fault:
        case PortalError():
            return {"status": "ERROR", "msg": fault.msg, "data": [], "fields": []}
        case NoRows():
            return _capped(document, Capped(rows=0, hidden=True))
        case Capped():
            return _capped(document, fault)
        case Missing():
            return {key: value for key, value in document.items() if key not in fault.keys}
        case Null():
            return document | dict.fromkeys(fault.keys)
    return document


def _capped(document: dict[str, Any], fault: Capped) -> dict[str, Any]:
    """Cut the rows of the json format; the paging goes on telling the truth unless it is to hide it."""
    rows, paging = document.get("data"), document.get("paging")
    if not isinstance(rows, list) or not isinstance(paging, dict):
        return document
    kept = rows[: max(0, fault.rows - (paging["page"] - 1) * paging["pageSize"])]
    told = paging | {"rows": len(kept)}
    if fault.hidden:
        told |= {name: min(paging[name], fault.rows) for name in _TOTALS}
        told["pagesFiltered"] = max(1, -(-told["rowsFiltered"] // paging["pageSize"]))
    return document | {"data": kept, "paging": told}
