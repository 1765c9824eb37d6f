"""Download/file over a real connection: ranges, validators, access, and what is counted."""

from concurrent.futures import ThreadPoolExecutor

import pytest

URI = "mast:JWST/product/jw01558-o001_t001_miri_f1000w_i2d.fits"
ALICE = "a11ce0000000000000000000000a11ce"


@pytest.fixture
def body(http):
    return http.file(URI).data


@pytest.fixture
def exclusive(http):
    """The dataURI, program and release date of a file under exclusive access."""
    filters = [{"paramName": "dataRights", "values": ["EXCLUSIVE_ACCESS"]}]
    params = {"columns": "dataURL,proposal_id,t_obs_release", "filters": filters}
    rows = http.invoke("Mast.Caom.Filtered", params=params)["data"]
    return next(row for row in rows if row["dataURL"])


def test_head_tells_what_get_sends(http, body):
    head = http.file(URI, "HEAD")

    assert head.status == 200
    assert int(head.headers["Content-Length"]) == len(body)
    assert head.headers["Accept-Ranges"] == "bytes"
    assert head.headers["ETag"].startswith('"')
    assert head.headers["Content-Type"] == "application/fits"
    assert body.startswith(b"SIMPLE  =")
    assert len(body) % 2880 == 0


@pytest.mark.parametrize("asked", ["bytes=0-99", "bytes=2880-", "bytes=-100", "bytes=100-999999999"])
def test_ranges(http, body, asked):
    start, _, end = asked.removeprefix("bytes=").partition("-")
    first = int(start) if start else len(body) - int(end)
    last = min(int(end), len(body) - 1) if start and end else len(body) - 1

    part = http.file(URI, Range=asked)

    assert part.status == 206
    assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(body)}"
    assert part.data == body[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=-0"])
def test_a_range_outside_the_file(http, body, asked):
    answer = http.file(URI, Range=asked)

    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(body)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "rows=0-1", "bytes=-", "bytes=x-"])
def test_a_range_that_is_none_is_ignored(http, body, asked):
    assert http.file(URI, Range=asked).data == body


def test_if_range_holds_for_the_same_bytes_only(http):
    head = http.file(URI, "HEAD").headers
    tag, date = head["ETag"], head["Last-Modified"]

    assert http.file(URI, Range="bytes=0-9", If_Range=tag).status == 206
    assert http.file(URI, Range="bytes=0-9", If_Range=date).status == 206
    assert http.file(URI, Range="bytes=0-9", If_Range='"other"').status == 200
    assert http.file(URI, Range="bytes=0-9", If_Range=f"W/{tag}").status == 200


def test_a_known_copy_is_not_sent_again(http):
    tag = http.file(URI, "HEAD").headers["ETag"]

    answer = http.file(URI, If_None_Match=tag)

    assert answer.status == 304
    assert answer.data == b""


def test_without_validators_no_resume_is_promised(http, sandbox):
    tag = http.file(URI, "HEAD").headers["ETag"]
    sandbox.set(validators=False)

    head = http.file(URI, "HEAD").headers

    assert "ETag" not in head
    assert "Last-Modified" not in head
    assert http.file(URI, Range="bytes=0-9", If_Range=tag).status == 200
    assert http.file(URI, Range="bytes=0-9").status == 206


def test_the_collection_may_be_in_lower_case_and_a_bundle_name_does_no_harm(http, body):
    fields = {"bundle_name": "MAST.sh", "uri": URI.replace("JWST", "jwst", 1)}

    assert http("GET", "/api/v0.1/Download/file", fields=fields).data == body


@pytest.mark.parametrize("kind", ["token", "Bearer"])
def test_a_token_in_the_header_opens_exclusive_files(http, exclusive, kind):
    uri = exclusive["dataURL"]

    assert http.file(uri, "HEAD").status == 401
    assert http.file(uri, "HEAD", Authorization=f"{kind} {ALICE}").status == 200
    assert http.file(uri, "HEAD", Cookie=f"mast_token={ALICE}").status == 200


def test_a_token_without_the_scope_opens_nothing(http, sandbox, exclusive):
    token = sandbox.post("tokens", user="gil", programs=["*"], scopes=["mast:user:info"])["token"]

    assert http.file(exclusive["dataURL"], "HEAD", Authorization=f"token {token}").status == 401


def test_released_but_still_refused(http, sandbox, exclusive):
    sandbox.post("clock", now="2060-01-01T00:00:00+00:00")
    assert http.file(exclusive["dataURL"], "HEAD").status == 200

    sandbox.set(released_still_401=[exclusive["proposal_id"]])

    assert http.file(exclusive["dataURL"], "HEAD").status == 401


def test_requests_and_bytes_are_counted_with_many_readers(http, sandbox, body):
    sandbox.post("requests/reset")
    asked = [f"bytes={start}-{start + 999}" for start in range(0, 40_000, 1000)]

    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda one: http.file(URI, Range=one).data, asked))

    assert b"".join(parts) == body[:40_000]
    counted = sandbox.requests()["files"][URI]
    assert counted["bytes"] == 40_000
    assert counted["methods"] == {"get": 40}
    assert counted["statuses"] == {"206": 40}


def test_telemetry_needs_a_token_and_has_no_length(http):
    uri = "mast:jwstedb/SA_ZADUCMDX-20220701T000000-20220701T000100.csv"

    assert http.file(uri, "HEAD").status == 401
    head = http.file(uri, "HEAD", Authorization=f"token {ALICE}")
    lines = http.file(uri, Authorization=f"token {ALICE}").data.decode().split("\r\n")

    assert "Content-Length" not in head.headers
    assert lines[0] == "theTime,MJD,euvalue,sqldataType"
    times = [line.split(",")[0] for line in lines[1:-1]]
    assert times == sorted(times)
    assert times[0] <= "2022-07-01 00:00:00.000000"  # the interval is bracketed
    assert times[-1] >= "2022-07-01 00:01:00.000000"
    assert lines[-1] == ""
