"""A search of 200,000 rows: to its first page, to the whole VOTable; its facets, and a sorted page of some of them.

The search beside the unmodified astroquery and the table that it holds; facets and page beside pandas, which reads the
same rows whole, from a CSV file of this topmast.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench import rivals, service, wide
from bench.service import Service
from bench.telling import middle, say, taking

ROWS = 200_000
TIMES = 3  # measurements of facets and page, of which the middle one counts
LONGEST = 1800.0
PIECE = 1 << 20

Query = tuple[tuple[str, object], ...]

WHERE: Query = (("where", "instrument_name:like:MIRI*"), ("where", "t_min:ge:60000"))
FACETS = ("instrument_name", "calib_level", "dataproduct_type", "proposal_type", "dataRights", "filters", "t_exptime")

ASTROQUERY = """
import json, resource, sys, time
from astroquery.mast import Observations
begun = time.perf_counter()
found = Observations.query_criteria(obs_collection="JWST")
table = time.perf_counter() - begun
found.write(sys.argv[1], format="votable")
whole = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": table, "votable": whole, "rows": len(found), "peak": peak}))
"""

PANDAS = """
import json, resource, sys, time
import numpy, pandas
path, what, *facets = sys.argv[1:]
begun = time.perf_counter()
rows = pandas.read_csv(path, low_memory=False)
fits = rows["instrument_name"].str.startswith("MIRI") & (rows["t_min"] >= 60000)
if what == "page":
    found = rows[fits].sort_values("t_exptime", ascending=False).head(100)
for name in facets if what == "facets" else ():
    if rows[name].dtype == float:
        edges = numpy.histogram_bin_edges(rows[name], 20)
        found = [numpy.histogram(some[name], edges) for some in (rows, rows[fits])]
    else:
        split = rows[name].str.split(";").explode() if name == "filters" else rows[name]
        found = [some.value_counts() for some in (split, split[fits.loc[split.index]])]
