"""The house keeps its walls: what each process loads, and what files are called."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [ROOT / "service", ROOT / "sdk" / "src"]

# (marshmallow is everywhere: environs reads settings with it.)
LOADED = "import sys; from topmast_service import container; from topmast_service.config import Settings; "


def loaded_by(code: str) -> set[str]:
    """The top-level modules of a fresh process that ran `code`."""
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}; print(' '.join({{m.split('.')[0] for m in sys.modules}}))"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return set(shown.stdout.split())


@pytest.mark.parametrize(
    ("builder", "never"),
    [
        ("container.for_api(Settings())", {"astroquery", "astropy", "requests", "pyftpdlib", "urllib3"}),
        ("container.for_transfer(Settings())", {"astroquery", "astropy", "flask", "flask_smorest", "pyftpdlib"}),
        ("container.for_upkeep(Settings())", {"astroquery", "astropy", "flask", "flask_smorest", "pyftpdlib"}),
        ("container.for_query(Settings())", {"flask", "flask_smorest", "pyftpdlib"}),
    ],
)
def test_a_process_loads_only_its_own_rooms(builder: str, never: set[str]) -> None:
    loaded = loaded_by(LOADED + builder)
    assert "topmast_service" in loaded
    assert loaded & never == set()


def test_no_room_is_called_utils() -> None:
    names = {p.stem for source in SOURCES for p in source.rglob("*.py")}
    assert names & {"utils", "util", "helpers", "helper", "common", "misc"} == set()


def test_files_stay_small_enough_to_read() -> None:
    long = {p.name: n for s in SOURCES for p in s.rglob("*.py") if (n := len(p.read_text().splitlines())) > 400}
    assert long == {}
