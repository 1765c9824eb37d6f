"""Every fault of a file, seen from a raw socket: what comes, how the connection ends, and what is counted."""

import threading
import time

import pytest

from tests.sandbox.raw_http import ask
from tests.sandbox.test_download import ALICE, URI

OTHER = "mast:JWST/product/jw01558-o001_t001_miri_f1130w_i2d.fits"
AT = 100_000


@pytest.fixture
def body(sandbox):
    whole = ask(sandbox.url, URI)
    sandbox.post("requests/reset")
    return whole.body


@pytest.fixture
def get(sandbox, body):
    """Make one rule about the first file and ask for it; the sandbox's own and the file's counts stay right."""

    def get(verb="GET", timeout=5.0, headers=None, **rule):
        sandbox.post("faults", rules=[{"uri": "*f1000w_i2d.fits"} | rule])
        answer = ask(sandbox.url, URI, verb, timeout, **(headers or {}))
        assert ask(sandbox.url, OTHER, "HEAD").status == 200
        return answer

    return get


def counted(sandbox):
    return sandbox.requests()["files"][URI]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502, 503, 504])
def test_error_statuses(get, sandbox, status):
    answer = get(fault="status", status=status)

    assert (answer.status, "Retry-After" in answer.headers) == (status, False)
    assert counted(sandbox)["statuses"] == {str(status): 1}
    assert counted(sandbox)["injected"] == {"status": 1}


def test_retry_after_in_both_spellings(get):
    assert get(fault="status", status=503, retry_after=7).headers["Retry-After"] == "7"
    assert get(fault="status", status=429, retry_after=7, as_date=True).headers["Retry-After"].endswith(" GMT")


@pytest.mark.parametrize("at", [0, 1, AT])
@pytest.mark.parametrize("fault", ["reset", "cut"])
def test_a_connection_ends_after_so_many_bytes(get, sandbox, body, fault, at):
    answer = get(fault=fault, at=at)

    assert (answer.status, answer.body) == (200, body[:at])
    assert answer.end == ("reset" if fault == "reset" else "closed")
    assert int(answer.headers["Content-Length"]) == len(body)
    assert counted(sandbox)["bytes"] == at
    assert counted(sandbox)["injected"] == {fault: 1}


def test_a_resumed_answer_is_cut_in_its_own_body(get, body):
    answer = get(fault="cut", at=100, headers={"Range": "bytes=2880-"})

    assert (answer.status, answer.body) == (206, body[2880:2980])


def test_a_body_that_ends_earlier_is_left_alone(get, body):
    assert get(fault="reset", at=10**9).body == body


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_refused_connection_answers_nothing(get, sandbox, method):
    answer = get(method, fault="refused")

    assert (answer.end, answer.status, answer.body) == ("reset", 0, b"")
    assert counted(sandbox)["statuses"] == {"0": 1}


def test_a_stall_is_silent_and_then_goes_on(get, sandbox, body):
    silent = get(timeout=0.3, fault="stall", at=AT, seconds=60)
    assert (silent.end, silent.body) == ("silent", body[:AT])

    begun = time.monotonic()
    whole = get(fault="stall", at=AT, seconds=0.3)

    assert whole.body == body
    assert time.monotonic() - begun >= 0.3


def test_a_hang_ends_without_an_answer(get):
    answer = get(fault="hang", seconds=0.2)

    assert (answer.end, answer.status) == ("closed", 0)


def test_threads_do_not_wait_for_clients_that_left(get, sandbox):
    for _ in range(100):  # more than there are threads
        assert get(timeout=0.01, fault="hang").end == "silent"

    sandbox.post("faults", rules=[])
    assert ask(sandbox.url, URI, "HEAD").status == 200


def test_a_drip_comes_whole_and_slowly(get, body):
    begun = time.monotonic()
    answer = get(fault="drip", at=len(body) - 3000, bytes_per_second=10_000)

    assert answer.body == body
    assert time.monotonic() - begun >= 0.25


def test_late(get, body):
    begun = time.monotonic()

    assert get(fault="late", seconds=0.2).body == body
    assert time.monotonic() - begun >= 0.2


def test_a_page_and_nothing_at_all(get):
    page, nothing = get(fault="html"), get(fault="empty")

    assert (page.status, page.headers["Content-Type"][:9], page.body[:9]) == (200, "text/html", b"<!DOCTYPE")
    assert (nothing.status, nothing.headers["Content-Length"], nothing.body) == (200, "0", b"")


def test_no_length_in_chunks_or_until_the_connection_ends(get, body):
    chunked, ended = get(fault="no_length", framing="chunked"), get(fault="no_length", framing="close")

    assert "Content-Length" not in chunked.headers | ended.headers
    assert (chunked.headers["Transfer-Encoding"], "Transfer-Encoding" in ended.headers) == ("chunked", False)
    assert chunked.body.endswith(b"\r\n0\r\n\r\n")
    assert (ended.end, ended.body) == ("closed", body)
    assert "Content-Length" not in get("HEAD", fault="no_length").headers


