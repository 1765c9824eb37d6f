"""Bundles that are kept, on the site of tests/workflows; mails are read where upkeep puts them."""

from __future__ import annotations

import email
import mailbox
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.api.site import Site as Office
from tests.api.site import emptied
from tests.servers_redis import RedisProcess
from tests.workflows.conftest import Site, redis_process, sandbox, site
from topmast_service.domain.job import Job

__all__ = ["redis_process", "sandbox", "site"]  # pytest finds fixtures by their names here


@pytest.fixture
def office(tmp_path: Path, redis_process: RedisProcess) -> Iterator[Office]:
    """A topmast without workers: the site of tests/api."""
    with emptied(tmp_path / "data", redis_process.url) as opened:
        yield opened


@pytest.fixture
def ann(office: Office) -> FlaskClient:
    return office.client("ann")


ONE = {"observations": ["1"]}
"""A bundle of one file."""


def mails(site: Site, word: str = "is kept until") -> list[EmailMessage]:
    """The messages whose subject has `word`."""
    box = mailbox.Maildir(site.settings.mail, factory=None)
    found = [email.message_from_bytes(item.as_bytes(), EmailMessage, policy=default) for item in box]
    return [message for message in found if word in message["Subject"]]


def ending(site: Site, job_id: str, **left: float) -> Job:
    """Let the files of a job go in so long from now."""
    end = site.api.stores.jobs.now() + timedelta(**left)
    return site.api.stores.jobs.change(job_id, lambda found: replace(found, destruction=end))
