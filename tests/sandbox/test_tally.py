"""Bytes count when they were taken, whoever takes them, and not when the reader went away."""

from concurrent.futures import ThreadPoolExecutor

from topmast_sandbox.tally import Tally


def test_a_reader_that_leaves_is_charged_only_what_it_took():
    tally = Tally()
    tally.file("mast:a", "GET", 200)
    chunks = tally.sending("mast:a", [b"12345", b"67890", b"abcde"])

    next(chunks)
    next(chunks)
    chunks.close()

    assert tally.document()["files"]["mast:a"]["bytes"] == 5


def test_many_threads_lose_no_count():
    tally = Tally()

    def fetch(_):
        tally.file("mast:a", "GET", 200)
        return sum(map(len, tally.sending("mast:a", [b"x"] * 100)))

    with ThreadPoolExecutor(16) as pool:
        sent = sum(pool.map(fetch, range(200)))

    entry = tally.document()["files"]["mast:a"]
    assert entry["bytes"] == sent == 20_000
    assert entry["methods"] == {"get": 200}
    assert entry["statuses"] == {"200": 200}
