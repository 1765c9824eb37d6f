"""Everybody, every operation of openapi.yaml, FTPS and links, every kind of file; the table is docs/security.md's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.access import matrix as m
from tests.access.matrix import DOORS, KINDS, LINK_DOORS, NO_KEY, STRANGER, WHO, Matrix
from tests.access.people import open_group
from tests.access.table import written
from tests.servers import start_sandbox
from tests.servers_redis import RedisProcess
from tests.workflows.conftest import write_catalogue
from topmast_service import container
from topmast_service.ftps.openings import Openings

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/security.md"
METHODS = ("get", "put", "post", "patch", "delete", "head")
SPEC: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text())

Operation = tuple[str, str, dict[str, Any]]


def operations() -> Iterator[Operation]:
    """Method, path and operation, all of them."""
    for path, item in SPEC["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method] | {"parameters": _parameters(item, item[method])}


def _parameters(item: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    found = [*item.get("parameters", []), *operation.get("parameters", [])]
    return [SPEC["components"]["parameters"][p["$ref"].rpartition("/")[2]] if "$ref" in p else p for p in found]


def keyless(operation: dict[str, Any]) -> bool:
    return operation.get("security") == []


def sends_files(operation: dict[str, Any]) -> bool:
    """Whether bytes of a box leave by it: the contract calls them binary, or says no more than that they are there."""
    content = operation["responses"].get("200", {}).get("content", {})
    binary = any(media in {"*/*", "application/zip", "application/x-tar"} for media in content)
    return binary or operation["operationId"].startswith("head")


OPERATIONS = {operation["operationId"]: (method, path, operation) for method, path, operation in operations()}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, redis_process: RedisProcess) -> Iterator[Matrix]:
    folder = tmp_path_factory.mktemp("matrix")
    sandbox = start_sandbox(folder, "--catalog", str(write_catalogue(folder / "catalogue", *m.catalogue())))
    with open_group(folder / "data", redis_process, sandbox) as group:
        yield m.make(group)
    sandbox.stop()


def test_every_operation_that_sends_files_is_tried() -> None:
    found = {name for name, (_, _, operation) in OPERATIONS.items() if sends_files(operation)}
    assert found - LINK_DOORS - WITHOUT_FILES == DOORS.keys()
    assert found >= LINK_DOORS


WITHOUT_FILES = frozenset({"headFiles"})
"""HEAD of the box itself: whether it is there."""


@pytest.mark.parametrize("who", WHO)
def test_files_of_every_kind_by_every_door(world: Matrix, who: str) -> None:
    client, got = world.as_(who), {}
    for door, send in DOORS.items():
        got[door] = {kind: send(world, client, kind) for kind in KINDS}
    wanted = {kind: m.expected(who, kind) for kind in KINDS}
    assert {door: statuses for door, statuses in got.items() if statuses != wanted} == {}


@pytest.mark.parametrize("kind", KINDS)
def test_links_are_the_same_for_everybody(world: Matrix, kind: str) -> None:
    box, archives = world.link(path=""), {one: world.link(archive=one) for one in ("zip", "tar")}
    for who in WHO:
        client = world.as_(who)
        for method in ("GET", "HEAD"):
            assert client.open(box + world.path(kind), method=method).status_code == m.by_link(kind), (who, method)
        for one, address in archives.items():
            assert m._in_archive(one, client.get(address), kind) == m.by_link(kind), (who, one)
        assert client.get(box).status_code == 200


@pytest.mark.parametrize("who", [who for who, (sees, _) in WHO.items() if sees != NO_KEY])
def test_ftps_lists_and_gives_the_same(world: Matrix, who: str) -> None:
    group = world.group
    world.as_(who)
    user = "alice" if who.startswith("portal") else m._KEY_OF[who]
    stores, rights = container.for_ftps(group.settings)
    openings = Openings(stores, rights)
    from topmast_service.ftps.run import Boxes

    listed = world.bundle.id in set(Boxes(stores, user))
    assert listed is (WHO[who][0] != STRANGER)
    if listed:
        for kind in KINDS:
            why = openings.of(user, f"/{world.bundle.id}/{world.path(kind)}").result(30)
            assert (why is None) is (m.expected(who, kind) == 200), (kind, why)
    stores.close()


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_knows_who_asks(world: Matrix, name: str) -> None:
    method, path, operation = OPERATIONS[name]
    asked = {"method": method.upper(), "json": _example(operation), "query_string": _query(operation)}
    address = _filled(world, path)
    statuses = {who: world.as_(who).open(address, **asked).status_code for who in ("anonymous", *_WITH_KEYS)}
    for who in ("anonymous", "wrong key", "revoked key"):
        assert (statuses[who] == 401) is not keyless(operation), (who, statuses)
    if _of_the_bundle(path):
        assert (statuses["another user"], statuses["operator"]) == (404, 404)
    if _of_the_bundle(path) and method not in {"get", "head"}:
        assert statuses["shared with, granted"] == 404
    if path.startswith("/v1/admin"):
        assert {statuses[who] for who in _WITH_KEYS[2:4]} == {403}


_WITH_KEYS = ("wrong key", "revoked key", "another user", "shared with, granted", "operator")


def _of_the_bundle(path: str) -> bool:
    return "{bundle_id}" in path or "{job_id}" in path


def _query(operation: dict[str, Any]) -> dict[str, Any]:
    """What must stand behind the question mark, as the contract shows it."""
    told = [p for p in operation["parameters"] if p["in"] == "query" and p.get("required")]
    return {p["name"]: p.get("example", p["schema"].get("example", 1)) for p in told}


def _filled(world: Matrix, path: str) -> str:
    """The path with ids that are there."""
    values = {
        "bundle_id": world.bundle.id, "job_id": world.bundle.id, "search_id": "s_0000000000000000",
        "basket_id": "k_0000000000000000", "signature": world.link(path="").split("/")[2], "path": world.path("public"),
        "user_name": "erin", "program": m.PROGRAMS["exclusive"], "code": "busy", "collection": "observations",
        "keyword": "exp_type", "filename": m.NAMES["public"], "obs_id": "jw01558-o001_t001_miri_f1000w",
        "key_id": "00000000", "name": "erin",
    }  # fmt: skip
    return path.format(**values)


def _example(operation: dict[str, Any]) -> Any:
    """A body as the contract shows it."""
    body = operation.get("requestBody")
    if body is None:
        return None
    schema = body["content"]["application/json"]["schema"]
    told = SPEC["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return told.get("example", {})


def test_the_table_in_the_docs_is_what_is_tested_here() -> None:
    """WRITE_SECURITY=1 writes it."""
    said = DOCUMENT.read_text()
    if os.getenv("WRITE_SECURITY"):
        DOCUMENT.write_text(written(said))
    assert written(DOCUMENT.read_text()) == DOCUMENT.read_text()
