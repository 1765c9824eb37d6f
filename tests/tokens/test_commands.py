"""What a person runs: `topmast-service tokens`, and the line of the mail that stores a new token."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
from werkzeug.serving import make_server

from tests.tokens.conftest import facts
from tests.workflows.conftest import Site
from topmast_service.api.app import create_app
from topmast_service.cli import cli
from topmast_service.notify.commands import Endpoints, store_token


@pytest.fixture
def run(site: Site) -> Callable[..., Result]:
    """Runs a command against this site."""
    environment = {"TOPMAST_REDIS_URL": site.settings.redis_url, "TOPMAST_DATA": str(site.settings.data)}
    return lambda *words, **more: CliRunner().invoke(cli, [*words], env=environment | more)


def test_the_list_tells_whose_and_until_when(site: Site, mint: Callable[..., str], run: Callable[..., Result]) -> None:
    kept, refused = mint(), mint()
    site.api.mast_tokens.put("alice", kept)
    site.api.mast_tokens.put("bob", refused)
    site.api.stores.tokens.refuse("bob", site.api.stores.tokens.get("bob"))

    lines = run("tokens", "list").output.splitlines()

    day = f"{facts(site)['end']:%Y-%m-%dT%H:%MZ}"
    assert [line.split("\t")[0] for line in lines] == ["alice", "bob"]
    assert lines[0].split("\t")[3:] == [day, "accepted"]
    assert "refused" in lines[1]
    assert not [token for token in (kept, refused) if token in "".join(lines)]


def test_after_a_rotation_the_old_key_can_go(site: Site, mint: Callable[..., str], run: Callable[..., Result]) -> None:
    secrets = {user: mint() for user in ("alice", "bob")}
    for user, secret in secrets.items():
        site.api.mast_tokens.put(user, secret)
    file = site.settings.token_key_file
    new = Fernet.generate_key().decode()
    file.write_text(f"{new}\n{file.read_text()}")
    before = facts(site)

    done = run("tokens", "rotate")
    file.write_text(f"{new}\n")

    assert (done.exit_code, done.output) == (0, "2 of 2 tokens are encrypted by the first key\n")
    assert facts(site) == before, "to encrypt is not to use"
    assert {user: site.api.stores.tokens.get(user).secret for user in secrets} == secrets


def test_a_token_that_no_key_opens_is_told(site: Site, mint: Callable[..., str], run: Callable[..., Result]) -> None:
    for user in ("alice", "bob"):
        site.api.mast_tokens.put(user, mint())
    site.api.stores.redis.hset("topmast:mast-token:bob", "sealed", "nonsense")

    done = run("tokens", "rotate")

    assert done.exit_code == 1
    assert "bob: no key opens this token" in done.output
    assert "1 of 2" in done.output


def test_a_forgotten_token_is_on_no_list(site: Site, mint: Callable[..., str], run: Callable[..., Result]) -> None:
    site.api.mast_tokens.put("alice", mint())
    site.api.mast_tokens.forget("alice")

    assert run("tokens", "list").output == ""
    assert run("tokens", "rotate").output.startswith("0 of 0")


@pytest.mark.clients
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_line_of_the_mail_stores_a_token(site: Site, mint: Callable[..., str], tmp_path: Path) -> None:
    server = make_server("127.0.0.1", 0, create_app(site.api), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    line = store_token(Endpoints(f"http://127.0.0.1:{server.port}", None, None, None, "topmast@example.org"))
    environment = {"PATH": "/usr/bin:/bin", "TOPMAST_API_KEY": site.api.stores.keys.new("alice").secret}
    token = mint()
    done = subprocess.run(
        ["bash", "-c", line], input=f"{token}\n", env=environment, cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    server.shutdown()
    thread.join()

    assert done.returncode == 0, done.stderr
    assert token not in done.stdout + done.stderr
    assert site.api.stores.tokens.get("alice").secret == token
