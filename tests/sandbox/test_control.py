"""The control plane: the clock, reprocessing, settings, and mistakes in them."""

import pytest
import urllib3

from tests.sandbox.test_download import URI
from tests.servers import start_sandbox


def test_the_clock_runs_on_from_where_it_was_set(sandbox):
    told = sandbox.post("clock", now="2030-01-01T00:00:00+00:00")
    later = sandbox.post("clock", advance=86400)

    assert told["now"].startswith("2030-01-01T00:00")
    assert later["mjd"] - told["mjd"] == pytest.approx(1, abs=0.001)


def test_reprocessing_makes_new_bytes(running, tmp_path):
    own = start_sandbox(tmp_path, "--scale", "0.001")  # its catalogue does not come back
    with urllib3.PoolManager(timeout=30, retries=False) as pool:
        address = f"{own.url}/api/v0.1/Download/file?uri={URI}"
        before = pool.request("GET", address)
        done = own.post("reprocess", program="1558")
        after = pool.request("GET", address)
    own.stop()

    assert done
    assert after.status == 404 or after.headers["ETag"] != before.headers["ETag"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {"now": "2030-01-01T00:00:00"}),
        ("clock", {"now": "tomorrow"}),
        ("settings", {"nonsense": 1}),
        ("settings", {"validators": "no"}),
        ("settings", {"hold_seconds": -1}),
        ("tokens", {"user": "ann", "programs": "1558"}),
        ("slow", {"polls": "many"}),
    ],
)
def test_mistakes_are_told_and_change_nothing(http, sandbox, path, body):
    before = sandbox.get("settings")

    answer = http("POST", f"/_sandbox/{path}", json=body)

    assert answer.status == 400
    assert answer.json()["error"]
    assert sandbox.get("settings") == before
