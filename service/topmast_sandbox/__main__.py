"""``python -m topmast_sandbox``: a MAST on localhost."""

import argparse
import sys
from pathlib import Path

from topmast_sandbox.app import create_app
from topmast_sandbox.catalogue import open_catalogue
from topmast_sandbox.clock import Clock
from topmast_sandbox.faults import read_file
from topmast_sandbox.server import announce, listen, serve
from topmast_sandbox.state import Sandbox


def main() -> int:
    """Run until stopped; return 2 when it cannot start, with the reason on standard error."""
    args = _parser().parse_args()
    try:
        clock = Clock()
        catalogue = open_catalogue(args.catalog, seed=args.seed, scale=args.scale, clock=clock)
        settings, rules = read_file(args.faults) if args.faults else ({}, [])
        sandbox = Sandbox.around(catalogue, clock)
        sandbox.settings.change(settings)
        sandbox.faults.add(rules)
        listener = listen(args.host, args.port)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"topmast_sandbox: cannot start: {error}\n")
        return 2
    host = f"[{args.host}]" if ":" in args.host else args.host
    url = f"http://{host}:{listener.getsockname()[1]}"
    serve(create_app(sandbox), listener, lambda: announce(url, args.ready_file), args.die_with_parent)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="topmast_sandbox", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    add("--port", type=int, required=True, help="0 takes a free one, which is told when ready")
    add("--catalog", type=Path, metavar="DIR", help="serve DIR/observations.csv and DIR/products.csv instead")
    add("--seed", type=int, default=1, help="another seed makes other bytes (default %(default)s)")
    add("--scale", type=float, default=1.0, help="file sizes, 1.0 as the real ones (default %(default)s)")
    add("--faults", type=Path, metavar="FILE", help="settings and rules of faults, TOML or JSON; see docs/sandbox.md")
    add("--ready-file", type=Path, metavar="PATH", help="write the URL there once ready")
    add("--die-with-parent", action="store_true", help="end when the starting process ends (Linux)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
