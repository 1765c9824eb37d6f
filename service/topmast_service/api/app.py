"""The Flask application: the contract's routes over what `container.for_api` built."""

from __future__ import annotations

from flask import Flask

from topmast_service.api import (
    about,
    amending,
    archives,
    arrivals,
    basket_items,
    baskets,
    bundle_products,
    bundles,
    citation,
    collections,
    contract,
    copies,
    cors,
    direct,
    envelope,
    facets,
    filenames,
    files,
    health,
    jobs,
    json_schemas,
    keywords,
    link_door,
    links,
    manifests,
    mast_token,
    me,
    products,
    scripts,
    searches,
    sky,
    submitting,
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
        link_door.make(api, streams),
        copies.make(api, waiters),
        jobs.make(api, waiters),
        amending.make(api),
        citation.make(api),
        me.make(api),
        mast_token.make(api),
        sky.make(api, waiters),
        filenames.make(api),
        json_schemas.make(),
    ):
        smorest.register_blueprint(routes)
    contract.complete(smorest)
    return app


def unconnected() -> Flask:
    """An application with default settings, to read the contract from; nothing is connected to."""
    return create_app(for_api(Settings(), wake=lambda job: None))
