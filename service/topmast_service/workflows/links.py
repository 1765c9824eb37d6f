"""Links to what a bundle holds, for whoever has no key: made by its owner, judged anew at every request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from topmast_service.domain import links
from topmast_service.domain.job import Job
from topmast_service.domain.links import Link
from topmast_service.errors import Expired, Invalid, LinkExpired, NotFound
from topmast_service.store.jobs import JobStore
from topmast_service.store.link_keys import LinkKeys
from topmast_service.store.users import Users
from topmast_service.workflows.promises import promised

USUAL = timedelta(days=7)
"""How long a link opens unless its maker says otherwise, and the bundle is there for so long."""


@dataclass(frozen=True)
class Links:
    """Makes links and opens them."""

    jobs: JobStore
    users: Users
    keys: LinkKeys

    def make(
        self, bundle: Job, target: str, path: str, until: datetime | None, key: str | None = None
    ) -> tuple[Link, str, bool]:
        """A link, its signature, and whether an earlier request with this Idempotency-Key made the same.

        Parameters
        ----------
        target, path
            See `Link`; that the path is there is for the caller to know.
        until
            Its end; by default in a week, or with the bundle.

        Raises
        ------
        Invalid
            The end is past, or after the bundle's.
        IdempotencyMismatch
            The key was used for another link.
        """
        now = self.jobs.now()
        usual = (until or min(now + USUAL, bundle.destruction)).isoformat()
        said = {"target": target, "path": links.inside(path), "until": until}
        # A link stores nothing: what its key stands for is the only thing of it that time would change.
        promise = promised(self.jobs, bundle.owner, f"bundles/{bundle.id}/links", key, body=said, new_id=usual)
        end = datetime.fromisoformat(promise.job_id)
        if not now < end <= bundle.destruction:
            text = f"A link to {bundle.id} ends after now and by {bundle.destruction:%Y-%m-%dT%H:%M:%SZ}."
            raise Invalid(text, errors=[{"pointer": "/until", "detail": text, "suggestions": []}])
        link = Link(bundle.id, target, links.inside(path), end.replace(microsecond=0))
        return link, links.sign(link, self.keys.signing()), promise.repeated

    def open(self, signature: str, path: str) -> tuple[Link, Job]:
        """The link, and the bundle as it is now.

        Raises
        ------
        BadLink, LinkExpired
            It opens nothing, or nothing any more.
        Expired
            The bundle, its files or its owner are gone, or the owner is disabled.
        """
        link = links.verify(signature, path, self.keys.verifying())
        if link.until <= self.jobs.now():
            raise LinkExpired(f"The link ended at {link.until:%Y-%m-%d %H:%M UTC}.")
        return link, self._published(link.bundle)

    def _published(self, bundle_id: str) -> Job:
        try:
            bundle = self.jobs.get(bundle_id)
            owner = self.users.get(bundle.owner)
        except NotFound:  # the job, or its owner
            raise Expired("What the link opened is gone.", hint=LinkExpired.hint) from None
        if owner.disabled or not bundle.published:
            raise Expired(f"The files of bundle {bundle_id} are gone.", hint=LinkExpired.hint)
        return bundle
