"""Tasks are wiring: an id comes in, a workflow does the rest. Rooms are loaded when a worker begins, not before."""

from __future__ import annotations

from celery import Celery
from celery.signals import worker_shutting_down

from topmast_service import container
from topmast_service.config import Settings
from topmast_service.workflows.sky import Wanted


def register_query(app: Celery, settings: Settings) -> None:
    """Tasks that ask MAST, publishing, and pictures."""
    query = container.for_query(settings)

    @app.task(name="topmast.search", shared=False)
    def search(job_id: str) -> None:
        query.searches.run(job_id)

    @app.task(name="topmast.resolve", shared=False)
    def resolve(job_id: str) -> None:
        query.bundles.resolve(job_id, query.planner)

    @app.task(name="topmast.again", shared=False)
    def again(job_id: str) -> None:
        query.bundles.again(job_id, query.releases.read_dates)

    @app.task(name="topmast.publish", shared=False)
    def publish(job_id: str) -> None:
        query.bundles.publish(job_id)

    @app.task(name="topmast.releases", shared=False)
    def releases(job_id: str) -> None:
        query.releases.look(job_id)

    @app.task(name="topmast.sky", shared=False)
    def sky(search_id: str, where: list[str], stale: bool) -> None:
        query.skies.draw(Wanted(search_id, tuple(where), stale))

    @app.task(name="topmast.columns", shared=False)
    def columns() -> None:
        query.columns.run()

    @app.task(name="topmast.tokens", shared=False)
    def tokens() -> None:
        query.keep_alive.run()


def register_transfer(app: Celery, settings: Settings) -> None:
    """Tasks that move bytes: from MAST, and into shared folders."""
    transfers, copies = container.for_transfer(settings), container.for_copies(settings)

    @worker_shutting_down.connect(weak=False)
    def stop(**_: object) -> None:
        """A warm stop would wait until every bundle is done; what is under way goes on elsewhere from its .part."""
        transfers.stopping.set()
        copies.stopping.set()

    @app.task(name="topmast.transfer", shared=False)
    def transfer() -> None:
        transfers.run()

    @app.task(name="topmast.copy", shared=False)
    def copy(job_id: str) -> None:
        copies.run(job_id)


def register_upkeep(app: Celery, settings: Settings) -> None:
    """Rounds of upkeep."""
    upkeep = container.for_upkeep(settings)

    @app.task(name="topmast.upkeep", shared=False)
    def round_of_upkeep() -> None:
        upkeep.round()
