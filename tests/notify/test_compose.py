"""What the messages say, and what cannot be put into them."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from notify_cases import ACCEPTED, ALICE, ENDPOINTS, completed, failed_job, missing

from topmast_service.errors import Invalid
from topmast_service.notify.compose import acknowledged, ready
from topmast_service.notify.wording import human_bytes


def received(message: EmailMessage) -> EmailMessage:
    """The message after its way over the wire."""
    return message_from_bytes(message.as_bytes(), policy=default)  # type: ignore[return-value]


def test_the_acknowledgement_says_what_was_asked_and_how_to_look() -> None:
    message = received(acknowledged(ACCEPTED, ENDPOINTS, ALICE))
    body = message.get_content()
    assert message["To"] == ALICE
    assert message["Subject"] == "topmast: b_abc is accepted [M 57, MIRI]"
    assert "search s_m57; sub groups: I2D, ASN; mrp: yes" in body
    assert "http://127.0.0.1:8080/v1/jobs/b_abc" in body.split()
    assert "-X POST" in body
    assert "/v1/jobs/b_abc/abort" in body


def test_a_whole_bundle_is_told_with_counts_places_and_expiry() -> None:
    message = received(ready(completed(), ENDPOINTS, ALICE, []))
    body = message.get_content()
    assert message["Subject"] == "topmast: b_abc is ready: 34 files, 15.5 GB [M 57, MIRI]"
    assert "34 of 34 (30 fetched now, 4 already here)" in body
    assert "15.5 GB (12 GB fetched now)" in body
    assert "until 2027-03-31 12:00 UTC" in body
    assert "http://127.0.0.1:8080/v1/bundles/b_abc/files/" in body
    assert "ftp://127.0.0.1:2121/b_abc/" in body
    assert "Not delivered" not in body


def test_failures_are_named_with_their_reason() -> None:
    rows = [missing(1), missing(2, "not_authorized until 2027-09-01")]
    message = received(ready(completed("partial", ok=32, failed=2), ENDPOINTS, ALICE, rows))
    body = message.get_content()
    assert "2 not delivered" in message["Subject"]
    assert "jw01558001001_00001_cal.fits: missing_on_server" in body
    assert "jw01558001001_00002_cal.fits: not_authorized until 2027-09-01" in body
    assert "archive@stsci.edu" in body


def test_only_the_first_twenty_failures_are_listed() -> None:
    rows = [missing(number) for number in range(1, 1_031)]
    body = ready(completed("partial", ok=4, failed=1_030), ENDPOINTS, ALICE, rows).get_content()
    assert "_00020_cal.fits" in body
    assert "_00021_cal.fits" not in body
    assert "and 1,010 more" in body


def test_an_empty_bundle_says_so_and_offers_nothing_to_fetch() -> None:
    message = ready(completed("empty", ok=0, fetched=0, cached=0, failed=1), ENDPOINTS, ALICE, [missing(1)])
    body = message.get_content()
    assert "found nothing to deliver" in message["Subject"]
    assert "Nothing was delivered" in body
    assert "lftp" not in body


def test_an_error_says_what_happened_and_what_to_try() -> None:
    message = ready(failed_job(), ENDPOINTS, ALICE, [])
    body = message.get_content()
    assert message["Subject"] == "topmast: b_abc failed: The selection names nothing [M 57, MIRI]"
    for words in ("empty_selection", "No row of s_m57 matches.", "Widen it."):
        assert words in body


def test_without_ftps_only_http_is_offered() -> None:
    body = ready(completed(), replace(ENDPOINTS, ftps_host=None, ftps_port=None), ALICE, []).get_content()
    assert "ftp://" not in body
    assert "curl, over HTTP" in body


def test_a_public_certificate_needs_no_ca_file() -> None:
    body = ready(completed(), replace(ENDPOINTS, ftps_ca_file=None), ALICE, []).get_content()
    assert "ca-file" not in body
    assert "cacert" not in body
    assert "ca-certificate" not in body


def test_command_lines_stay_whole_and_readable_in_the_raw_message() -> None:
    raw = ready(completed(), ENDPOINTS, ALICE, []).as_bytes()
    assert b"""LFTP_PASSWORD="$TOPMAST_API_KEY" lftp --env-password""" in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_composing_again_gives_the_same_bytes() -> None:
    assert ready(completed(), ENDPOINTS, ALICE, []).as_bytes() == ready(completed(), ENDPOINTS, ALICE, []).as_bytes()


def test_message_ids_differ_by_event_revision_and_recipient() -> None:
    again = replace(completed(), revision=2)
    messages = [
        acknowledged(ACCEPTED, ENDPOINTS, ALICE),
        ready(completed(), ENDPOINTS, ALICE, []),
        ready(again, ENDPOINTS, ALICE, []),
        ready(again, ENDPOINTS, "bob@example.org", []),
    ]
    ids = [str(message["Message-ID"]) for message in messages]
    assert len(set(ids)) == 4
    assert ids[1].startswith("<b_abc.ready.1.")
    assert ids[1].endswith("@stage.example.org>")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x00", "\x85"])
def test_a_label_cannot_add_headers_or_body(end: str) -> None:
    label = f"fine{end}Bcc: eve@example.org{end}{end}body"
    message = received(ready(completed(label=label), ENDPOINTS, ALICE, [missing(1, f"failed:{end}.{end}QUIT")]))
    assert message["Bcc"] is None
    assert message["Subject"].endswith("[fine Bcc: eve@example.org body]")
    assert "\nBcc" not in message.get_content()
    assert "failed: . QUIT" in message.get_content()


def test_labels_beyond_ascii_and_very_long_ones() -> None:
    long = "Ringnebel µ 環状星雲 " * 100
    message = ready(completed(label=long), ENDPOINTS, ALICE, [])
    assert max(map(len, message.as_bytes().split(b"\r\n"))) <= 998
    parsed = received(message)
    assert "Ringnebel µ 環状星雲" in parsed["Subject"]
    assert "Ringnebel µ 環状星雲" in parsed.get_content()


def test_dollars_and_percents_in_values_stay_as_they_are() -> None:
    body = ready(failed_job("$job ${job} %s {0} 100%"), ENDPOINTS, ALICE, []).get_content()
    assert "$job ${job} %s {0} 100%" in body


@pytest.mark.parametrize(
    "recipient",
    ["", "alice", "@example.org", "a@b.org, eve@c.org", "a@b.org\nBcc: eve@c.org", "a b@c.org", "<a@b.org>", "a@"],
)
def test_only_one_address_is_a_recipient(recipient: str) -> None:
    with pytest.raises(Invalid) as refused:
        acknowledged(ACCEPTED, ENDPOINTS, recipient)
    assert "\n" not in refused.value.detail


@pytest.mark.parametrize(
    ("size", "told"), [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (1_234_567, "1.23 MB"), (2 * 10**18, "2e+03 PB")]
)
def test_bytes_as_people_read_them(size: int, told: str) -> None:
    assert human_bytes(size) == told


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"observations": ["jw01", "jw02"]}, "2 observations: jw01, jw02"),
        ({"uris": ["mast:JWST/product/a.fits"]}, "1 file: mast:JWST/product/a.fits"),
        ({"observations": [str(n) for n in range(9)]}, "9 observations: 0, 1, 2, 3, 4, ..."),
    ],
)
def test_requests_are_told_in_words(source: dict[str, list[str]], told: str) -> None:
    body = acknowledged(replace(ACCEPTED, request={"from": source}), ENDPOINTS, ALICE).get_content()
    assert told in body


def test_a_request_is_accepted_under_one_name_also_once_it_is_published() -> None:
    """Upkeep was killed between the delivery and its note of it; a minute later the bundle was ready."""
    before, after = (acknowledged(job, ENDPOINTS, ALICE) for job in (ACCEPTED, completed()))
    assert before["Message-ID"] == after["Message-ID"]


def test_an_error_that_comes_again_after_a_retry_is_told_again() -> None:
    first = ready(failed_job(), ENDPOINTS, ALICE, [])
    second = ready(replace(failed_job(), attempt=failed_job().attempt + 1), ENDPOINTS, ALICE, [])
    assert first["Message-ID"] != second["Message-ID"]
