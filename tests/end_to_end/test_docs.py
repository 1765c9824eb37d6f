"""docs/searching.md says nothing that does not run: its Python is run in order, as one notebook."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.live import start_up

PAGE = Path(__file__).parents[2] / "docs" / "searching.md"


def test_every_example_of_the_page_on_searching_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    up = start_up(tmp_path / "data", "--sandbox", "--scale", "0.004")
    monkeypatch.setenv("TOPMAST_URL", up.endpoint["url"])
    monkeypatch.setenv("TOPMAST_API_KEY", up.endpoint["api_key"])
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    try:
        for block in blocks:
            exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 - our own page
    finally:
        names["client"].close()  # type: ignore[attr-defined]  # a topmast.Client
        assert up.stop() == 0
    for name in (
        "ring",
        "mosaics",
        "late",
        "programs",
        "log",
        "series",
        "whole",
        "maps",
        "mnemonics",
        "mirror",
        "files",
    ):
        assert names[name].count, name  # type: ignore[attr-defined]  # a topmast.Search
    assert names["combined"]
    assert {"program-1558.html", "ring.ecsv", "m57.png"} <= {path.name for path in tmp_path.iterdir()}
