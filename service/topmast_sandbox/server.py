"""Runs the sandbox under gunicorn: one process with many threads, for all state is in memory."""

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

THREADS = 64  # held polls occupy a thread each, and files must go on meanwhile
_PR_SET_PDEATHSIG = 1


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn without its command line: the application is built before the fork, errors and all."""

    def __init__(self, app: Flask, options: dict[str, Any]) -> None:
        self._app = app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises
    ------
    OSError
        The address is taken, or is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=256)


def serve(app: Flask, listener: socket.socket, ready: Callable[[], None], die_with_parent: bool) -> None:
    """Serve `app` on `listener` until SIGTERM or SIGINT; `ready` is called once requests are taken."""
    if die_with_parent:
        end_with_parent()

    def started(worker: object) -> None:
        if die_with_parent:
            end_with_parent()
        ready()

    options = {
        "bind": f"fd://{listener.detach()}",
        "worker_class": "gthread",
        "workers": 1,
        "threads": THREADS,
        "timeout": 0,  # a held poll or a slow reader is not a hung worker
        "graceful_timeout": 2,
        "keepalive": 60,
        "loglevel": "warning",
        "limit_request_line": 0,  # 50 dataURIs in one path_lookup are longer than gunicorn's 4,094 bytes
        "control_socket_disable": True,
        "post_worker_init": started,
    }
    _Server(app, options).run()


def end_with_parent() -> None:
    """Ask Linux to end this process when its parent ends, however that happens.

    A parent that was gone before the request would never be noticed, so that is looked at as well.
    "Parent" is, to Linux, the *thread* that started this process: start it from one that stays.
    """
    parent = os.getppid()
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def announce(url: str, ready_file: Path | None) -> None:
    """Say where the sandbox is: one line on standard output, and a file that appears whole."""
    sys.stdout.write(f"sandbox ready at {url}\n")
    sys.stdout.flush()
    if ready_file:
        aside = ready_file.with_name(ready_file.name + f".{os.getpid()}")
        aside.write_text(url + "\n")
        aside.replace(ready_file)
