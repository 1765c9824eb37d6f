"""``make bench``: every benchmark in turn. ``python -m bench stage --quick`` runs one, on a tiny size.

Progress goes to standard error; standard output ends with JSON lines, one per measurement. No time is asserted
anywhere: the ratios are the result, and docs/performance.md says which are the goals.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import archive, fair, resolve, search, small, stage, warm
from bench.telling import say

BENCHES: dict[str, Callable[[Path, bool], Iterable[dict[str, Any]]]] = {
    "stage": stage.run,
    "small": small.run,
    "warm": warm.run,
    "resolve": resolve.run,
    "fair": fair.run,
    "search": search.run,
    "archive": archive.run,
}


def main() -> None:
    """Run what was asked for, in a folder of its own, which is removed afterwards."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; default: all")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows that it runs, measures nothing")
    parser.add_argument("--into", type=Path, help="parent of the working folder; its disk is part of what is measured")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(BENCHES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    lines = [line for name in asked.names or BENCHES for line in _measured(name, asked)]
    for line in lines:
        print(json.dumps(line))


def _measured(name: str, asked: argparse.Namespace) -> list[dict[str, Any]]:
    say(f"== {name}{' (quick)' if asked.quick else ''}")
    lines = []
    with TemporaryDirectory(prefix=f"bench-{name}-", dir=asked.into) as folder:
        for line in BENCHES[name](Path(folder), asked.quick):
            lines.append({"bench": name} | line)
            say(json.dumps(lines[-1]))
    return lines


if __name__ == "__main__":
    main()
