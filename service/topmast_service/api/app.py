"""The Flask application: the contract's routes over what `container.for_api` built."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from topmast_service.api import (
    about,
    admin_audit,
    admin_keys,
    admin_users,
    amending,
    archives,
    arrivals,
    auditing,
    basket_items,
    baskets,
    bundle_products,
    bundles,
    citation,
    collections,
    contract,
    copies,
    cors,
    counting,
    direct,
    envelope,
    facets,
    filenames,
    files,
    guessing,
    health,
    jobs,
    json_schemas,
    keys,
    keywords,
    link_door,
    links,
    manifests,
    mast_token,
    me,
    products,
    programs,
    scripts,
    searches,
    shares,
    sky,
    submitting,
    usage,
)
from topmast_service.api.accel import Accel
from topmast_service.api.problems import ProblemApi
from topmast_service.api.streaming import Streams
from topmast_service.api.waiting import Waiters
from topmast_service.config import Settings
from topmast_service.container import Api, for_api

MAX_BODY = 10_000_000
"""Bytes of a body. A script for 20,000 files fits, or as many dataURIs as a bundle takes."""


def create_app(api: Api) -> Flask:
    """An application over `api`; it holds no state but the places for waiters and streams of its process."""
    app = Flask("topmast_service.api", static_folder=None)
    app.config.update(contract.CONFIG, MAX_CONTENT_LENGTH=MAX_BODY, PROVIDE_AUTOMATIC_OPTIONS=False)
    # An address is either known or not: no redirects from its look-alikes.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    envelope.wrap(app)
    guessing.guard(app, api.stores.failures)
    counting.tell(app)
    _believe_proxies(app, api.stores.settings.trusted_proxies)
    submitting.same_status(app, api.stores.jobs)
    cors.allow(app, cors.origins_of(api.stores.settings.cors_origins))
    smorest = ProblemApi(app)
    contract.prepare(smorest)
    threads = api.stores.settings.api_threads
    waiters, streams = Waiters(api.control, threads), Streams(threads, Accel.of(api.stores.settings))
    for routes in (
        health.make(api),
        about.make(),
        collections.make(api),
        keywords.make(api),
        searches.make(api, waiters, streams),
        facets.make(api),
        products.make(api),
        baskets.make(api),
        basket_items.make(api),
        bundles.make(api, waiters),
        bundle_products.make(api),
        manifests.make(api, streams),
        files.make(api, streams),
        archives.make(api, streams),
        arrivals.make(api),
        scripts.make(api, streams),
        direct.make(api, waiters),
        links.make(api),
        shares.make(api),
        programs.make(api),
        link_door.make(api, streams),
        copies.make(api, waiters),
        jobs.make(api, waiters),
        amending.make(api),
        citation.make(api),
        me.make(api),
        keys.make(api),
        admin_users.make(api),
        admin_keys.make(api),
        mast_token.make(api),
        sky.make(api, waiters),
        filenames.make(api),
        json_schemas.make(),
        usage.make(api),
        admin_audit.make(api),
    ):
        counting.count(routes, api.rates)
        smorest.register_blueprint(routes)
    contract.complete(smorest)
    auditing.watch(app, smorest, api.stores.audit)
    return app


def _believe_proxies(app: Flask, number: int) -> None:
    """Take the client's address from X-Forwarded-For, as far as declared proxies wrote it; nothing else of theirs."""
    if number:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=number, x_proto=0, x_host=0)  # type: ignore[method-assign]


def unconnected() -> Flask:
    """An application with default settings, to read the contract from; nothing is connected to."""
    return create_app(for_api(Settings(), wake=lambda job: None))
