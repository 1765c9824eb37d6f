"""One example of each document, as the contract shows it; `tests/api` holds them against the schemas."""

from __future__ import annotations

from typing import Any

_SEARCH, _BUNDLE = "s_5d1f0c9a7b3e2468", "b_0a9b8c7d6e5f4321"
_PATH = "JWST/jw01558-o001_t001_miri_f1000w/jw01558-o001_t001_miri_f1000w_i2d.fits"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

JOB: dict[str, Any] = {
    "id": _SEARCH,
    "kind": "search",
    "owner": "ann",
    "label": "ring nebula",
    "phase": "COMPLETED",
    "phase_reason": None,
    "outcome": "complete",
    "step": "search",
    "version": 4,
    "created": "2026-07-01T12:00:00.000Z",
    "started": "2026-07-01T12:00:00.120Z",
    "ended": "2026-07-01T12:00:02.450Z",
    "destruction": "2026-07-31T12:00:00.000Z",
    "progress": {"rows": 18},
    "error": None,
    "copy": None,
    "request": {"target": "m57 r=1m", "criteria": {"obs_collection": "JWST"}},
    "links": {
        "self": f"/v1/jobs/{_SEARCH}",
        "search": f"/v1/searches/{_SEARCH}",
        "rows": f"/v1/searches/{_SEARCH}/rows",
    },
}

SEARCH = JOB | {
    "search": {
        "count": 18,
        "counted_only": False,
        "columns": [{"name": "obs_id", "type": "string", "unit": "", "description": "Observation id"}],
        "notes": [],
        "hints": [],
        "resolved": {"target": "m57 r=1m", "ra": 283.396, "dec": 33.029, "radius": 0.01667, "resolver": "SIMBAD"},
        "api": "Mast.Caom.Filtered.Position",
        "as_of": "2026-07-01T12:00:02+00:00",
        "truncated": False,
        "truncated_because": None,
        "series": None,
        "products": None,
        "instruments": None,
        "unmatched": None,
    },
    "stale": None,
}

BUNDLE = JOB | {
    "id": _BUNDLE,
    "kind": "bundle",
    "step": "publish",
    "progress": {"files_total": 2, "files_done": 2, "files_cached": 0, "files_failed": 0, "bytes_total": 4096},
    "request": {"from": {"search": _SEARCH}, "select": {"sub_groups": ["I2D"]}},
    "links": {
        "self": f"/v1/jobs/{_BUNDLE}",
        "bundle": f"/v1/bundles/{_BUNDLE}",
        "products": f"/v1/bundles/{_BUNDLE}/products",
        "manifest": f"/v1/bundles/{_BUNDLE}/manifest",
        "files": f"/v1/bundles/{_BUNDLE}/files/",
        "zip": f"/v1/bundles/{_BUNDLE}/archive.zip",
        "tar": f"/v1/bundles/{_BUNDLE}/archive.tar",
    },
    "bundle": {
        "revision": 1,
        "counts": {
            "listed": 9, "duplicates": 1, "unique": 8, "selected": 2, "excluded": {"sub_group": 6},
            "ok": 2, "cached": 0, "fetched": 2, "failed": 0,
        },
        "bytes": {"total": 4096, "fetched": 4096, "cached": 0},
        "ftps": {"host": "topmast.example.org", "port": 8021, "user": "ann", "path": f"/{_BUNDLE}/"},
        "notes": [],
        "plan": None,
        "completeness": None,
        "references": None,
        "shares": ["bob"],
        "release_due": None,
        "superseded": {"count": 0, "files": []},
        "files": f"/v1/bundles/{_BUNDLE}/files/",
    },
}  # fmt: skip

COPY = JOB | {
    "id": "c_0f1e2d3c4b5a6978",
    "kind": "copy",
    "step": "copy",
    "progress": {"files_total": 6, "files_done": 6, "files_failed": 0, "bytes_total": 16384, "bytes_done": 16384},
    "copy": {
        "bundle": _BUNDLE, "revision": 1, "directory": "/shared/jwst/ring", "files": 6, "bytes": 16384, "kept": 0,
        "failed": 0, "failures": [],
    },
    "request": {"bundle": _BUNDLE, "directory": "ring", "overwrite": False},
    "links": {"self": "/v1/jobs/c_0f1e2d3c4b5a6978", "bundle": f"/v1/bundles/{_BUNDLE}"},
}  # fmt: skip

_PAGE: dict[str, Any] = {"next": None, "total": 1, "truncated": False, "as_of": "2026-07-01T12:00:02Z", "stale": False}

ROWS = {
    "items": [
        {"_row": 1, "obs_id": "jw01558-o001_t001_miri_f1000w", "instrument_name": "MIRI/IMAGE", "access": "public"}
    ],
    "notes": [],
    **_PAGE,
}

MANIFEST = {
    "items": [
        {
            "_row": 1,
            "dataURI": "mast:JWST/product/jw01558-o001_t001_miri_f1000w_i2d.fits",
            "path": _PATH,
            "access": "public",
            "status": "OK",
            "reason": "ok",
            "size": 2048,
            "sha256": _SHA256,
        }
    ],
    **_PAGE,
}

FOLDER = {
    "items": [
        {"name": "JWST", "path": "JWST", "type": "folder", "size": None, "sha256": None},
        {"name": "MANIFEST.HTML", "path": "MANIFEST.HTML", "type": "file", "size": 5120, "sha256": None},
    ]
}
