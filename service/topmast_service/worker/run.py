"""Starting a worker process: which pool serves which queue.

``query`` forks children, because an astroquery call cannot be cancelled and its memory is best given back by a process;
``transfer`` runs threads, because it waits for the network and for disks, and shares one connection pool; ``upkeep`` is
a single slot, so that nothing is told twice.
"""

from __future__ import annotations

from celery.signals import setup_logging

from topmast_service import logs
from topmast_service.config import Settings
from topmast_service.store.messages import QUERY, TRANSFER, UPKEEP
from topmast_service.worker.celery_app import make_beat_app, make_worker_app

QUERY_CHILDREN = 2
COPY_THREADS = 2
"""Threads beside one for each connection to MAST: however long a bulk bundle moves, copies get their turn."""

CHILD_TASKS = 50
"""After so many searches a child is replaced: the memory of a large answer is not kept for ever."""


def run(queue: str, settings: Settings) -> None:
    """Serve one queue until SIGTERM; a warm stop lets threads give back what they hold."""
    _log(settings, f"worker-{queue}")
    pools = {
        QUERY: ["--pool=prefork", f"--concurrency={QUERY_CHILDREN}", f"--max-tasks-per-child={CHILD_TASKS}"],
        TRANSFER: ["--pool=threads", f"--concurrency={settings.mast_connections + COPY_THREADS}"],
        UPKEEP: ["--pool=solo"],
    }
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING"]
    app = make_worker_app(settings, queue)
    app.worker_main(["--quiet", "worker", f"--queues={queue}", f"--hostname={queue}@%h", *quiet, *pools[queue]])


def beat(settings: Settings) -> None:
    """Keep time until SIGTERM. Its schedule file is worthless after a restart, so it is kept in memory."""
    _log(settings, "beat")
    app = make_beat_app(settings)
    app.Beat(scheduler="celery.beat:Scheduler", loglevel="WARNING", quiet=True).run()


def _log(settings: Settings, role: str) -> None:
    """Celery sets up no log of its own where somebody else says that they have (its documentation of the signal)."""
    logs.set_up(settings, role)
    setup_logging.connect(_done, weak=False)


def _done(**_: object) -> None:
    """Everything has been set up."""
