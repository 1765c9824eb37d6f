"""One topmast, real in every part but the processes: a sandbox, a Redis, the API's app, the worker's function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from tests.servers import start_sandbox
from tests.servers_redis import start_redis
from topmast_service import container
from topmast_service.api.app import create_app
from topmast_service.config import Settings


@dataclass
class Installation:
    """A client of the API, and the settings of its worker."""

    client: FlaskClient
    settings: Settings

    def search(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The document of a search that has run.

        Raises
        ------
        RuntimeError
            It did not end well; with its error.
        """
        made = self.client.post("/v1/searches", json=request)
        if made.status_code != 202:
            raise RuntimeError(made.text)
        container.for_query(self.settings).searches.run(made.json["id"])
        found: dict[str, Any] = self.client.get(f"/v1/searches/{made.json['id']}").json
        if found["phase"] != "COMPLETED":
            raise RuntimeError(str(found["error"]))
        return found

    def pages(self, search_id: str) -> Iterator[dict[str, Any]]:
        """All rows, a page of JSON after the other."""
        query: dict[str, Any] = {"limit": 100}
        while query.get("cursor", "") is not None:
            page = self.client.get(f"/v1/searches/{search_id}/rows", query_string=query).json
            yield from page["items"]
            query["cursor"] = page["next"]

    def file(self, search_id: str, name: str) -> bytes:
        """All rows in one format."""
        answer = self.client.get(f"/v1/searches/{search_id}/rows", query_string={"format": name})
        if answer.status_code != 200:
            raise RuntimeError(answer.text)
        data: bytes = answer.data
        answer.close()
        return data


@contextmanager
def installed(folder: Path, catalogue: Path) -> Iterator[Installation]:
    """Start one in `folder` before a sandbox with this catalogue; all ends with the block."""
    sandbox, redis = start_sandbox(folder, "--catalog", str(catalogue)), start_redis(folder)
    try:
        settings = Settings(
            data=folder / "data", redis_url=redis.url, mast_url=sandbox.url, resolver_url=sandbox.url, api_threads=8
        )
        api = container.for_api(settings, wake=lambda job: None)
        api.stores.users.add("ann", email="ann@example.org")
        client = create_app(api).test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {api.stores.keys.new('ann').secret}"
        yield Installation(client, settings)
        api.stores.close()
    finally:
        sandbox.stop()
        redis.stop()
