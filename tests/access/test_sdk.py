"""Exclusive access from a notebook: the SDK against the API on a socket; and what the README says of it, run.

Workers' steps are run by hand, or by a thread where the README waits.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

import topmast
from tests.access.people import OPEN, PROGRAM, SECRET, Group, grant, uri
from topmast_service import container
from topmast_service.api.app import create_app

FIRST, PUBLIC = "jw04321-o001_t001_miri_f770w", "jw01558-o001_t001_miri_f1000w"
README = Path(__file__).parents[2] / "sdk" / "README.md"
As = Callable[[str], topmast.Client]


@pytest.fixture
def sign_in(group: Group) -> Iterator[As]:
    """Clients of the group's users."""
    server = make_server("127.0.0.1", 0, create_app(group.api), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with ExitStack() as stack:
        stack.callback(server.server_close)
        stack.callback(thread.join)
        stack.callback(server.shutdown)

        def client(name: str) -> topmast.Client:
            secret = group.api.stores.keys.new(name).secret
            return stack.enter_context(topmast.Client(f"http://127.0.0.1:{server.server_port}", secret))

        yield client


def finished(group: Group, made: topmast.Bundle) -> topmast.Bundle:
    """What the workers do."""
    group.ended(group.resolve(made.id))
    return made.wait(timeout=60)


def names(paths: Iterator[str]) -> set[str]:
    return {path.rpartition("/")[2] for path in paths}


@pytest.mark.parametrize(("reader", "code"), [("bob", "exclusive"), ("erin", "needs_mast_token"), ("dave", None)])
def test_of_a_shared_bundle_everybody_has_what_mast_gives_them(
    group: Group, sign_in: As, tmp_path: Path, reader: str, code: str | None
) -> None:
    made = finished(group, sign_in("alice").bundle([uri(SECRET), uri(OPEN)], notify=[]))
    theirs = sign_in(reader)
    with pytest.raises(topmast.NotFound):
        theirs.bundles.get(made.id)
    assert made.share(reader).shares == (reader,)
    report = theirs.bundles.get(made.id).download(tmp_path / "box", raise_on_failure=False)
    assert {Path(file.path).name: file.code for file in report.failed} == ({SECRET: code} if code else {})
    assert OPEN in names(file.path for file in report.fetched)
    for kind in ("zip", "tar"):
        absent = made.absent_from(theirs.bundles.get(made.id).archive(tmp_path / f"box.{kind}"))
        assert names(row.path for row in absent) == ({SECRET} if code else set())
    with pytest.raises(topmast.ApiError):
        theirs.bundles.get(made.id).share("bob")
    assert made.unshare(reader).shares == ()
    with pytest.raises(topmast.NotFound):
        theirs.bundles.get(made.id)


def test_what_is_withheld_says_until_when_and_comes_when_it_is_released(group: Group, sign_in: As) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    group.sandbox.post("rights", program=PROGRAM, release=soon.isoformat())
    made = finished(group, sign_in("bob").bundle([FIRST, PUBLIC], release="auto", notify=[]))
    (row,) = [row for row in made.manifest() if row.missing]
    assert (row.status, row.reason) == ("WITHHELD", f"not_authorized until {soon:%Y-%m-%d}")
    for told in (row.release, made.release_due):
        assert told is not None
        assert abs(told - soon) < timedelta(seconds=2)
    group.sandbox.post("rights", program=PROGRAM, rights="PUBLIC")
    container.for_query(group.settings).releases.look(made.id)
    group.again(made.id)
    after = made.refresh()
    assert (after.revision, after.outcome, after.release_due) == (2, "complete", None)


def test_a_plans_bundle_may_wait_for_a_release_too(group: Group, sign_in: As) -> None:
    plan = sign_in("bob").bundles.plan([FIRST, PUBLIC])
    group.resolve(plan.id)
    made = finished(group, plan.wait(timeout=60).bundle(release="auto", notify=[]))
    assert group.job(made.id).request["release"] == "auto"
    assert made.outcome == "partial"


def test_who_has_shown_to_be_on_a_program(group: Group, sign_in: As) -> None:
    client = sign_in("alice")
    assert client.program_access(PROGRAM) == []
    finished(group, client.bundle([uri(SECRET)], notify=[]))
    (told,) = sign_in("erin").program_access(int(PROGRAM))
    assert (told["user"], told["current"]) == ("alice", True)


def test_a_held_bundle_says_what_to_type_and_goes_on_after_it(group: Group, sign_in: As) -> None:
    client = sign_in("erin")
    made = client.bundle([FIRST], notify=[])
    group.resolve(made.id)
    with pytest.raises(topmast.JobHeld, match=r"client\.set_mast_token") as held:
        made.wait(timeout=60)
    grant(group.sandbox, erin=[PROGRAM])
    client.set_mast_token(str(group.sandbox.post("tokens", user="erin")["token"]))
    group.upkeep()
    group.ended(group.resolve(made.id))
    assert held.value.job.wait(timeout=60).outcome == "complete"


def test_keys_have_scopes_and_replace_one_another(group: Group, sign_in: As) -> None:
    client = sign_in("alice")
    made = client.keys.create("look", scopes="read", expires=timedelta(days=7))
    with topmast.Client(client.url, made.key) as reader:
        assert reader.me()["scopes"] == ["read"]
        with pytest.raises(topmast.MissingScope):
            reader.bundle([uri(OPEN)])
    after = client.keys.rotate(made.id, overlap=0)
    assert (after.label, after.scopes) == ("look", ("read",))
    listed = {key.id: key.key for key in client.keys.list()}
    assert (made.id in listed, listed[after.id]) == (False, ""), "only the new one, and never the key itself"
    with topmast.Client(client.url, made.key) as old, pytest.raises(topmast.NotAuthenticated):
        old.me()
    client.keys.revoke(after.id)
    client.keys.revoke(after.id)


def test_a_portal_acts_for_its_users_with_their_tokens(group: Group, sign_in: As) -> None:
    portal = sign_in("porter")
    made = finished(group, portal.on_behalf_of("alice").bundle([uri(SECRET)], notify=[]))
    assert (made.owner, made.outcome) == ("alice", "complete")
    assert sign_in("alice").bundles.get(made.id).ok
    with pytest.raises(topmast.UnknownUser):
        portal.on_behalf_of("nobody").me()
    with pytest.raises(topmast.MissingRole):
        sign_in("bob").on_behalf_of("alice").me()


def section() -> list[str]:
    """The Python of the README's section."""
    text = README.read_text(encoding="utf-8")
    part = text[text.index("## Exclusive data and sharing") :]
    return re.findall(r"^```python\n(.*?)^```$", part[: part.index("\n## ", 3)], re.DOTALL | re.MULTILINE)


@contextmanager
def worker(group: Group) -> Iterator[None]:
    """Does what the API wakes it for."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.02):
            while group.woken:
                job = group.woken.pop(0)
                group.ended(group.resolve(job.id))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_the_readme_does_what_it_says(group: Group, sign_in: As, tmp_path: Path) -> None:
    group.api.stores.users.add("carol")
    token = str(group.sandbox.post("tokens", user="alice")["token"])
    known: dict[str, Any] = {
        "topmast": topmast, "client": sign_in("alice"), "bob": sign_in("bob"), "portal": sign_in("porter"),
        "token": token,
    }  # fmt: skip
    with worker(group), contextlib.chdir(tmp_path):
        for block in section():
            exec(compile(block, str(README), "exec"), known)  # noqa: S102 - our own page
    assert known["withheld"] == []
    assert known["job"].shares == ("bob",)
    assert {Path(file.path).name: file.code for file in known["report"].failed} == {SECRET: "exclusive"}
    assert names(row.path for row in known["lacking"]) == {SECRET}
    assert known["carol"].me()["name"] == "carol"
    with pytest.raises(topmast.NotAuthenticated):
        known["cron"].me()
    known["cron"].close()
