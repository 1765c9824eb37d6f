"""The rules in force, and the one place that decides which of them a request meets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from topmast_sandbox.faults.kinds import Kind
from topmast_sandbox.faults.reading import document_of
from topmast_sandbox.faults.rule import Rule
from topmast_sandbox.faults.visit import Visit


@dataclass
class _Entry:
    """A rule with its counts."""

    rule: Rule
    seen: Counter[str] = field(default_factory=Counter)
    total: int = 0
    fired: int = 0

    def meets(self, visit: Visit) -> bool:
        """Count the request; return whether the fault happens to it."""
        rule, when = self.rule, self.rule.when
        if not rule.where.holds(visit) or not rule.what.meets(visit):
            return False
        self.total += 1
        self.seen[visit.question] += 1
        own = self.seen[visit.question]
        spent = when.limit and self.fired >= when.limit
        if spent or not when.holds(self.total if when.counted == "all" else own, own, visit.question):
            return False
        self.fired += 1
        return True


class FaultBook:
    """All rules, in the order they were made; safe with many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: tuple[_Entry, ...] = ()

    def add(self, rules: Iterable[Rule]) -> None:
        """Add rules after those there are; one with the id of another takes its place and counts from zero."""
        new = {rule.id: _Entry(rule) for rule in rules}
        with self._lock:
            kept = [entry for entry in self._entries if entry.rule.id not in new]
            self._entries = (*kept, *new.values())

    def replace(self, rules: Iterable[Rule]) -> None:
        """Forget all rules, counts included, and take these."""
        with self._lock:
            self._entries = tuple(_Entry(rule) for rule in rules)

    def remove(self, rule_id: str) -> bool:
        """Forget one rule; return whether there was one."""
        with self._lock:
            kept = tuple(entry for entry in self._entries if entry.rule.id != rule_id)
            gone = len(kept) < len(self._entries)
            self._entries = kept
        return gone

    def meeting(self, visit: Visit) -> tuple[Kind, ...]:
        """Return the faults that happen to a request, and count it for every rule that is about it."""
        if not self._entries:
            return ()
        with self._lock:
            return tuple(entry.rule.what for entry in self._entries if entry.meets(visit))

    def document(self) -> dict[str, Any]:
        """Return the rules with how many requests each has ``met`` and how often it has ``fired``."""
        with self._lock:
            told = [(entry.rule, entry.total, entry.fired) for entry in self._entries]
        return {"rules": [document_of(rule) | {"met": met, "fired": fired} for rule, met, fired in told]}
