"""Runs snippets with the unmodified astroquery, in a process that is pointed at a sandbox.

Recipe: a configuration file (``ASTROPY_CONFIG_DIR``) names the server, and ``http_proxy`` catches the
resolver, whose address astroquery hard-codes. Nothing in astroquery is touched. It is a process of its
own because astroquery freezes its URLs when it is first imported.
"""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

_CONFIG = """[mast]
server = {url}
ssoserver = {url}
catalogs_server = {url}
timeout = 30
"""

_WORKER = """
import contextlib, io, json, sys, traceback, warnings
from astroquery import log
from astroquery.mast import Mast, MastMissions, Observations
from astroquery.mast.missions import MastMissionsClass
from astroquery.mast.observations import ObservationsClass
log.setLevel("WARNING")
answers = sys.stdout
for line in sys.stdin:
    task = json.loads(line)
    names = {"Observations": ObservationsClass(), "MastMissions": MastMissionsClass, "Mast": Mast,
             "warnings": warnings, "result": None, **task["variables"]}
    with contextlib.redirect_stdout(io.StringIO()) as said, warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            exec(task["code"], names)
            answer = {"result": names["result"], "said": said.getvalue()}
        except BaseException as error:
            answer = {"error": type(error).__name__, "text": str(error), "trace": traceback.format_exc()}
    plain = lambda value: value.item() if hasattr(value, "item") else str(value)  # numpy scalars are numbers
    print(json.dumps(answer, default=plain), file=answers, flush=True)
"""


class SnippetError(Exception):
    """A snippet raised; `kind` is the name of its exception, `text` its message."""

    def __init__(self, kind: str, text: str, trace: str) -> None:
        super().__init__(trace)
        self.kind, self.text = kind, text


class AstroqueryProcess:
    """astroquery in a process of its own; use as a context manager."""

    def __init__(self, url: str, directory: Path) -> None:
        config = directory / "config"
        config.mkdir()
        (config / "astroquery.cfg").write_text(_CONFIG.format(url=url))
        environment = {name: value for name, value in os.environ.items() if name != "MAST_API_TOKEN"}
        environment |= {
            "ASTROPY_CONFIG_DIR": str(config),
            "XDG_CACHE_HOME": str(directory),
            "http_proxy": url,
            "no_proxy": "127.0.0.1,localhost",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def __enter__(self) -> "AstroqueryProcess":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate(timeout=30)  # closing its standard input ends it

    def run(self, code: str, **variables: Any) -> Any:
        """Run `code` with Observations, MastMissions and Mast at hand, and return its ``result``.

        Warnings are errors there, too; a snippet that expects one says so itself.

        Raises
        ------
        SnippetError
            The snippet raised.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        task = {"code": textwrap.dedent(code), "variables": {k: _plain(v) for k, v in variables.items()}}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise SnippetError(answer["error"], answer["text"], answer["trace"])
        return answer["result"]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
