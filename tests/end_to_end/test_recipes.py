"""docs/recipes keeps its promises: every page is run as it stands, and then its files are looked at.

A page is one notebook; all of them share one service, as a group's members do.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.notebook import Notebook
from tests.end_to_end.recipe_checks import CHECKS, MEANWHILE
from tests.live import Up, start_up

PAGES = Path(__file__).parents[2] / "docs" / "recipes"
TOOLS = {"10-publish-the-list.md": ("curl", "aria2c")}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """With a hook that writes down what it was told, a shared directory, and a cache that asks MAST every time."""
    home = tmp_path_factory.mktemp("recipes")
    (home / "shared").mkdir()
    (home / "submitted").touch()
    submit = home / "submit.sh"
    submit.write_text(f'#!/bin/sh\necho "$1" >>{home}/submitted\n')
    submit.chmod(0o755)
    more = {"TOPMAST_HOOKS": f"slurm={submit}", "TOPMAST_COPY_ROOTS": str(home / "shared"), "TOPMAST_MAX_AGE": "0"}
    up = start_up(home / "data", "--sandbox", "--scale", "0.001", env=more)
    yield up
    assert up.stop() == 0


@pytest.mark.parametrize("page", sorted(CHECKS))
def test_a_recipe_does_what_it_says(page: str, service: Up, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in TOOLS.get(page, ()):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    monkeypatch.setenv("TOPMAST_URL", service.endpoint["url"])
    monkeypatch.setenv("TOPMAST_API_KEY", service.endpoint["api_key"])
    ran = Notebook(PAGES / page, tmp_path, service)
    try:
        ran.run(MEANWHILE.get(page))
        CHECKS[page](ran)
    finally:
        if "client" in ran.names:
            ran.names["client"].close()


def test_every_page_has_a_check_and_stands_in_the_index() -> None:
    index = re.findall(r"\]\((\d\d-[a-z-]+\.md)\)", (PAGES / "README.md").read_text(encoding="utf-8"))
    assert sorted(CHECKS) == sorted(page.name for page in PAGES.glob("*.md") if page.name != "README.md") == index


@pytest.mark.parametrize("page", sorted(CHECKS))
def test_a_recipe_is_one_screen_in_the_same_order(page: str) -> None:
    text = (PAGES / page).read_text(encoding="utf-8")
    assert text.startswith(f"# {int(page[:2])}. ")
    assert text.index("```python") < text.index("**What comes out.**") < text.index("**What to know.**")
    assert len(text.splitlines()) <= 66
