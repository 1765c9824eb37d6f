"""`topmast-service up`: the whole service on one machine, from an empty folder to a running API and back."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from topmast_service.config import Settings, as_environment
from topmast_service.container import open_stores
from topmast_service.embedded.address import check_tls, free_port, in_url, is_loopback, listen, reachable
from topmast_service.embedded.certificate import make_certificate
from topmast_service.embedded.endpoint import Endpoint, Ftps
from topmast_service.embedded.first_user import first_user_key
from topmast_service.embedded.folder import Folder, Lock, claim
from topmast_service.embedded.ready import ftp_greets, http_ok, redis_answers
from topmast_service.embedded.reasons import CannotRun
from topmast_service.embedded.redis_server import RedisServer, find_redis, place_socket, record_version
from topmast_service.embedded.supervisor import StopAsked, Supervisor
from topmast_service.notify import hooks
from topmast_service.store.users import USER_NAME

WORKERS = ("worker-query", "worker-transfer", "worker-upkeep")
STAGES = (("api", "ftps"), ("beat",), WORKERS, ("sandbox",), ("redis",))
"""The order of stopping: no new work, no new wake-up calls, no work, then what all of them need."""

SECRETS = {
    "TOPMAST_SMTP_PASSWORD": ("worker-upkeep",),
    "TOPMAST_TOKEN_KEYS": ("api", "worker-"),
}
"""Settings that only these processes get: whoever sends mails, and whoever keeps or uses MAST tokens."""

QUEUES = ("query", "transfer", "upkeep")


@dataclass(frozen=True)
class Wishes:
    """What the command line asks for."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    behind_proxy: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    user: str = "astronomer"
    sandbox: bool = False
    catalog: Path | None = None
    scale: float = 1.0
    seed: int = 1


@dataclass(frozen=True)
class Plan:
    """Everything that is settled before the first process starts."""

    wishes: Wishes
    folder: Folder
    settings: Settings
    redis: RedisServer
    socket: Path
    api_fd: int
    sandbox_url: str | None


def run(wishes: Wishes, given: Settings, say: Callable[[str], None]) -> None:
    """Run everything until SIGTERM or Ctrl-C. `say` gets what a person should read.

    Raises
    ------
    CannotRun
        It does not start, or a process keeps dying; nothing is left running.
    Invalid
        A setting names a hook that cannot be run.
    """
    _check_user(wishes)
    _check_host(wishes, given)
    hooks.check(hooks.named(given.hooks))
    folder = Folder(wishes.data.absolute())
    folder.make()
    with claim(folder) as lock, _planned(wishes, given, folder, lock) as plan:
        try:
            with _supervised(plan, lock, say) as supervisor:
                _start(plan, supervisor)
                endpoint = _endpoint(plan)
                endpoint.write(folder.endpoint)
                say(endpoint.greeting(folder.endpoint))
                supervisor.watch()
        except StopAsked:
            say("topmast has stopped; the data stay in " + str(folder.root))


def _check_user(wishes: Wishes) -> None:
    if not USER_NAME.fullmatch(wishes.user):
        raise CannotRun(f"{wishes.user!r} is no user name.", hint="Use a-z, 0-9, _ and -, beginning with a letter.")


def _check_host(wishes: Wishes, given: Settings) -> None:
    tls = check_tls(wishes.tls_cert, wishes.tls_key)
    if is_loopback(wishes.host):
        return
    if not (tls or wishes.behind_proxy):
        raise CannotRun(
            f"--host {wishes.host} would send API keys over the network without TLS.",
            hint="Give --tls-cert and --tls-key, or put a TLS proxy in front and say --behind-proxy.",
        )
    if given.public_url == Settings.public_url and (wishes.behind_proxy or reachable(wishes.host) != wishes.host):
        raise CannotRun(
            "topmast cannot know by which address users reach it.",
            hint="Set TOPMAST_PUBLIC_URL to the https address that they use: the proxy's, or this machine's name.",
        )


@contextmanager
def _planned(wishes: Wishes, given: Settings, folder: Folder, lock: Lock) -> Iterator[Plan]:
    """Ports, socket, certificate and settings; the listening socket is open, so that no other process gets it."""
    folder.endpoint.unlink(missing_ok=True)
    redis = find_redis(folder.redis)
    with closing(listen(wishes.host, wishes.port)) as listener, _socket_for(folder) as socket:
        sandbox_url = f"http://127.0.0.1:{free_port('127.0.0.1')}" if wishes.sandbox else None
        settings = _settings(wishes, given, folder, listener.getsockname()[1])
        settings = replace(settings, redis_url=f"unix://{socket}?db=0")
        settings = replace(settings, ftps_port=_ftps_port(settings, given, lock))
        if sandbox_url:
            settings = settings.with_sandbox(sandbox_url)
        lock.tell(url=settings.public_url, redis_url=settings.redis_url, ftps_port=settings.ftps_port)
        try:
            yield Plan(wishes, folder, settings, redis, socket, listener.fileno(), sandbox_url)
        finally:
            folder.endpoint.unlink(missing_ok=True)


