"""What a user does with a script: gets it, runs it with bash, looks at what is there."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path

HOSTILE = [
    "JWST/$(touch PWNED)/`touch PWNED`.fits",
    'JWST/quotes\'"/it\'s "one"; touch PWNED #.fits',
    "JWST/unicode/μ-Ring→Nebel 57.fits",
    "JWST/brackets/a[1]{2,3}*?.fits",
    "JWST/dashes/--output=PWNED",
    "JWST/percent/%2e%2e%2f&?#.fits",
    "JWST/dollars/$HOME ${PATH} !!.fits",
    "JWST/long/" + "x" * 250 + ".fits",
    "JWST/END OF THE LIST/END OF THE LIST",
]
FILES = {
    "JWST/jw01558/jw01558_i2d.fits": bytes(range(256)) * 20_000,
    "JWST/jw01558/jw01558_asn.json": b"{}\n",
    "JWST/jw01558/jw01558_empty.txt": b"",
    **{name: name.encode() * 50 for name in HOSTILE},
}


@dataclass
class Box:
    """A bundle: its files on the service's disk, where it is served, its user's key, and a folder of the user's."""

    id: str
    here: Path
    url: str
    key: str
    elsewhere: Path

    def text(self, name: str, source: str = "topmast") -> str:
        """script.sh, urls.txt or aria2.txt, as a user gets it."""
        request = urllib.request.Request(
            f"{self.url}/v1/bundles/{self.id}/{name}?source={source}", headers={"Authorization": f"Bearer {self.key}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())

    def run(self, *words: str, script: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script with these words, in the user's folder."""
        self.elsewhere.mkdir(exist_ok=True)
        path = self.elsewhere / "script.sh"
        path.write_text(script or self.text("script.sh"))
        return run(["bash", str(path), *words], self.elsewhere, **{"TOPMAST_API_KEY": self.key, **environment})

    def watched(self, *words: str, does: str) -> tuple[subprocess.CompletedProcess[str], str]:
        """Run it with a curl that first `does` something in bash; with what that said."""
        curl = self.elsewhere / "bin" / "curl"
        curl.parent.mkdir(parents=True, exist_ok=True)
        curl.write_text(f'#!/bin/bash\n{{ {does}; }} >>$SEEN 2>&1\nexec {shutil.which("curl")} "$@"\n')
        curl.chmod(0o755)
        seen = curl.with_name("seen")
        done = self.run(*words, PATH=f"{curl.parent}:{os.environ['PATH']}", SEEN=str(seen))
        return done, seen.read_text()

    def begin(self, path: str, content: bytes) -> None:
        """Leave this as the part of a file."""
        sha256 = hashlib.sha256((self.here / path).read_bytes()).hexdigest()
        folder, _, name = path.rpartition("/")
        part = self.elsewhere / self.id / folder / f".{name}.{sha256[:16]}.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(content)

    @property
    def fetched(self) -> dict[str, bytes]:
        """What the user has."""
        return contents(self.elsewhere / self.id)


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of a user's, to its end."""
    return subprocess.run(
        command,
        cwd=folder,
        env=surroundings(folder, **environment),
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def surroundings(folder: Path, **more: str) -> dict[str, str]:
    """A user's environment; impatient, and in a locale that knows no Unicode."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "TOPMAST_PAUSE": "0", "LC_ALL": "C", **more}


def contents(folder: Path) -> dict[str, bytes]:
    """The files below a folder, by path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
