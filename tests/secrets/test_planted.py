"""Secrets are planted, used and mistreated in a full run; then they are searched for in all that it left or shows."""

from __future__ import annotations

import base64
import ftplib
import json
import os
import sqlite3
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography.fernet import Fernet

from tests.secrets.installation import Installation, Post, installed, mail_server
from tests.secrets.searcher import Leak, Place, files, leaks, processes
from tests.workflows.conftest import write_catalogue
from topmast_service.embedded.folder import read_lock

ALICE = "a11ce0000000000000000000000a11ce"  # docs/sandbox.md
CAROL = "ca501000000000000000000000ca5010"  # lacks the scope
NOBODYS = "0123456789abcdef0123456789abcdef"
WRONG_KEY = "tm_0badc0de_" + "WrongKeyOfSomebodyWhoTypedItHere"
PASSWORD = 'Sesame, open "please" 100%'
TELEMETRY = "mast:jwstedb/IMIR_HK_ICE_SEC_VOLT1-20220701T000000-20220701T030000.csv"
I2D = "jw01558-o001_t001_miri_f1000w_i2d.fits"

pytestmark = pytest.mark.timeout(600)


@dataclass
class Run:
    """What is left of a full run that is still running."""

    here: Installation
    post: Post
    folder: Path
    secrets: dict[str, str]
    request_id: str
    bundle: str

    @property
    def data(self) -> Path:
        return self.here.up.data

    def places(self) -> Iterator[Place]:
        """Everything, but for what `EXPECTED` says."""
        yield from files(self.folder)
        # first what each is, then what it knows: one that is just being started has its parent's environment
        yield from processes(
            {pid: _role(pid, self.here) for pid in self.here.up.everything | {self.here.up.process.pid}}
        )
        yield from ((f"answer {number}", text) for number, text in enumerate(self.here.answers))
        yield from ((f"mail {n}", mail.content) for n, mail in enumerate(self.post.arrived))  # type: ignore[misc]
        yield "commands", b"".join(_command(self.data, words) for words in (["audit"], ["audit", "--json"]))

    def leaks(self) -> list[Leak]:
        """What should not be."""
        found = leaks(self.secrets, self.places())
        return [leak for leak in found if not _is_expected(leak, self)]


def _is_expected(leak: Leak, run: Run) -> bool:
    """Each place where a secret is on purpose, and why."""
    place, (_, _, environ_of) = Path(leak.place), leak.place.rpartition("environ of ")
    return (
        place.is_relative_to(run.data / "secrets")  # what this folder is for: 0700, and no other is for that
        # how the first user finds their key: 0600, there while the service runs
        or (leak.secret == "first user's key" and place == run.data / "endpoint.json")
        # the operator gave `up` both by its environment, and it hands each on to those who use it
        or (leak.secret == "SMTP password" and environ_of in {"up", "worker-upkeep"})
        or (leak.secret == "token key" and (environ_of in {"up", "api"} or environ_of.startswith("worker-")))
        # a link is given to whoever asks for it, once
        or (leak.secret == "link" and leak.place.startswith("answer"))
    )


def _role(pid: int, here: Installation) -> str:
    """Which process of the service this is, or of which it is a child (gunicorn's and Celery's are forked)."""
    roles = {pid: name for name, pid in here.up.pids.items()} | {here.up.process.pid: "up"}
    with suppress(FileNotFoundError, ProcessLookupError):
        while pid > 1:
            if pid in roles:
                return roles[pid]
            if b"worker\0--queue\0transfer" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return "worker-transfer"  # there are two
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
    return "a stranger"


