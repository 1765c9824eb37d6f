"""Pages of docs/recipes as notebooks: their Python and shell blocks run in order, in a folder of their own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from astropy.io import fits

from tests.live import Up

BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXPOSURE = re.compile(r"(jw\d{11}_\d{5}_\d{5})(?:-seg\d{3})?_[a-z]+[0-9a-z]*")
"""What the names of an exposure's files begin with, on one detector, segment and all."""


@dataclass
class Notebook:
    """One page that is run, and what came of it."""

    page: Path
    folder: Path
    up: Up
    names: dict[str, Any] = field(default_factory=dict)
    printed: str = ""

    def run(self, meanwhile: Callable[[Notebook], None] | None = None) -> None:
        """Run every block; between the first and the second what happens `meanwhile`."""
        for number, (kind, code) in enumerate(BLOCK.findall(self.page.read_text(encoding="utf-8"))):
            if number == 1 and meanwhile is not None:
                meanwhile(self)
            self.printed += self._python(code) if kind == "python" else self._sh(code)

    def _python(self, code: str) -> str:
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(code, str(self.page), "exec"), self.names)  # noqa: S102 - our own page
        return out.getvalue()

    def _sh(self, code: str) -> str:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", code],
            cwd=self.folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def sandbox(self, path: str, **body: Any) -> Any:
        """The sandbox's own switches: POST with a body, else GET."""
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self.up.endpoint['sandbox_url']}/_sandbox/{path}", data)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def times_fetched(self, name: str) -> int:
        """How often MAST was asked for all of this file."""
        asked = self.sandbox("requests")["files"].get(f"mast:JWST/product/{name}", {})
        return int(asked.get("statuses", {}).get("200", 0) - asked.get("methods", {}).get("head", 0))

    def files(self, folder: str, pattern: str = "*") -> dict[str, Path]:
        """The files below a folder, by name; none of them twice."""
        found = [path for path in (self.folder / folder).rglob(pattern) if path.is_file()]
        named = {path.name: path for path in found}
        assert len(named) == len(found)
        assert named, f"{folder}/{pattern}"
        return named

    def associations(self, folder: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Every association below a folder."""
        for path in self.files(folder, "*_asn.json").values():
            yield path, json.loads(path.read_text())


def members(association: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What an association names: what as, and the beginning of its files' names."""
    for product in association["products"]:
        for member in product["members"]:
            found = EXPOSURE.match(member["expname"])
            assert found, member
            yield member["exptype"], found[0]


def header(path: Path) -> fits.Header:
    """The primary header, read by astropy."""
    return fits.getheader(path)


def exposure(name: str) -> str:
    """The exposure that a file is of, without its segment and detector."""
    found = EXPOSURE.match(name)
    assert found, name
    return found[1]
