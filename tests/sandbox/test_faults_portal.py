"""Faults of the portal and of the other services: what a client reads, and that the next answer is right."""

import pytest
import urllib3

from tests.sandbox.raw_http import ask, exchange
from tests.sandbox.test_download import URI
from tests.servers import start_sandbox

SERVICE = "Mast.Caom.Filtered"
PARAMS = {"columns": "obs_id", "filters": [{"paramName": "proposal_id", "values": ["1558"]}]}


@pytest.fixture
def rows(http):
    return http.invoke(SERVICE, params=PARAMS)["data"]


@pytest.fixture
def once(http, sandbox, rows):
    """Make a rule for the first query that follows, and return the answer; the one after it is right again."""

    def once(**rule):
        sandbox.post("faults", rules=[{"service": "Mast.Caom.*", "nth": [1]} | rule])
        answer = http.invoke(SERVICE, params=PARAMS)
        assert http.invoke(SERVICE, params=PARAMS)["data"] == rows
        return answer

    return once


def test_error_with_its_message(once):
    answer = once(fault="error", msg="Deadlock.")

    assert (answer["status"], answer["msg"], answer["data"]) == ("ERROR", "Deadlock.", [])


def test_an_empty_answer_first(once):
    answer = once(fault="no_rows")

    assert (answer["status"], answer["data"], answer["paging"]["rowsFiltered"]) == ("COMPLETE", [], 0)


def test_a_cap_that_is_told_and_one_that_is_not(once, rows):
    told, hidden = once(fault="capped", rows=3), once(fault="capped", rows=3, hidden=True)

    assert told["data"] == hidden["data"] == rows[:3]
    assert told["paging"]["rowsFiltered"] == len(rows)
    assert hidden["paging"]["rowsFiltered"] == 3


def test_a_cap_over_several_pages(http, sandbox, rows):
    sandbox.post("faults", rules=[{"service": "Mast.Caom.*", "fault": "capped", "rows": 3}])
    pages = [http.invoke(SERVICE, params=PARAMS, page=page, pagesize=2) for page in (1, 2, 3)]

    assert [row for page in pages for row in page["data"]] == rows[:3]


def test_missing_and_null_keys(once):
    assert "data" not in once(fault="missing")
    assert once(fault="null")["paging"] is None
    assert "fields" not in once(fault="missing", keys=["fields"])


def test_pages_of_html_statuses_and_broken_connections_hold_for_queries_too(http, sandbox):
    body = b"request=" + urllib3.util.parse_url("/").url.encode()

    def query(**rule):
        sandbox.post("faults", rules=[{"service": "*"} | rule])
        kind = {"Content_Type": "application/x-www-form-urlencoded"}
        return exchange(sandbox.url, "POST", "/api/v0/invoke", body=body, **kind)

    assert query(fault="html").headers["Content-Type"].startswith("text/html")
    assert (query(fault="status", status=504).status, query(fault="refused").end) == (504, "reset")
    cut = query(fault="cut", at=5)
    assert (cut.end, len(cut.body)) == ("closed", 5)
    assert int(cut.headers["Content-Length"]) > 5
    assert sandbox.requests()["injected"] == {"": 4}
    assert sandbox.requests()["total"]["injected"] == 4


@pytest.mark.parametrize("polls", [1, 3])
def test_executing_so_many_times(http, sandbox, rows, polls):
    sandbox.set(hold_seconds=0.01)
    sandbox.post("faults", rules=[{"service": SERVICE, "fault": "executing", "polls": polls}])

    answers = [http.invoke(SERVICE, params=PARAMS, cacheBreaker=f"for {polls}") for _ in range(polls + 1)]

    assert [answer["status"] for answer in answers] == ["EXECUTING"] * polls + ["COMPLETE"]
    assert answers[-1]["data"] == rows


def test_executing_for_ever_until_the_rule_is_gone_and_the_question_new(http, sandbox, rows):
    sandbox.set(hold_seconds=0.01)
    sandbox.post("faults", rules=[{"service": SERVICE, "fault": "executing"}])
    answers = [http.invoke(SERVICE, params=PARAMS, cacheBreaker="two") for _ in range(20)]
    sandbox.post("faults", rules=[])

    assert {answer["status"] for answer in answers} == {"EXECUTING"}
    assert http.invoke(SERVICE, params=PARAMS, cacheBreaker="three")["data"] == rows


def test_each_question_is_counted_apart_and_its_pages_together(http, sandbox, rows):
    sandbox.post("faults", rules=[{"service": SERVICE, "fault": "no_rows", "nth": [1]}])
    other = {"columns": "obs_id", "filters": [{"paramName": "proposal_id", "values": ["1334"]}]}

    answers = [http.invoke(SERVICE, params=p, cacheBreaker=str(n)) for n, p in enumerate((PARAMS, other) * 2)]

    assert [bool(answer["data"]) for answer in answers] == [False, False, True, True]


def test_the_reprocess_event_at_a_chosen_request(tmp_path):
    own = start_sandbox(tmp_path, "--scale", "0.001")  # its catalogue does not come back
    own.post("faults", uri=URI, fault="reprocessed", program="1558", nth=[3])
    tags = [ask(own.url, URI, "HEAD").headers.get("ETag") for _ in range(3)]
    own.stop()

    assert tags[0] == tags[1] != tags[2]


def test_the_resolver_and_the_mission_search(http, sandbox):
    sandbox.post("faults", rules=[{"service": "resolver", "fault": "status", "status": 502, "nth": [1]}])
    asked = ["/Santa-war/query?outputFormat=json&name=M57"] * 2

    assert [http("GET", path).status for path in asked] == [502, 200]
    sandbox.post("faults", rules=[{"service": "jwst/search", "fault": "html"}])
    assert http("POST", "/search/jwst/api/v0.1/search", json={}).headers["Content-Type"].startswith("text/html")
