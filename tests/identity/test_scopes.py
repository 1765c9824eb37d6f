"""Every operation with a key needs a scope, told in the contract: a key without it is refused before anything else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.api.site import Site
from tests.identity.conftest import Sign
from topmast_service.api.app import unconnected
from topmast_service.api.contract import document
from topmast_service.domain.scopes import ANY, SCOPES

CONTRACT = document(unconnected())
METHODS = {"get", "head", "post", "put", "patch", "delete"}


@dataclass(frozen=True)
class Operation:
    """One operation of the contract."""

    name: str
    method: str
    path: str
    scope: str

    @property
    def address(self) -> str:
        """With ids that are well-formed, and of nothing."""
        return re.sub(r"{.+?}", "b_0123456789abcdef", self.path)

    def __str__(self) -> str:
        return self.name


def operations() -> Iterator[Operation]:
    for path, item in CONTRACT["paths"].items():
        for method in METHODS & item.keys():
            operation = item[method]
            if operation.get("security") != []:
                yield Operation(operation["operationId"], method.upper(), path, operation.get("x-scope", ""))


ALL = sorted(operations(), key=str)


@pytest.fixture(scope="module", params=ALL, ids=str)
def operation(request: pytest.FixtureRequest) -> Operation:
    found: Operation = request.param
    return found


def test_the_contract_tells_every_scope(operation: Operation) -> None:
    assert operation.scope in {*SCOPES, ANY}
    assert (operation.scope == "admin") is operation.path.startswith("/v1/admin/")
    assert operation.scope != "read" or operation.method in {"GET", "HEAD"}, "what changes something is not reading"
    assert (operation.scope == ANY) is (operation.name == "getMe")


def test_the_contract_tells_that_a_portal_may_act(operation: Operation) -> None:
    assert {"$ref": "#/components/parameters/OnBehalfOf"} in CONTRACT["paths"][operation.path]["parameters"]
    assert CONTRACT["components"]["parameters"]["OnBehalfOf"]["in"] == "header"


@pytest.mark.parametrize("at", range(0, len(ALL), 20))
def test_a_key_without_the_scope_is_refused_and_one_with_it_is_not(at: int, sign: Sign) -> None:
    alone = {scope: sign("olga", "operator", scopes=(scope,)) for scope in SCOPES}
    for operation in ALL[at : at + 20]:
        for scope, client in alone.items():
            answer = client.open(operation.address, method=operation.method, json={} if takes_body(operation) else None)
            refused = answer.status_code == 403 and code(answer, operation) in {"scope", None}
            assert refused is (operation.scope not in {scope, ANY}), f"{operation} with {scope}: {answer.status}"


def test_a_refusal_says_which_scope_is_lacking(sign: Sign) -> None:
    answer = sign("rita", scopes=("read",)).post("/v1/searches", json={"target": "m57"})
    assert (answer.status_code, answer.json["code"]) == (403, "scope")
    assert "no scope search" in answer.json["detail"]


def test_what_a_key_may_not_it_does_not_do(sign: Sign, site: Site) -> None:
    basket = site.basket()
    reading = sign("ann", scopes=("read",))
    assert reading.delete(f"/v1/baskets/{basket}").status_code == 403
    assert reading.get(f"/v1/baskets/{basket}").status_code == 200


def test_administration_is_for_operators_whatever_the_key(sign: Sign, site: Site) -> None:
    client = sign("demoted", "operator", scopes=SCOPES)
    assert client.get("/v1/admin/users").status_code == 200
    site.api.stores.users.change("demoted", role="member")
    answer = client.get("/v1/admin/users")
    assert (answer.status_code, answer.json["code"]) == (403, "role")


def test_every_key_may_ask_who_it_is(sign: Sign) -> None:
    for scope in SCOPES:
        me = sign("olga", "operator", scopes=(scope,)).get("/v1/me").json
        assert (me["name"], me["scopes"], me["actor"]) == ("olga", [scope], "olga")


def takes_body(operation: Operation) -> bool:
    return "requestBody" in CONTRACT["paths"][operation.path][operation.method.lower()]


def code(answer: object, operation: Operation) -> str | None:
    """The problem's code; an answer to HEAD has no body."""
    return None if operation.method == "HEAD" else answer.json["code"]  # type: ignore[attr-defined]
