"""``make bench``: every benchmark in turn; each prints one JSON line at its end. ``python -m bench stage`` runs one."""

from __future__ import annotations

import sys

from bench import stage

BENCHES = {"stage": stage.run}

if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHES:
        BENCHES[name]()