def _command(data: Path, words: list[str]) -> bytes:
    command = [sys.executable, "-m", "topmast_service.cli", *words, "--data", str(data)]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A full run with everything that can go wrong."""
    aside, folder, post = tmp_path_factory.mktemp("aside"), tmp_path_factory.mktemp("run"), Post()
    catalogue = write_catalogue(aside / "catalogue")
    token_key = Fernet.generate_key().decode()
    with mail_server(post, aside / "mail") as ca_file:
        env = {
            "TOPMAST_LOG_LEVEL": "DEBUG", "TOPMAST_LOG_FORMAT": "json", "TOPMAST_LEASE": "3",
            "TOPMAST_SMTP_HOST": "127.0.0.1", "TOPMAST_SMTP_PORT": str(post.port), "TOPMAST_SMTP_USER": "topmast",
            "TOPMAST_SMTP_PASSWORD": PASSWORD, "SSL_CERT_FILE": str(ca_file), "TOPMAST_TOKEN_KEYS": token_key,
        }  # fmt: skip
        with installed(folder, catalogue, env) as here:
            first = here.up.endpoint["api_key"]
            secrets = {
                "MAST token": ALICE, "token without scope": CAROL, "token that is nobody's": NOBODYS,
                "user's key": here.key, "first user's key": first, "wrong key": WRONG_KEY,
                "SMTP password": PASSWORD, "token key": token_key,
            }  # fmt: skip
            request_id, bundle = _use(here, post)
            secrets["link"] = _doors(here, bundle)
            _break(here, bundle)
            _save(here)
            yield Run(here, post, folder, secrets, request_id, bundle)


def _use(here: Installation, post: Post) -> tuple[str, str]:
    """Tokens are refused and stored; searches and a bundle use one, with a MAST that fails and workers that die."""
    for refused in (NOBODYS, CAROL):
        assert here.ask("PUT", "/v1/me/mast-token", {"token": refused})[0] == 422
    here.sandbox("POST", "faults", {"rules": [
        {"uri": "mast:jwstedb/*", "fault": "status", "status": 500, "first": 2},
        {"uri": "*_i2d.fits", "fault": "late", "seconds": 3, "first": 1},
    ]})  # fmt: skip
    assert here.ask("PUT", "/v1/me/mast-token", {"token": ALICE})[0] == 204
    criteria = {"mnemonic": "IMIR_HK_ICE_SEC_VOLT1", "time": "2022-07-01"}
    _, search, _ = here.ask("POST", "/v1/searches", {"collection": "engineering", "criteria": criteria})
    body = {"from": {"uris": [TELEMETRY, f"mast:JWST/product/{I2D}"]}, "notify": [{"email": "bob@example.org"}]}
    _, bundle, headers = here.ask("POST", "/v1/bundles", body)
    here.up.kill("worker-query")
    here.until(bundle["id"], lambda job: job["step"] == "transfer" or job["phase"] == "COMPLETED")
    here.up.kill("worker-transfer")
    done = here.until(bundle["id"], lambda job: job["phase"] == "COMPLETED")
    assert done["outcome"] == "complete", done
    found = here.until(search["id"], lambda job: job["phase"] in {"COMPLETED", "ERROR"})
    assert found["phase"] == "COMPLETED", found
    _, plain, _ = here.ask("POST", "/v1/bundles", {**body, "from": {"uris": [f"mast:JWST/product/{I2D}"]}})
    here.until(plain["id"], lambda job: job["phase"] == "COMPLETED")
    here.patiently(lambda: bool(post.arrived))
    return str(headers["X-Request-Id"]), str(bundle["id"])


def _doors(here: Installation, bundle: str) -> str:
    """Keys are typed rightly, wrongly and where they do not belong; a link is made, opened and spoilt."""
    for key in (WRONG_KEY, here.key[:-1] + "~"):
        assert here.ask("GET", "/v1/jobs", key=key)[0] == 401
    assert here.ask("GET", f"/v1/jobs?api_key={WRONG_KEY}")[0] == 422
    assert here.ask("GET", f"/v1/jobs/{WRONG_KEY}")[0] == 404
    assert here.ask("DELETE", f"/v1/jobs/{WRONG_KEY}")[0] == 404
    ftps = here.up.endpoint["ftps"]
    for user, key in (("bob", here.key), ("bob", WRONG_KEY), (WRONG_KEY, "bob")):
        context = ssl.create_default_context(cafile=ftps["ca_file"])
        context.check_hostname = False
        with ftplib.FTP_TLS(context=context, timeout=30) as client:
            client.connect("127.0.0.1", ftps["port"])
            with suppress(ftplib.error_perm):
                client.login(user, key)
                client.prot_p()
                assert bundle in client.nlst()
    (path,) = (f["path"] for f in _listed(here, bundle) if f["path"].endswith("i2d.fits"))
    _, link, _ = here.ask("POST", f"/v1/bundles/{bundle}/links", {"path": path})
    opening = link["url"].split("/d/")[1].split("/")[0]
    for address in (link["url"], link["url"].replace("i2d", "i3d"), f"{link['url']}?{'x' * 9000}"):
        with suppress(urllib.error.URLError):
            urllib.request.urlopen(address, timeout=30).close()
    return str(opening[26:])


def _listed(here: Installation, bundle: str) -> list[dict[str, Any]]:
    status, found, _ = here.ask("GET", f"/v1/bundles/{bundle}/manifest")
    assert status == 200, found
    return list(found["items"])


def _break(here: Installation, bundle: str) -> None:
    """The token dies while it is needed, and a request fails with a traceback."""
    here.sandbox("POST", "tokens", {"revoke": ALICE})
    criteria = {"mnemonic": "SA_ZATTEST1", "time": "2022-07-02"}
    _, held, _ = here.ask("POST", "/v1/searches", {"collection": "engineering", "criteria": criteria})
    here.until(held["id"], lambda job: job["phase"] in {"HELD", "ERROR"})
    for table in (here.up.data / "tables").glob(f"{bundle}.*manifest.sqlite"):
        table.unlink()
        with closing(sqlite3.connect(table)) as base:
            base.execute("CREATE TABLE other (x)")
    status, _, _ = here.ask("GET", f"/v1/bundles/{bundle}/manifest")
    assert status == 500


def _save(here: Installation) -> None:
    """Redis' memory into a file, as it is: what is compressed cannot be searched."""
    with redis.Redis.from_url(read_lock(here.up.data / "lock")["redis_url"]) as client:
        client.config_set("rdbcompression", "no")
        client.save()


