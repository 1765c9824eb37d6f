"""Jobs and manifest rows to write messages about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from topmast_service.domain.job import COMPLETED, ERROR, Job
from topmast_service.domain.manifest import FAILED, ManifestRow
from topmast_service.notify.compose import Endpoints

ENDPOINTS = Endpoints(
    url="http://127.0.0.1:8080",
    ftps_host="127.0.0.1",
    ftps_port=2121,
    ftps_ca_file="/srv/topmast/ca.pem",
    from_address="topmast@stage.example.org",
)
ALICE = "alice@example.org"

ACCEPTED = Job(
    id="b_abc",
    kind="bundle",
    owner="alice",
    request={"from": {"search": "s_m57"}, "select": {"sub_groups": ["I2D", "ASN"], "mrp": True, "levels": None}},
    created=datetime(2027, 3, 1, 12, tzinfo=UTC),
    destruction=datetime(2027, 3, 31, 12, tzinfo=UTC),
    label="M 57, MIRI",
)


def completed(outcome: str = "complete", label: str | None = ACCEPTED.label, **counts: int) -> Job:
    """The bundle, done."""
    result: dict[str, Any] = {
        "counts": {"ok": 34, "cached": 4, "fetched": 30, "failed": 0} | counts,
        "bytes": {"total": 15_540_000_000, "fetched": 12_000_000_000, "cached": 3_540_000_000},
    }
    ended = datetime(2027, 3, 1, 13, 5, tzinfo=UTC)
    return replace(ACCEPTED, phase=COMPLETED, outcome=outcome, ended=ended, revision=1, result=result, label=label)


def failed_job(detail: str = "No row of s_m57 matches.") -> Job:
    """The bundle, ended in ERROR."""
    error = {"code": "empty_selection", "title": "The selection names nothing", "detail": detail, "hint": "Widen it."}
    return replace(ACCEPTED, phase=ERROR, error=error, ended=datetime(2027, 3, 1, 12, 1, tzinfo=UTC))


def missing(number: int, reason: str = "missing_on_server") -> ManifestRow:
    """A row that was not delivered."""
    name = f"jw01558001001_{number:05d}_cal.fits"
    return ManifestRow(
        dataURI=f"mast:JWST/product/{name}",
        path=f"JWST/jw01558/{name}",
        productFilename=name,
        obs_id="jw01558",
        description="",
        productType="SCIENCE",
        productSubGroupDescription="CAL",
        calib_level=2,
        access="public",
        status=FAILED,
        reason=reason,
        size=None,
        sha256="",
        source="",
    )
