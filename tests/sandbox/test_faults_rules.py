"""Rules: when they hold, what a mistake in one says, and the files they are read from."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox.raw_http import ask
from tests.sandbox.test_download import URI
from tests.servers import start_sandbox
from topmast_sandbox.faults import FaultBook, Visit, rule_of


def fired(rule, visits):
    book = FaultBook()
    book.add([rule_of({"fault": "html", "uri": "*"} | rule)])
    return [number for number, visit in enumerate(visits, start=1) if book.meeting(visit)]


def files(*names):
    return [Visit("Download/file", uri=name, question=name) for name in names]


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"nth": [2]}, [3, 4]),
        ({"nth": [2], "counted": "all"}, [2]),
        ({"first": 1}, [1, 2]),
        ({"first": 4, "after": 2, "counted": "all"}, [3, 4]),
        ({"limit": 2}, [1, 2]),
        ({"uri": "mast:b*"}, [2, 4, 6]),
        ({"uri": "mast:b*", "nth": [1, 3]}, [2, 6]),
        ({"service": "Download/*", "uri": "*a"}, [1, 3, 5]),
        ({"service": "Mast.*"}, []),
        ({"method": "HEAD"}, []),
    ],
)
def test_when_and_where(rule, numbers):
    assert fired(rule, files("mast:a", "mast:b") * 3) == numbers


def test_a_share_depends_on_the_seed_and_not_on_the_order():
    names = [f"mast:{n}" for n in range(2000)]
    forth = fired({"share": 0.1, "seed": 7}, files(*names))
    back = fired({"share": 0.1, "seed": 7}, files(*reversed(names)))

    assert forth == sorted(2001 - n for n in back)
    assert forth != fired({"share": 0.1, "seed": 8}, files(*names))
    assert 140 < len(forth) < 260


def test_many_threads_lose_no_count():
    book = FaultBook()
    book.add([rule_of({"id": "one", "uri": "*", "fault": "html", "limit": 50})])
    (visit,) = files("mast:a")
    with ThreadPoolExecutor(8) as pool:
        met = list(pool.map(lambda _: bool(book.meeting(visit)), range(400)))

    assert sum(met) == 50
    assert book.document()["rules"] == [
        {"id": "one", "fault": "html", "uri": "*", "limit": 50, "met": 400, "fired": 50},
    ]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({}, "no fault None"),
        ({"fault": "explode", "uri": "*"}, "no fault 'explode'"),
        ({"fault": "html"}, "say where"),
        ({"fault": "html", "uri": "*", "at": 3}, "html has no at"),
        ({"fault": "reset", "uri": "*", "at": -1}, "at cannot be -1"),
        ({"fault": "reset", "uri": "*", "at": True}, "at cannot be True"),
        ({"fault": "reset", "uri": "*", "nth": 1}, "nth cannot be 1"),
        ({"fault": "changed", "uri": "*", "how": "bigger"}, "longer, shorter, same"),
        ({"fault": "html", "uri": 5}, "uri cannot be 5"),
        ([], "must be an object"),
    ],
)
def test_mistakes_are_named(rule, said):
    with pytest.raises(ValueError, match=said):
        rule_of(rule)


def test_rules_come_and_go_while_it_runs(sandbox, http):
    http("DELETE", "/_sandbox/faults")
    sandbox.post("faults", id="one", uri="*", fault="html")
    sandbox.post("faults", id="two", service="Mast.*", fault="error")
    told = sandbox.get("faults")["rules"]

    assert [rule["id"] for rule in told] == ["one", "two"]
    assert [rule["id"] for rule in http("DELETE", "/_sandbox/faults?id=one").json()["rules"]] == ["two"]
    assert http("DELETE", "/_sandbox/faults?id=one").status == 400
    wrong = http("POST", "/_sandbox/faults", json={"rules": [{"fault": "html", "uri": "*"}, {"fault": "x"}]})
    assert (wrong.status, wrong.json()["error"][:7]) == (400, "rule 2:")
    assert [rule["id"] for rule in sandbox.get("faults")["rules"]] == ["two"]
    assert http("DELETE", "/_sandbox/faults").json() == {"rules": []}


TOML = """
[settings]
validators = false

[[rules]]
uri = "*_i2d.fits"
fault = "cut"
at = 10
first = 1
"""


@pytest.mark.parametrize("form", ["toml", "json"])
def test_a_file_of_faults_holds_from_the_first_request_on(tmp_path, form):
    path = tmp_path / f"faults.{form}"
    rule = {"uri": "*_i2d.fits", "fault": "cut", "at": 10, "first": 1}
    path.write_text(TOML if form == "toml" else json.dumps({"settings": {"validators": False}, "rules": [rule]}))
    own = start_sandbox(tmp_path, "--scale", "0.001", "--faults", str(path))
    first, second = ask(own.url, URI), ask(own.url, URI)
    own.stop()

    assert (len(first.body), "ETag" in first.headers) == (10, False)
    assert len(second.body) == int(second.headers["Content-Length"])


@pytest.mark.parametrize("text", ["[[rules]]\nfault = 'x'", "nonsense", "[settings]\nspeed = 1", "[other]\na = 1"])
def test_a_wrong_file_is_told_at_the_start(tmp_path, text):
    path = tmp_path / "faults.toml"
    path.write_text(text)

    with pytest.raises(RuntimeError, match="cannot start"):
        start_sandbox(tmp_path, "--faults", str(path))
