"""The Maildir: every message exactly once, whenever the process dies."""

from __future__ import annotations

import mailbox
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from notify_cases import ACCEPTED, ALICE, ENDPOINTS, completed

from topmast_service.notify.compose import acknowledged, ready
from topmast_service.notify.mailbox import Mailbox

READY = ready(completed(), ENDPOINTS, ALICE, [])


def subjects(path: Path) -> list[str]:
    with_factory = mailbox.Maildir(path, create=False)
    return sorted(str(message["Subject"]) for message in with_factory)


def test_a_message_can_be_read_back(tmp_path: Path) -> None:
    Mailbox(tmp_path / "mail").deliver(READY)
    (message,) = mailbox.Maildir(tmp_path / "mail", create=False)
    assert message["Message-ID"] == READY["Message-ID"]
    assert "lftp --env-password" in message.get_payload()
    assert "\r" not in message.get_payload()
    assert list((tmp_path / "mail" / "tmp").iterdir()) == []


def test_the_same_message_is_delivered_once_and_others_too(tmp_path: Path) -> None:
    box = Mailbox(tmp_path)
    for message in (READY, acknowledged(ACCEPTED, ENDPOINTS, ALICE), READY):
        box.deliver(message)
    assert len(subjects(tmp_path)) == 2


def test_a_message_that_was_read_does_not_come_again(tmp_path: Path) -> None:
    Mailbox(tmp_path).deliver(READY)
    (new,) = (tmp_path / "new").iterdir()
    new.rename(tmp_path / "cur" / f"{new.name}:2,S")
    Mailbox(tmp_path).deliver(READY)
    assert len(subjects(tmp_path)) == 1
    assert list((tmp_path / "new").iterdir()) == []


def test_only_the_owner_reads_the_mail(tmp_path: Path) -> None:
    Mailbox(tmp_path / "mail").deliver(READY)
    (new,) = (tmp_path / "mail" / "new").iterdir()
    assert (tmp_path / "mail").stat().st_mode & 0o077 == 0
    assert new.stat().st_mode & 0o077 == 0


KILLED_DELIVERY = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_maildir import READY
from topmast_service.notify.mailbox import Mailbox
left = int(sys.argv[3])
def killer(event, arguments):
    global left
    if event in {"open", "os.link", "os.remove", "os.listdir", "os.mkdir"} and sys.argv[1] in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(killer)
Mailbox(Path(sys.argv[1])).deliver(READY)
"""


@pytest.mark.parametrize("step", range(1, 12))
def test_killed_at_any_step_and_repeated_it_arrives_once_and_whole(tmp_path: Path, step: int) -> None:
    """SIGKILL right before the n-th touch of the disk; one of them lies between the link and the return."""
    path = tmp_path / "mail"
    command = [sys.executable, "-c", KILLED_DELIVERY, str(path), str(Path(__file__).parent), str(step)]
    ended = subprocess.run(command, check=False, timeout=30).returncode
    assert ended == -signal.SIGKILL
    for new in path.glob("new/*"):
        assert new.read_bytes() == READY.as_bytes(policy=READY.policy.clone(linesep="\n"))
    Mailbox(path).deliver(READY)
    assert subjects(path) == [str(READY["Subject"])]
