"""What the command line understands."""

from __future__ import annotations

import argparse
import re
from typing import Any

from ._account_commands import keys_arguments, token_arguments
from ._choosing import choosing

EPILOG = """\
exit codes, for cron and scripts:
  0    done
  1    the job failed, was stopped or has expired, or waits for your MAST token (topmast token set)
  2    the request makes no sense: wrong arguments, unknown column, no address or key
  3    no answer: the service cannot be reached, or --timeout is over (the job goes on; wait again)
  4    done in part: files could not be staged, are not for you or did not arrive (see the manifest; download again)
  5    refused: wrong key, not allowed, no such job, not ready, gone
  130  stopped by Ctrl-C (the job goes on)

the service and the key: --endpoint FILE, else --url and TOPMAST_URL, TOPMAST_API_KEY,
else url and api_key in ~/.config/topmast/config.toml. A key is never an argument: others could read it.
"""

RANGE = re.compile(r"(?P<low>[^,]*?)\.\.(?P<high>[^,]*)")


def parser() -> argparse.ArgumentParser:
    """The parser of the ``topmast`` command."""
    shared = _shared()
    top = argparse.ArgumentParser(
        prog="topmast",
        description="Ask a topmast service for JWST data: search, bundle, wait, download.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared],
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text, build in COMMANDS:
        build(
            commands.add_parser(
                name,
                help=text,
                description=text,
                epilog=EPILOG,
                formatter_class=argparse.RawDescriptionHelpFormatter,
                parents=[shared],
            )
        )
    return top


def _shared() -> argparse.ArgumentParser:
    # SUPPRESS: the same options stand before and after the command, and a default would overwrite the first.
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--url", help="address of the service")
    shared.add_argument("--endpoint", metavar="FILE", help="endpoint.json that `topmast-service up` wrote")
    shared.add_argument("--json", action="store_true", help="print JSON, for programs")
    shared.add_argument("--timeout", type=duration, metavar="SECONDS", help="in all; also 10m, 2h")
    return shared


def _search(command: argparse.ArgumentParser) -> None:
    command.add_argument("target", nargs="?", help='"m57 r=1m" or "283.396 33.029 r=30s"')
    command.add_argument("--mission", help="short for --criteria obs_collection=…")
    command.add_argument(
        "--criteria",
        "-c",
        action="append",
        type=criterion,
        default=[],
        metavar="COLUMN=VALUE",
        help="MAST's column: MIRI* · a,b (any of) · 100..200 (range, either end may be open) · null; repeatable",
    )
    command.add_argument(
        "--where", action="append", default=[], metavar="COLUMN:OP:VALUE", help="of the result, only these rows"
    )
    command.add_argument("--sort", help="up to three columns; --sort=-t_min (with =) for the latest first")
    command.add_argument("--columns", help="comma-separated")
    command.add_argument("--limit", type=count, default=20, metavar="N", help="rows to print (20)")
    command.add_argument("--all", action="store_true", help="print all rows")
    command.add_argument("--label", help="a name of your own")


def _plan(command: argparse.ArgumentParser) -> None:
    choosing(command)
    command.add_argument("--label", help="a name of your own")


def _bundle(command: argparse.ArgumentParser) -> None:
    choosing(command)
    command.add_argument("--notify", action="append", metavar="ADDRESS", help="e-mail to tell; repeatable")
    command.add_argument(
        "--hook", action="append", metavar="NAME", help="operator's command to run at the end; repeatable"
    )
    command.add_argument("--retention-days", type=count, metavar="N", help="how long the files stay")
    command.add_argument("--label", help="a name of your own")
    command.add_argument(
        "--release", choices=("auto", "never"), help="auto: add what MAST withholds once it gives it to everybody"
    )
    command.add_argument("--wait", action="store_true", help="until it is done")
    command.add_argument("--download", metavar="DIR", help="fetch the files into DIR as they arrive")
    _workers(command)


def _jobs(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", nargs="?", help="one job; all of yours by default")
    command.add_argument("--kind", choices=("search", "bundle", "copy"))
    command.add_argument("--phase", action="append", help="COMPLETED, EXECUTING, …; repeatable")
    command.add_argument("--label")
    command.add_argument("--limit", type=count, default=50, metavar="N", help="jobs to print (50)")


def _wait(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", help="a job")


def _download(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", help="a bundle (b_…)")
    command.add_argument("directory", metavar="DIR", nargs="?", default=".", help="where to (here)")
    command.add_argument("--wait", action="store_true", help="for the next revision, if one is being made")
    _workers(command)


def _archive(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", help="a bundle (b_…)")
    command.add_argument("file", metavar="FILE", help="what to write; its name ends in .zip or .tar")
    command.add_argument("--wait", action="store_true", help="until it is done, first")


def _copy(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", help="a bundle (b_…)")
    command.add_argument("directory", metavar="DIR", help="of the service: below a root that its operator allows")
    command.add_argument("--overwrite", action="store_true", help="replace files of the same names")
    command.add_argument("--wait", action="store_true", help="until it is done")


def _retry(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", help="a bundle (b_…)")
    command.add_argument("--everything", action="store_true", help="list and check all files anew")


def _extend(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", help="a job")
    command.add_argument("days", type=count, metavar="DAYS", help="how much longer its files are to stay")


def _share(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", help="a bundle of yours (b_…)")
    command.add_argument("users", nargs="+", metavar="USER")


def _nothing(_command: argparse.ArgumentParser) -> None:
    """No arguments."""


def _workers(command: argparse.ArgumentParser) -> None:
    command.add_argument("--workers", type=count, default=4, metavar="N", help="files at a time (4)")


COMMANDS: tuple[tuple[str, str, Any], ...] = (
    ("search", "search MAST's observations and print rows", _search),
    ("bundle", "stage the files of a search, of observations or by dataURI", _bundle),
    ("plan", "a dry run: what a bundle would hold and cost", _plan),
    ("jobs", "list your jobs, or show one", _jobs),
    ("wait", "wait until a job is done", _wait),
    ("download", "fetch a bundle: resumed, SHA-256 checked", _download),
    ("archive", "fetch a bundle as one zip or tar: resumed", _archive),
    ("copy", "have a bundle copied to a shared directory, verified", _copy),
    ("abort", "stop a job; its record stays", _wait),
    ("hold", "pause a job", _wait),
    ("run", "let a held job go on", _wait),
    ("extend", "keep the files of a bundle longer", _extend),
    ("retry", "the next revision of a bundle: failed files again", _retry),
    ("share", "let others look at a bundle; of its files they have what MAST gives them", _share),
    ("unshare", "share a bundle no longer", _share),
    ("me", "who you are here, what your key may, and your quotas", _nothing),
    ("keys", "your API keys: list, create, rotate, revoke", keys_arguments),
    ("token", "your MAST token: set, show, forget", token_arguments),
)


def criterion(text: str) -> tuple[str, Any]:
    """``COLUMN=VALUE`` as a column and what `Client.search` takes."""
    name, equals, value = text.partition("=")
    if not name.strip() or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not COLUMN=VALUE")
    return name.strip(), _value(value.strip())


def _value(text: str) -> Any:
    if text == "null":
        return None
    if found := RANGE.fullmatch(text):
        ends = tuple(_number(end) if end else None for end in (found["low"], found["high"]))
        if ends == (None, None):
            raise argparse.ArgumentTypeError(f"the range {text!r} has no end")
        return ends
    return text.split(",") if "," in text else text


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def count(text: str) -> int:
    """A whole number above zero."""
    if text.isascii() and text.isdigit() and int(text[:9]) > 0:
        return int(text[:9])
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero")


def duration(text: str) -> float:
    """Seconds, from ``90``, ``10m`` or ``2h``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?", text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration like 90, 10m or 2h")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2] or "s"]
