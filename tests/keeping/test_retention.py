"""Nobody's files go unwarned, and each end is warned of once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.keeping.conftest import ONE, ending, mails
from tests.workflows.conftest import Site
from topmast_service import container
from topmast_service.domain import job, keeping
from topmast_service.notify.smtp import MailDelayed
from topmast_service.store.census import Census


def told(site: Site, **more: object) -> job.Job:
    """A bundle that is ready, everybody told, and closed for upkeep."""
    done = site.run(ONE, **more)
    site.upkeep()
    site.upkeep()
    assert site.api.stores.jobs.open_ids() == set()
    return done


def test_whoever_was_told_of_ready_is_warned_once_a_day_before(site: Site) -> None:
    done = told(site, notify=[{"email": "ann@example.org"}, {"email": "bob@example.org"}])
    ending(site, done.id, hours=25)
    site.upkeep()
    assert mails(site) == []
    end = ending(site, done.id, hours=23).destruction
    for _ in range(3):
        site.upkeep()
    found = mails(site)
    assert {m["To"] for m in found} == {"ann@example.org", "bob@example.org"}
    assert f"{end:%Y-%m-%d %H:%M}" in found[0].get_content()
    assert f"topmast extend {done.id} 6" in found[0].get_content()
    assert (site.job(done.id).notices, site.job(done.id).phase) == ((), job.COMPLETED)
    assert site.api.stores.jobs.open_ids() == set()


def test_after_an_extension_the_next_end_is_warned_of_again(site: Site) -> None:
    done = told(site)
    ending(site, done.id, hours=3)
    site.upkeep()
    later = site.job(done.id).destruction + timedelta(days=3)
    site.api.stores.jobs.change(done.id, lambda j: keeping.prolong(j, later))
    site.upkeep()
    assert len(mails(site)) == 1
    ending(site, done.id, hours=2)
    site.api.stores.redis.delete(*site.api.stores.redis.keys("topmast:once:mail:*"))
    site.upkeep()
    assert len({m["Message-ID"] for m in mails(site)}) == 2


@pytest.mark.parametrize(("days", "hours"), [(7, 24), (2, 24), (1, 12), (0.5, 6)])
def test_the_lead_is_a_day_and_at_most_half_of_the_retention(site: Site, days: float, hours: float) -> None:
    assert keeping.lead(replace(site.bundle(ONE), retention_days=days)) == timedelta(hours=hours)


def test_a_warning_that_could_not_be_sent_is_forgotten_when_the_files_stay(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = told(site)
    ending(site, done.id, hours=3)
    with monkeypatch.context() as patched:
        patched.setattr("topmast_service.notify.mailbox.Mailbox.deliver", delayed)
        site.upkeep()
    assert site.job(done.id).notices == ("expiring alice@example.org",)
    end = site.job(done.id).destruction
    prolonged = site.api.stores.jobs.change(done.id, lambda j: keeping.prolong(j, end + timedelta(days=3)))
    assert prolonged.notices == ()
    back = site.api.stores.jobs.change(done.id, lambda j: keeping.prolong(j, end))
    assert keeping.warning_due(back) is not None  # nobody knows of this end yet


def test_topmast_was_stopped_until_after_the_end_and_still_nothing_goes_unwarned(site: Site) -> None:
    done = told(site)
    ending(site, done.id, hours=-30)
    site.upkeep()
    kept = site.job(done.id)
    assert (kept.phase, len(mails(site))) == (job.COMPLETED, 1)
    assert kept.destruction - site.api.stores.jobs.now() > timedelta(hours=23)
    assert kept.version > done.version
    site.api.stores.jobs.change(done.id, lambda j: replace(j, destruction=done.created, warned=done.created))
    site.upkeep()
    assert site.job(done.id).phase == job.ARCHIVED
    assert len(site.rows(site.job(done.id))) == 1


def test_where_nobody_was_told_nobody_is_warned_and_the_files_go_in_time(site: Site) -> None:
    done = told(site, notify=[])
    ending(site, done.id, hours=-1)
    site.upkeep()
    assert (site.job(done.id).phase, mails(site)) == (job.ARCHIVED, [])


def test_a_round_looks_at_no_bundle_whose_end_is_far(site: Site) -> None:
    done = told(site)
    near, store = site.api.stores.jobs.now() + timedelta(days=5), site.api.stores.jobs
    assert store.due_for_warning(near) == []
    assert store.due_for_warning(near + timedelta(days=2)) == [done.id]
    site.api.control.delete(site.alice, done.id)
    assert site.api.stores.redis.zcard("topmast:warnings") == 0


def test_a_retry_takes_back_the_warning_and_an_extension_outlives_it(site: Site) -> None:
    done = told(site)
    end = ending(site, done.id, days=30).destruction
    site.api.stores.jobs.change(done.id, lambda j: replace(j, notices=("expiring alice@example.org",)))
    again = site.api.control.retry(site.alice, done.id, everything=False)
    assert again.notices == ("ready alice@example.org",)
    container.for_query(site.settings).bundles.again(done.id)
    assert site.publish(done.id).destruction == end


def test_the_retention_asked_for_counts_from_the_day_of_publishing(site: Site) -> None:
    done = site.run(ONE, retention_days=30)
    assert done.ended is not None
    assert done.destruction - done.ended == timedelta(days=30)


def test_a_bundle_of_an_earlier_release_is_put_on_the_list_by_the_doctor(site: Site) -> None:
    done, census = told(site), Census(site.api.stores.redis)
    site.api.stores.redis.delete("topmast:warnings")
    assert census.unlisted(done) == ["whose users are to be warned"]
    census.enlist(done)
    assert (census.unlisted(done), census.noted() >= {done.id}) == ([], True)
    assert site.api.stores.jobs.due_for_warning(done.destruction) == [done.id]


def delayed(*_: object) -> None:
    """A mail server that is away."""
    raise MailDelayed()
