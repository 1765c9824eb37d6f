"""`topmast-service`: every process of the service, and the few commands of who runs it.

Commands import what they need when they run, so that `--help` and health checks are quick.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from topmast_service.commands.audit import audit
from topmast_service.commands.housekeeping import purge, quotas, usage
from topmast_service.commands.operating import adopt, backup, columns, doctor, restore
from topmast_service.commands.people import keys, users
from topmast_service.commands.tokens import tokens

if TYPE_CHECKING:
    from topmast_service.config import Settings

DATA = click.Path(file_okay=False, path_type=Path)
PEM = click.Path(exists=True, dir_okay=False, path_type=Path)
GRACEFUL_SECONDS = 3
"""How long requests may go on after SIGTERM; a long poll is simply asked again by its client."""
MEMORY = "/dev/shm"  # noqa: S108 - gunicorn's heartbeat file has no name there, and on a disk it can block


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="topmast-service")
def cli() -> None:
    """Find JWST observations, stage their products once for a whole group, and be told."""


@cli.command()
@click.option("--data", type=DATA, default="topmast-data", help="where everything is kept; made if need be")
@click.option("--host", default="127.0.0.1", help="address to listen on")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, help="port of the API; 0 takes a free one")
@click.option("--behind-proxy", is_flag=True, help="a TLS proxy stands in front (needs TOPMAST_PUBLIC_URL)")
@click.option("--tls-cert", type=PEM, help="certificate chain of the API's port, to serve https by itself")
@click.option("--tls-key", type=PEM, help="its private key")
@click.option("--user", default="astronomer", help="the first user, whose key is made and kept")
@click.option("--sandbox", is_flag=True, help="ask a MAST on this machine instead of the real one")
@click.option("--catalog", type=click.Path(exists=True, file_okay=False, path_type=Path), help="the sandbox's tables")
@click.option("--scale", type=click.FloatRange(min=0, min_open=True), default=1.0, help="the sandbox's file sizes")
@click.option("--seed", type=int, default=1, help="another seed makes other bytes in the sandbox")
def up(**options: Any) -> None:
    """Run everything on this machine, with nothing to install; Ctrl-C stops it."""
    if options["catalog"] and not options["sandbox"]:
        raise click.UsageError("--catalog is the sandbox's: say --sandbox too.")
    from topmast_service.embedded.up import Wishes, run

    run(Wishes(**options), _settings(), click.echo)


@cli.command()
@click.option("--fd", type=int, help="serve on this inherited, listening socket")
@click.option("--processes", type=click.IntRange(1), default=1, help="processes; each has TOPMAST_API_THREADS threads")
def api(fd: int | None, processes: int) -> None:
    """Serve the HTTP API (gunicorn)."""
    settings = _settings()
    host = f"[{settings.api_host}]" if ":" in settings.api_host else settings.api_host
    options: dict[str, Any] = {
        "bind": f"{host}:{settings.api_port}" if fd is None else f"fd://{fd}",
        "workers": processes,
        "threads": settings.api_threads,
        "config": "python:topmast_service.api.gunicorn_settings",  # its worker's threads, and limits on clients
        "graceful-timeout": GRACEFUL_SECONDS,
        "keep-alive": 15,
    }
    if settings.api_certificate and settings.api_private_key:
        options |= {"certfile": settings.api_certificate, "keyfile": settings.api_private_key}
    if os.path.isdir(MEMORY):
        options["worker-tmp-dir"] = MEMORY
    words = [f"--{name}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", *words, "topmast_service.api.wsgi:create()"]
    os.execv(sys.executable, command)  # noqa: S606 - becomes gunicorn, so that signals reach it


@cli.command()
@click.option("--queue", type=click.Choice(["query", "transfer", "upkeep"]), required=True)
def worker(queue: str) -> None:
    """Work on one queue: ask MAST, move bytes, or look after everything."""
    from topmast_service.worker.run import run

    run(queue, _settings())


@cli.command()
def beat() -> None:
    """Wake upkeep at regular times."""
    from topmast_service.worker.run import beat as run

    run(_settings())


@cli.command()
def ftps() -> None:
    """Serve bundles over FTPS."""
    from topmast_service.ftps.run import run

    run(_settings())


@cli.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def sandbox(options: tuple[str, ...]) -> None:
    """Run a MAST on this machine (`sandbox --help` tells its options)."""
    os.execv(sys.executable, [sys.executable, "-m", "topmast_sandbox", *options])  # noqa: S606 - a program of its own


@cli.command()
@click.argument("role", type=click.Choice(["api", "ftps", "worker", "beat"]))
def health(role: str) -> None:
    """Exit 0 if this role, set up as the environment says, is well; for health checks."""
    from topmast_service.embedded.health import healthy

    if not healthy(role, _settings()):
        raise click.ClickException(f"{role} does not answer")


@cli.command()
@click.option("--into", type=DATA, required=True, help="folder of ca.pem, server.pem and server.key")
@click.option("--host", "hosts", multiple=True, help="name or address users reach FTPS by; several may be given")
def certificate(into: Path, hosts: tuple[str, ...]) -> None:
    """Make a certificate for FTPS, unless a good one is there; users verify it with ca.pem."""
    from topmast_service.embedded.certificate import make_certificate

    click.echo(make_certificate(into, hosts).ca_file)


for command in (adopt, audit, doctor, backup, restore, columns, users, keys, tokens, usage, quotas, purge):
    cli.add_command(command)


@cli.command()
@click.option("--write", "write_to", type=click.Path(dir_okay=False, path_type=Path), help="write the contract there")
@click.option("--check", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="exit 1 if it differs")
def openapi(write_to: Path | None, check: Path | None) -> None:
    """The HTTP contract as the code says it."""
    from topmast_service.api.app import unconnected
    from topmast_service.api.contract import as_yaml

    text = as_yaml(unconnected())
    if write_to:
        write_to.write_text(text)
    if check and (difference := _difference(check, text)):
        click.echo(difference)
        raise click.ClickException(f"{check} is not what the code says; `make openapi` writes it anew")
    if not write_to and not check:
        click.echo(text, nl=False)


def _difference(committed: Path, text: str) -> str:
    from difflib import unified_diff

    old, new = committed.read_text().splitlines(), text.splitlines()
    return "\n".join(unified_diff(old, new, str(committed), "the code", lineterm=""))


def _settings() -> Settings:
    from topmast_service.config import from_environment

    return from_environment()


def main() -> None:
    """Run a command; what a person can mend is told in one line with one thing to try, and exit status 2."""
    from environs import EnvError

    from topmast_service.embedded.reasons import CannotRun
    from topmast_service.errors import TopmastError

    try:
        cli()
    except (CannotRun, TopmastError) as error:
        _leave(error.detail, error.hint)
    except EnvError as error:
        _leave(str(error), "Every setting is in topmast_service/config.py, with its help.")


def _leave(detail: str, hint: str) -> None:
    click.echo(f"topmast-service: {detail}\n  try: {hint}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