@contextmanager
def _socket_for(folder: Folder) -> Iterator[Path]:
    socket, temporary = place_socket(folder.redis)
    try:
        yield socket
    finally:
        if temporary:
            shutil.rmtree(socket.parent, ignore_errors=True)


def _settings(wishes: Wishes, given: Settings, folder: Folder, port: int) -> Settings:
    own = f"{'https' if wishes.tls_cert else 'http'}://{in_url(wishes.host)}:{port}"
    url = own if is_loopback(wishes.host) or given.public_url == Settings.public_url else given.public_url
    public_host = given.ftps_public_host or urlsplit(url).hostname or wishes.host
    settings = replace(
        given,
        data=folder.root,
        public_url=url,
        trusted_proxies=max(given.trusted_proxies, int(wishes.behind_proxy)),
        api_host=wishes.host,
        api_port=port,
        api_certificate=wishes.tls_cert and wishes.tls_cert.absolute(),
        api_private_key=wishes.tls_key and wishes.tls_key.absolute(),
        # FTPS has TLS of its own, so it may listen beyond loopback where the API must not.
        ftps_host=wishes.host if given.ftps_host == Settings.ftps_host else given.ftps_host,
        ftps_public_host=public_host,
    )
    if given.certificate and given.private_key:
        return settings
    made = make_certificate(folder.secrets / "tls", [public_host])
    return replace(settings, certificate=made.certificate, private_key=made.private_key, ftps_ca_file=str(made.ca_file))


def _ftps_port(settings: Settings, given: Settings, lock: Lock) -> int:
    """The port that was set, since a router forwards it; else the one of the last time, if it is free."""
    if given.ftps_port != Settings.ftps_port:
        return given.ftps_port
    return free_port(settings.ftps_host, int(lock.before.get("ftps_port", 0)))


def _supervised(plan: Plan, lock: Lock, say: Callable[[str], None]) -> Supervisor:
    environment = {**os.environ, **as_environment(plan.settings)}  # noqa: TID251 - handed on to children, not read
    stages = [(*names, *_more_transfers(plan)) if names == WORKERS else names for names in STAGES]
    return Supervisor(plan.folder.logs, environment, say, stages, keep_open=(lock.descriptor,), told=SECRETS)


def _more_transfers(plan: Plan) -> list[str]:
    """Names of the transfer workers beside the first."""
    return [f"worker-transfer-{number}" for number in range(2, plan.settings.transfer_processes + 1)]


def _start(plan: Plan, supervisor: Supervisor) -> None:
    host = reachable(plan.wishes.host)
    record_version(plan.folder.redis, plan.redis)
    supervisor.add("redis", plan.redis.command(plan.folder.redis, plan.socket), stop_within=20)
    supervisor.wait_for("redis", lambda: redis_answers(str(plan.socket)), 120)
    if plan.sandbox_url:
        supervisor.add("sandbox", _sandbox_command(plan), stop_within=5)
    supervisor.add("api", _own("api", "--fd", str(plan.api_fd)), stop_within=8, needs_fds=(plan.api_fd,))
    supervisor.add("ftps", _own("ftps"), stop_within=5)
    for queue in QUEUES:
        supervisor.add(f"worker-{queue}", _own("worker", "--queue", queue), stop_within=12)
    for name in _more_transfers(plan):
        supervisor.add(name, _own("worker", "--queue", "transfer"), stop_within=12)
    supervisor.add("beat", _own("beat"), stop_within=5)
    if plan.sandbox_url:
        supervisor.wait_for("sandbox", _sandbox_ready_file(plan).exists, 120)
    tls = plan.wishes.tls_cert is not None
    supervisor.wait_for("api", lambda: http_ok(host, plan.settings.api_port, "/readyz", tls=tls), 60)
    ftps = reachable(plan.settings.ftps_host)
    supervisor.wait_for("ftps", lambda: ftp_greets(ftps, plan.settings.ftps_port), 60)


def _own(*words: str) -> list[str]:
    return [sys.executable, "-m", "topmast_service.cli", *words]


def _sandbox_ready_file(plan: Plan) -> Path:
    return plan.folder.logs / "sandbox.url"


def _sandbox_command(plan: Plan) -> list[str]:
    _sandbox_ready_file(plan).unlink(missing_ok=True)
    wishes = plan.wishes
    command = [sys.executable, "-m", "topmast_sandbox", "--port", str(urlsplit(plan.sandbox_url or "").port)]
    command += ["--scale", str(wishes.scale), "--seed", str(wishes.seed)]
    command += ["--ready-file", str(_sandbox_ready_file(plan)), "--die-with-parent"]
    return [*command, "--catalog", str(wishes.catalog.absolute())] if wishes.catalog else command


def _endpoint(plan: Plan) -> Endpoint:
    settings, folder = plan.settings, plan.folder
    with closing(open_stores(settings)) as stores:
        key = first_user_key(stores.users, stores.keys, plan.wishes.user, folder.secrets / "api_key")
    ftps = Ftps(settings.ftps_public_host, settings.ftps_port, plan.wishes.user, settings.ftps_ca_file)
    return Endpoint(settings.public_url, key, ftps, str(settings.mail), plan.sandbox_url)
