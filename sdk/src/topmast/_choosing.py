"""How the command line says which products are wanted: the same options for a bundle and for its plan."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, cast

from ._choice import Choice

TEXTS = (
    ("--type", "types", "SCIENCE", "product type"),
    ("--sub-group", "sub_groups", "I2D", "product sub-group"),
    ("--name", "names", "PATTERN", "file name, with *"),
    ("--exclude", "exclude", "TEXT", "what no file name may have in it"),
    ("--extension", "extensions", "fits", "extension"),
    ("--detector", "detectors", "nrca1", "detector"),
    ("--filter", "filters", "F444W", "filter"),
    ("--exp-type", "exp_types", "MIR_MRS", "exposure type"),
    ("--visit", "visits", "1558:5:1", "visit"),
)
"""Options that may be given several times, and what the SDK calls them."""

SAME = ("levels", "mrp", "guide_stars", "parents", "start", "layout")


def choosing(command: argparse.ArgumentParser) -> None:
    """Give a command the options of a choice."""
    sources = command.add_mutually_exclusive_group(required=True)
    sources.add_argument(
        "source",
        nargs="*",
        default=[],
        help="a search (s_…), plan (p_…), basket (k_…), observations, or files (mast:…)",
    )
    sources.add_argument("--list", metavar="FILE", help="MAST script, MANIFEST, JSON of a subscription e-mail, names")
    for option, name, example, text in TEXTS:
        command.add_argument(option, dest=name, action="append", metavar=example, help=f"{text}; repeatable")
    command.add_argument(
        "--level", dest="levels", action="append", type=int, metavar="N", help="calibration level; repeatable"
    )
    command.add_argument("--mrp", action=argparse.BooleanOptionalAction, help="only the recommended products")
    command.add_argument("--guide-stars", choices=("none", "include", "only"), help="guide-star files")
    command.add_argument("--parents", action="store_const", const=True, help="and all that these were made of")
    command.add_argument("--references", action="store_true", help="and the CRDS files that they were made with")
    command.add_argument("--reference-type", action="append", metavar="flat", help="only these of them; repeatable")
    command.add_argument("--start", choices=("uncal", "rate", "cal"), help="what the pipeline needs from this stage on")
    command.add_argument("--layout", choices=("mast", "flat", "pipeline", "by_program"), help="folders of the box")


def origin(arguments: argparse.Namespace) -> Any:
    """What to make a bundle from, as `Bundles.submit` takes it."""
    if arguments.list:
        return Path(arguments.list)
    return arguments.source[0] if len(arguments.source) == 1 else arguments.source


def chosen(arguments: argparse.Namespace) -> Choice:
    """The keyword arguments of `Bundles.submit` that the options are."""
    given = {name: getattr(arguments, name) for name in (*SAME, *(name for _, name, _, _ in TEXTS))}
    given["references"] = arguments.reference_type or arguments.references or None
    return cast("Choice", given)