taken = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": taken, "matching": int(fits.sum()), "peak": peak}))
"""


def run(folder: Path, quick: bool) -> Iterator[dict[str, Any]]:
    """Measure; one line for the search, and one each for facets and page."""
    number = 500 if quick else ROWS
    catalogue = wide.write(folder / "tables", number)
    with service.running(folder, catalogue, mast_timeout=600) as topmast:
        asked = Asked(topmast)
        theirs = rivals.astroquery(ASTROQUERY, topmast.mast, folder, str(folder / "theirs.xml"))
        search, line = _searched(asked, number)
        if theirs["rows"] != number:
            raise RuntimeError(f"{number} rows: astroquery found {theirs['rows']}")
        yield line | {
            "astroquery_s": round(theirs["seconds"], 2),
            "astroquery_votable_s": round(theirs["votable"], 2),
            "astroquery_peak_mb": round(theirs["peak"] / 1e6),
            "vs_astroquery": round(theirs["seconds"] / line["first_page_s"], 2),
            "vs_astroquery_votable": round(theirs["votable"] / (line["first_page_s"] + line["votable_s"]), 2),
            "cores": service.cores(),
        }
        yield from _beside_pandas(folder, asked, search, quick)


@dataclass(frozen=True)
class Asked:
    """The API, asked as any client asks, and how much memory it takes."""

    topmast: Service

    def get(self, path: str, query: Query = (), body: object = None) -> Any:
        """A JSON answer."""
        with self._open(path, query, body) as answer:
            return json.load(answer)

    def stream(self, path: str, into: Path, query: Query = ()) -> int:
        """Write an answer to a file as it comes; returns its bytes."""
        with self._open(path, query) as answer, into.open("wb") as file:
            shutil.copyfileobj(answer, file, PIECE)
        return into.stat().st_size

    def peak_during(self, what: Callable[[], None]) -> int:
        """Bytes that the API's largest process had resident at most while `what` ran."""
        pids = [pid for pid in self.topmast.up.everything if _is_api(pid)]
        for pid in pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM begins anew (proc(5))
        what()
        return max(service.peak(pid) for pid in pids)

    def _open(self, path: str, query: Query = (), body: object = None) -> Any:
        endpoint = self.topmast.up.endpoint
        told = {"Authorization": f"Bearer {endpoint['api_key']}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        address = f"{endpoint['url']}{path}?{urlencode(query)}"
        return urllib.request.urlopen(urllib.request.Request(address, data, told), timeout=LONGEST)  # noqa: S310 - loopback


def _is_api(pid: int) -> bool:
    try:
        return b"topmast_service.api" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _searched(asked: Asked, number: int) -> tuple[str, dict[str, Any]]:
    with taking(f"topmast, {number} rows to the first page") as first:
        job = asked.get("/v1/searches", body={"criteria": {"obs_collection": "JWST"}})
        while job["phase"] not in {"COMPLETED", "ERROR"}:
            job = asked.get(f"/v1/jobs/{job['id']}", (("wait", 30), ("since", job["version"])))
        rows = f"/v1/searches/{job['id']}/rows"
        page = asked.get(rows)
    if page["total"] != number:
        raise RuntimeError(f"{number} rows: topmast found {page['total']} ({job['phase']})")
    worker, ours = asked.topmast.peak_memory("query"), asked.topmast.up.data / "ours.xml"
    with taking("the whole VOTable") as whole:
        peak = asked.peak_during(lambda: _must(asked.stream(rows, ours, (("format", "votable"),))))
    return job["id"], {
        "what": "search",
        "rows": number,
        "first_page_s": round(first.value, 2),
        "votable_s": round(whole.value, 2),
        "votable_mb": round(ours.stat().st_size / 1e6, 1),
        "api_peak_mb": round(peak / 1e6),
        "worker_peak_mb": round(worker / 1e6),
    }


def _must(size: int) -> None:
    if not size:
        raise RuntimeError("nothing came")


def _beside_pandas(folder: Path, asked: Asked, search: str, quick: bool) -> Iterator[dict[str, Any]]:
    base, file = f"/v1/searches/{search}", folder / "rows.csv"
    asked.stream(f"{base}/rows", file, (("format", "csv"),))
    python = None if quick else _with_pandas(folder)
    questions: dict[str, tuple[str, Query]] = {
        "facets": ("facets", (*WHERE, ("columns", ",".join(FACETS)))),
        "page": ("rows", (*WHERE, ("sort", "-t_exptime"), ("limit", 100))),
    }
    for what, (path, query) in questions.items():
        line, matching = _answered(asked, f"{base}/{path}", query)
        beside = _share(line, _pandas(python, file, what, matching)) if python else {}
        yield {"what": what} | line | beside


def _answered(asked: Asked, path: str, query: Query) -> tuple[dict[str, Any], int]:
    """Time and memory of a question, and how many rows fit."""
    answers: list[dict[str, Any]] = []
    times: list[float] = []

    def once() -> float:
        with taking(f"topmast, {path}") as taken:
            answers.append(asked.get(path, query))
        return taken.value

    peak = asked.peak_during(lambda: times.append(middle(once, TIMES)))
    line = {"topmast_s": round(times[0], 3), "api_peak_mb": round(peak / 1e6)}
    return line, answers[0].get("matching", answers[0].get("total"))


def _share(line: dict[str, Any], theirs: dict[str, float]) -> dict[str, Any]:
    return {
        "pandas_s": round(theirs["seconds"], 2),
        "pandas_peak_mb": round(theirs["peak"] / 1e6),
        "time_share": round(line["topmast_s"] / theirs["seconds"], 3),
        "memory_share": round(line["api_peak_mb"] * 1e6 / theirs["peak"], 3),
    }


def _pandas(python: Path, file: Path, what: str, matching: int) -> dict[str, float]:
    command = [str(python), "-c", PANDAS, str(file), what, *FACETS]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=LONGEST)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    say(f"pandas, {what}: {found}")
    if found["matching"] != matching:
        raise RuntimeError(f"pandas finds {found['matching']} rows that fit, topmast {matching}")
    return found


def _with_pandas(folder: Path) -> Path | None:
    """An environment with pandas, which nothing else here needs; None where it cannot be had."""
    home = folder / "pandas"
    python = home / "bin" / "python"
    try:
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, capture_output=True, timeout=300)
        install = [str(python), "-m", "pip", "install", "--quiet", "pandas"]
        subprocess.run(install, check=True, capture_output=True, timeout=600)
    except (subprocess.SubprocessError, OSError) as error:
        say(f"pandas cannot be installed, so nothing is measured beside it: {error}")
        return None
    return python
