"""What the FTPS process tells the audit log."""

from __future__ import annotations

from topmast_service.domain.audit import Asked
from topmast_service.ftps.run import _note
from topmast_service.store.audit import COUNTED, COUNTS, STREAM, AuditLog


def test_sign_ins_by_user_and_refusals_by_address_are_counted(log: AuditLog) -> None:
    for _ in range(4):
        _note(log, "ftps_sign_in", "ann", "192.0.2.7")
    for guess in ("ann", "bob", "tm_1a2b3c4d_" + "A" * 32):
        _note(log, "ftps_refused", guess, "192.0.2.8")
    log._tell(keys=[COUNTS, COUNTED, STREAM], args=["all"])
    told = list(log.oldest_first(Asked()))
    assert sum(entry.count for entry in told if entry.action == "ftps_sign_in") == 4
    assert {entry.actor for entry in told} == {"ann", ""}
    assert sum(entry.count for entry in told if entry.outcome == "refused") == 3
    assert "AAAA" not in str(told)
