"""A topmast without workers (the site of tests/api), and clients with keys of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.conftest import redis_process, site
from tests.api.site import Client, Site
from topmast_service.domain.scopes import SCOPES

__all__ = ["redis_process", "site"]  # pytest finds fixtures by their names here

Sign = Callable[..., FlaskClient]


def with_key(site: Site, key: str) -> FlaskClient:
    app = site.app()
    app.test_client_class = Client
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return client


@pytest.fixture
def sign(site: Site) -> Sign:
    """A client of a user, made if need be, with a new key."""

    def signed(name: str, role: str | None = None, **key: Any) -> FlaskClient:
        site.api.stores.users.add(name, role=role)
        return with_key(site, site.api.stores.keys.new(name, **key).secret)

    return signed


@pytest.fixture
def operator(sign: Sign) -> FlaskClient:
    return sign("olga", "operator", scopes=SCOPES)


@pytest.fixture
def portal(sign: Sign) -> FlaskClient:
    return sign("gate", "portal")
