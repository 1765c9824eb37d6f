"""What can go wrong on purpose: rules say when, where and what; `FaultBook` decides; `wire.failing` carries it out."""

from topmast_sandbox.faults.book import FaultBook
from topmast_sandbox.faults.kinds import Kind
from topmast_sandbox.faults.reading import read_file, rule_of, rules_of
from topmast_sandbox.faults.rule import Rule, When, Where
from topmast_sandbox.faults.visit import Visit

__all__ = ["FaultBook", "Kind", "Rule", "Visit", "When", "Where", "read_file", "rule_of", "rules_of"]
