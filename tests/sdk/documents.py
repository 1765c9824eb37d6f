"""Documents as the service writes them."""

from __future__ import annotations

from typing import Any


def job(job_id: str = "b_1", phase: str = "EXECUTING", **members: Any) -> dict[str, Any]:
    kind = "search" if job_id.startswith("s_") else "bundle"
    return {
        "id": job_id,
        "kind": kind,
        "owner": "ann",
        "label": None,
        "phase": phase,
        "phase_reason": None,
        "outcome": "complete" if phase == "COMPLETED" else None,
        "step": None,
        "version": 1,
        "created": "2026-07-01T10:00:00Z",
        "started": None,
        "ended": None,
        "destruction": "2026-08-01T10:00:00Z",
        "progress": {},
        "error": None,
        "request": {},
        "links": {"self": f"/v1/jobs/{job_id}"},
        **members,
    }


def search(job_id: str = "s_1", phase: str = "COMPLETED", count: int = 2, **members: Any) -> dict[str, Any]:
    part = {
        "count": count,
        "columns": [
            {"name": "obs_id", "type": "string", "unit": None, "description": "Observation id"},
            {"name": "t_exptime", "type": "float", "unit": "s", "description": "Exposure time"},
            {"name": "calib_level", "type": "int", "unit": None, "description": "Level"},
        ],
        "notes": ["instrument_name expanded"],
        "resolved": {"target": "m57", "ra": 283.396, "dec": 33.029, "radius": 0.0167, "resolver": "SIMBAD"},
        "api": "Caom",
        "as_of": "2026-07-01T10:00:00Z",
        "truncated": False,
    }
    return {**job(job_id, phase), "search": part, **members}


def bundle(job_id: str = "b_1", phase: str = "COMPLETED", **members: Any) -> dict[str, Any]:
    part = {
        "revision": 1,
        "counts": {"listed": 9, "duplicates": 1, "unique": 8, "selected": 2, "excluded": {"type": 6}, "ok": 2},
        "bytes": {"total": 2048, "fetched": 2048, "cached": 0},
        "ftps": {"host": "127.0.0.1", "port": 2121, "user": "ann", "path": f"/{job_id}"},
        "files": f"/v1/bundles/{job_id}/files/",
    }
    return {**job(job_id, phase), "bundle": part, **members}
