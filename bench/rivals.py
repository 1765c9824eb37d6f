"""What people use today, each as they use it, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from bench.catalogue import name_of, uri_of
from bench.telling import say, taking

LONGEST = 3600

DOWNLOAD = """
import json, sys, time
from astroquery.mast import Observations
products = Observations.get_product_list(sys.argv[1])
begun = time.perf_counter()
told = Observations.download_products(products, download_dir=sys.argv[2])
taken = time.perf_counter() - begun
print(json.dumps({"seconds": taken, "files": int(sum(told["Status"] == "COMPLETE"))}))
"""

PRIMER = """
import json, resource, sys, time
from astropy.table import unique, vstack
from astroquery.mast import Observations
begun = time.perf_counter()
products = vstack([Observations.get_product_list(str(obsid)) for obsid in range(1, int(sys.argv[1]) + 1)])
listed, products = len(products), unique(products, keys="dataURI")
taken = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": taken, "files": len(products), "rows": listed, "peak": peak}))
"""


def astroquery(script: str, mast: str, folder: Path, *args: str) -> dict[str, float]:
    """Run a script with the unmodified astroquery, pointed at `mast` by its configuration file.

    What it prints in its last line; its own clock, so that importing astroquery does not count.
    """
    config = folder / "config"
    config.mkdir(exist_ok=True)
    (config / "astroquery.cfg").write_text(f"[mast]\nserver = {mast}\n")
    told = {"ASTROPY_CONFIG_DIR": str(config), "XDG_CACHE_HOME": str(folder)}
    given = {k: v for k, v in os.environ.items() if k != "MAST_API_TOKEN"}  # noqa: TID251 - handed on, not read
    command = [sys.executable, "-c", script, *args]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=given | told, timeout=LONGEST
    )
    result: dict[str, float] = json.loads(done.stdout.decode().splitlines()[-1])
    say(f"astroquery: {result}")
    return result


def aria2c(mast: str, folder: Path, files: Sequence[int], connections: int) -> float:
    """Seconds for ``aria2c -x1 -jN``, then ``sha256sum`` of what came: topmast's files are checksummed too."""
    folder.mkdir()
    wanted = folder.with_name(f"{folder.name}.txt")
    wanted.write_text("".join(f"{_url(mast, n)}\n  out={name_of(n)}\n" for n in files))
    with taking(f"aria2c -x1 -j{connections}, sha256sum") as taken:
        fetch = ["aria2c", "-q", "-x1", f"-j{connections}", "--no-conf", "--file-allocation=none"]
        subprocess.run([*fetch, f"--dir={folder}", f"--input-file={wanted}"], check=True, timeout=LONGEST)
        _sums(folder)
    _complete(folder, files)
    return taken.value


def curl(mast: str, folder: Path, files: Sequence[int], connections: int) -> float:
    """Seconds for ``curl -Z``, then ``sha256sum``."""
    folder.mkdir()
    with taking(f"curl -Z --parallel-max {connections}, sha256sum") as taken:
        _curl(
            mast, files, connections, [str(folder / name_of(n)) for n in files], folder.with_name(f"{folder.name}.txt")
        )
        _sums(folder)
    _complete(folder, files)
    return taken.value


def ceiling(mast: str, folder: Path, files: Sequence[int], connections: int) -> tuple[float, float]:
    """What the sandbox can give to so many plain connections at most: files and bytes per second, thrown away.

    curl neither writes nor checks anything here, so this is what is left for anybody who does.
    """
    with taking(f"the sandbox's ceiling over {connections} connections") as taken:
        said = _curl(mast, files, connections, ["/dev/null"] * len(files), folder / "ceiling.txt")
    size = sum(int(line) for line in said.split())
    return len(files) / taken.value, size / taken.value


def copy(source: Path, target: Path) -> float:
    """Seconds for ``cp -al``: the least that a second box of the same files can cost."""
    with taking("cp -al") as taken:
        subprocess.run(["cp", "-al", str(source), str(target)], check=True, timeout=LONGEST)
    return taken.value


def _curl(mast: str, files: Sequence[int], connections: int, outputs: Sequence[str], wanted: Path) -> str:
    wanted.write_text("".join(f'url="{_url(mast, n)}"\noutput="{o}"\n' for n, o in zip(files, outputs, strict=True)))
    fetch = ["curl", "-sS", "-f", "-q", "-Z", "--parallel-immediate", "--parallel-max", str(connections)]
    command = [*fetch, "-w", "%{size_download}\n", "--config", str(wanted)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=LONGEST).stdout


def _sums(folder: Path) -> None:
    # As one would: all names at once, one process.
    names = "\0".join(sorted(path.name for path in folder.iterdir()))
    subprocess.run(
        ["xargs", "-0", "sha256sum"], input=names.encode(), cwd=folder, check=True, stdout=subprocess.DEVNULL,
        timeout=LONGEST,
    )  # fmt: skip


def _complete(folder: Path, files: Sequence[int]) -> None:
    if (came := len(list(folder.iterdir()))) != len(files):
        raise RuntimeError(f"{came} of {len(files)} files came")


def _url(mast: str, number: int) -> str:
    return f"{mast}/api/v0.1/Download/file?uri={quote(uri_of(number), safe=':/')}"
