"""What was sent, and the lines that it says to run."""

from __future__ import annotations

import mailbox
import re
import time

from tests.end_to_end.conftest import Live

WITHIN = 60.0


def mails_about(live: Live, job_id: str, number: int) -> list[mailbox.MaildirMessage]:
    """The mails about a job, once there are as many; upkeep tells within seconds."""
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        box = mailbox.Maildir(live.up.endpoint["mailbox"], create=False)
        found = [m for m in box if job_id in str(m["Subject"]) + m.as_string()]
        if len(found) >= number:
            return sorted(found, key=lambda m: "ready" in m["Message-ID"])
        time.sleep(0.1)
    raise AssertionError(f"fewer than {number} mails about {job_id}")


def text_of(mail: mailbox.MaildirMessage) -> str:
    """Its words."""
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    return body.decode()


def commands(text: str) -> dict[str, str]:
    """What stands indented by four under a heading, by that heading, as one would copy it."""
    found = re.findall(r"^ *(\S[^\n]*):\n\n((?: {4}[^\n]*\n)+)", text, re.MULTILINE)
    return {heading: re.sub("^ {4}", "", block, flags=re.MULTILINE) for heading, block in found}