def test_it_was_a_full_run(run: Run) -> None:
    """The secrets were used, the libraries talked, what failed was logged: else nothing found would mean nothing."""
    logs = {path.name: path.read_text() for path in (run.data / "logs").glob("*.log")}
    assert run.post.passwords[0] == PASSWORD
    assert "535 not …" in json.loads(f'"{_of(logs["worker-upkeep.log"], "535 not ")}"')
    assert run.post.arrived, "a mail was sent with the password"
    assert run.here.sandbox("GET", "requests")["files"][TELEMETRY]["injected"], "MAST answered 500"
    assert '"level": "debug"' in logs["worker-query.log"]
    assert "urllib3" in logs["worker-transfer.log"]
    assert "OperationalError" in logs["api.log"], "a traceback was logged"
    assert (run.data / "redis" / "dump.rdb").stat().st_size > 1000
    assert b"mast-token" in (run.data / "redis" / "appendonly.aof").read_bytes()
    told = _command(run.data, ["audit", "--json"]).decode()
    actions = {json.loads(line)["action"] for line in told.splitlines()}
    assert actions >= {"storeMastToken", "submitBundle", "makeLink", "keys create", "ftps_sign_in", "ftps_refused"}


def _of(log: str, text: str) -> str:
    return log[log.index(text) :].partition('"')[0]


def test_nothing_is_found(run: Run) -> None:
    assert run.leaks() == []


@pytest.mark.parametrize("where", ["tables/left.sqlite", "logs/api.log", "cache/parts/x", "../home/.cache/x"])
def test_a_planted_leak_is_found(run: Run, where: str) -> None:
    """In a file, in base64 within other text."""
    path = run.data / where
    before = path.read_bytes() if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((before or b"") + b"x" + base64.b64encode(f"user:{ALICE}:".encode()))
    try:
        found = run.leaks()
        assert {(leak.secret, Path(leak.place).resolve()) for leak in found} == {("MAST token", path.resolve())}
        assert all(leak.spelling.startswith("base64") for leak in found)
    finally:
        path.write_bytes(before) if before is not None else path.unlink()


# pytest puts the names of tests into the environment, which the service inherits: they must not have the secret in them
@pytest.mark.parametrize(
    "spelled", [PASSWORD, json.dumps(PASSWORD), PASSWORD.encode().hex()], ids=["as it is", "JSON", "hex"]
)
def test_a_leak_into_redis_is_found(run: Run, spelled: str) -> None:
    with redis.Redis.from_url(read_lock(run.data / "lock")["redis_url"]) as client:
        client.set("leaked", spelled)
        client.save()
        try:
            assert {Path(leak.place).name for leak in run.leaks()} == {"dump.rdb", "appendonly.aof"}
        finally:
            client.delete("leaked")
            client.save()
            _rewrite(client)


def _rewrite(client: redis.Redis) -> None:
    """An append-only file does not forget by itself."""
    client.bgrewriteaof()
    while client.info("persistence")["aof_rewrite_in_progress"]:
        pass


def test_a_leak_into_the_process_list_is_found(run: Run) -> None:
    """Of a process that belongs to the service's group, as whatever a worker starts does."""
    quiet, group = [sys.executable, "-c", "import sys; sys.stdin.read()"], run.here.up.pids["guard"]
    with subprocess.Popen([*quiet, f"--token={ALICE}"], stdin=subprocess.PIPE, process_group=group) as child:
        try:
            assert {leak.place for leak in run.leaks()} == {"cmdline of a stranger"}
        finally:
            assert child.stdin is not None
            child.stdin.close()


def test_every_line_is_json_and_tells_what_it_belongs_to(run: Run) -> None:
    """From the request's id, which its sender was told, to the job and the tasks of every worker that touched it."""
    found: list[dict[str, Any]] = []
    for path in (run.data / "logs").glob("*.log"):
        if path.name.startswith(("api", "worker", "ftps", "beat")):
            found += [json.loads(line) for line in path.read_text().splitlines()]
    assert all({"time", "process", "level", "event"} <= line.keys() for line in found)
    ours = [line for line in found if line.get("request_id") == run.request_id]
    assert {line["process"] for line in ours} >= {"api", "worker-query", "worker-transfer"}
    assert {line["user"] for line in ours} == {"bob"}
    begun = [line for line in ours if line["process"] != "api"]
    assert {line["job"] for line in begun} == {run.bundle}
    assert {line["task"] for line in begun} >= {"resolve", "transfer", "publish"}
    assert os.environ.get("TOPMAST_SMTP_PASSWORD") is None
