"""Bundles that their owner lets others look at. What these may have of it is MAST's to say, file by file."""

from __future__ import annotations

from dataclasses import dataclass, replace

from topmast_service.domain.job import Job
from topmast_service.errors import Invalid, NotFound
from topmast_service.store.jobs import JobStore
from topmast_service.store.users import USER_NAME, Users

MOST_SHARES = 100


@dataclass(frozen=True)
class Sharing:
    """Shares bundles, and ends it."""

    jobs: JobStore
    users: Users

    def share(self, bundle: Job, name: str) -> None:
        """Let `name` look at it; nothing happens if they may already, or if it is theirs.

        Raises
        ------
        NotFound
            There is no such user.
        Invalid
            It is shared with as many as it can be.
        """
        self.users.get(name)
        if name == bundle.owner:
            return
        self.jobs.share(bundle.id, name)  # the record decides; a name on the list alone shows nothing
        self.jobs.change(bundle.id, lambda latest: _with(latest, name))

    def end(self, bundle: Job, name: str) -> None:
        """From now on they see nothing of it; nothing happens if they did not.

        Raises
        ------
        NotFound
            Nobody can have this name. (A user who is gone may still stand there.)
        """
        if not USER_NAME.fullmatch(name):
            raise NotFound(f"{name[:40]!r} is nobody's name.")
        self.jobs.change(bundle.id, lambda latest: _without(latest, name))
        self.jobs.unshare(bundle.id, name)


def _with(bundle: Job, name: str) -> Job:
    if name in bundle.shares:
        return bundle
    if len(bundle.shares) >= MOST_SHARES:
        raise Invalid(f"A bundle is shared with {MOST_SHARES} users at most.")
    return replace(bundle, shares=(*bundle.shares, name), version=bundle.version + 1)


def _without(bundle: Job, name: str) -> Job:
    if name not in bundle.shares:
        return bundle
    shares = tuple(other for other in bundle.shares if other != name)
    return replace(bundle, shares=shares, version=bundle.version + 1)