def test_a_chunked_body_that_is_cut_lacks_its_end(get, sandbox):
    rules = [{"uri": URI, "fault": "no_length"}, {"uri": URI, "fault": "cut", "at": AT}]
    sandbox.post("faults", rules=rules)

    answer = ask(sandbox.url, URI)

    assert AT < len(answer.body) < AT + 1000
    assert not answer.body.endswith(b"0\r\n\r\n")
    assert sandbox.requests()["files"][URI]["injected"] == {"no_length": 1, "cut": 1}


@pytest.mark.parametrize("by", [-1000, 1000])
def test_a_wrong_length_and_all_the_bytes(get, sandbox, body, by):
    answer = get(fault="wrong_length", by=by)

    assert (int(answer.headers["Content-Length"]), answer.body, answer.end) == (len(body) + by, body, "closed")
    assert counted(sandbox)["bytes"] == len(body)


def test_a_server_that_knows_no_head(get):
    assert get("HEAD", method="HEAD", fault="status", status=405).status == 405
    assert get("GET", method="HEAD", fault="status", status=405).status == 200


def test_ranges_that_are_ignored_refused_or_shifted(get, body):
    part = {"Range": "bytes=1000-1999"}

    assert get(headers=part, fault="range_ignored").body == body
    assert get(headers=part, ranged=True, fault="status", status=503).status == 503
    assert get(ranged=True, fault="status", status=503).status == 200
    shifted = get(headers=part, fault="range_shifted")
    assert (shifted.body, shifted.headers["Content-Range"][:15]) == (body[1001:2000], "bytes 1001-1999")


def test_an_if_range_that_nobody_looks_at(get, body):
    stale = {"Range": "bytes=1000-1999", "If_Range": '"stale"'}

    assert get(headers=stale, nth=[9], fault="if_range_ignored").status == 200
    assert get(headers=stale, fault="if_range_ignored").body == body[1000:2000]


def test_redirects(get, http, sandbox, body):
    port = sandbox.url.rpartition(":")[2]

    for to, begins in (("same", "/api"), ("other", f"http://localhost:{port}/api"), ("loop", "/api")):
        told = get(fault="redirect", to=to)
        path = told.headers["Location"].removeprefix(f"http://localhost:{port}")
        followed = http("GET", path, redirect=False)

        assert (told.status, told.headers["Location"][: len(begins)]) == (302, begins)
        assert (followed.status, followed.data) == ((302, b"") if to == "loop" else (200, body))


@pytest.mark.parametrize(("how", "sign"), [("longer", 1), ("shorter", -1), ("same", 0)])
def test_a_file_changes_between_two_requests(get, sandbox, body, how, sign):
    rule = {"uri": URI, "fault": "changed", "how": how, "nth": [2]}
    sandbox.post("faults", rules=[rule])
    before, after, later = (ask(sandbox.url, URI) for _ in range(3))

    assert before.body != after.body == later.body
    assert before.headers["ETag"] != after.headers["ETag"]
    assert (len(after.body) > len(before.body)) - (len(after.body) < len(before.body)) == sign
    assert len(after.body) % 2880 == 0
    assert before.body[: 12 * 2880] != after.body[: 12 * 2880]  # the header says when it was made


@pytest.mark.parametrize("how", ["longer", "shorter", "same"])
def test_a_file_changes_while_it_is_on_its_way(sandbox, body, how):
    sandbox.post("faults", rules=[{"uri": URI, "fault": "changed", "how": how, "at": AT, "nth": [1]}])

    old = ask(sandbox.url, URI, "HEAD").headers
    mixed = ask(sandbox.url, URI)
    new = ask(sandbox.url, URI)

    assert mixed.headers["ETag"] == old["ETag"] != new.headers["ETag"]
    assert mixed.body[AT:] == new.body[AT : int(old["Content-Length"])]
    assert mixed.body[:AT] != new.body[:AT]
    assert mixed.end == "closed"


def test_a_token_ends_in_mid_job(sandbox, http):
    rows = http.invoke(
        "Mast.Caom.Filtered",
        params={
            "columns": "dataURL",
            "filters": [{"paramName": "dataRights", "values": ["EXCLUSIVE_ACCESS"]}],
        },
    )["data"]
    uri = next(row["dataURL"] for row in rows if row["dataURL"])
    token = sandbox.post("tokens", user="dora", programs=["*"])["token"]
    sandbox.post("faults", rules=[{"uri": "*", "fault": "token_ends", "nth": [2]}])

    asked = [ask(sandbox.url, uri, "HEAD", Authorization=f"token {token}").status for _ in range(3)]

    assert asked == [200, 401, 401]
    assert ask(sandbox.url, uri, "HEAD", Authorization=f"token {ALICE}").status == 200


def test_the_bandwidth_of_all_connections_together(sandbox, body):
    sandbox.set(total_bytes_per_second=8 * len(body))
    begun = time.monotonic()
    threads = [threading.Thread(target=ask, args=(sandbox.url, URI)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert time.monotonic() - begun >= 0.3
