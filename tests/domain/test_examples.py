"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import topmast_service.domain as rules


def test_every_example_in_the_rules() -> None:
    names = [f"{rules.__name__}.{module.name}" for module in pkgutil.iter_modules(rules.__path__)]
    results = [doctest.testmod(importlib.import_module(name)) for name in names]
    assert sum(r.attempted for r in results) >= 3
    assert sum(r.failed for r in results) == 0
