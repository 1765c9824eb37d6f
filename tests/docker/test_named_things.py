"""Every command, option, extra, path, port and variable that docker/ names exists."""

import json
import re
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from tests.docker.recipe import COMPOSE, ROOT, copied, instructions, variables
from topmast_sandbox.__main__ import _parser as sandbox_parser
from topmast_service.cli import cli
from topmast_service.config import Settings

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SETTINGS = {f"TOPMAST_{field.name.upper()}": field.default for field in fields(Settings)}
COMPOSED: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
OURS = {name: service for name, service in COMPOSED["services"].items() if name != "redis"}


def understands(words: list[str]) -> None:
    """Have the command line read `words` without running them; it raises what a user would see."""
    if words[0] == "sandbox":
        sandbox_parser().parse_args(words[1:])
        return
    context: click.Context = click.Context(cli, info_name="topmast-service")
    command: click.Command | None = cli
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(context, words)
        assert command
        with command.make_context(name, words, parent=context) as inner:
            context, words = inner, [] if not isinstance(command, click.Group) else words


def plain(value: str) -> str:
    """A composed value with its defaults filled in: ``${NAME:-default}``."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def test_what_is_copied_belongs_to_the_repository() -> None:
    assert copied()
    for source in copied():
        listed = subprocess.run(["git", "ls-files", str(source)], cwd=ROOT, capture_output=True, text=True, check=True)
        assert listed.stdout, f"{source} is copied into the image but not committed"
        ignored = (ROOT / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
        assert f"!{source.relative_to(ROOT)}" in [line.rstrip("/") for line in ignored]


def test_extras_and_entry_point_exist() -> None:
    extras = re.findall(r"--extra (\S+)", " ".join(i.text for i in instructions() if i.name == "RUN"))
    assert extras
    assert set(extras) <= set(PROJECT["optional-dependencies"])
    (entry,) = [json.loads(i.text) for i in instructions() if i.name == "ENTRYPOINT"]
    assert set(entry) <= set(PROJECT["scripts"])


def test_the_image_is_not_run_by_root() -> None:
    (user,) = [i.text for i in instructions() if i.name == "USER"]
    made = " ".join(i.text for i in instructions() if i.name == "RUN" and i.stage == 1)
    assert int(user) > 0
    assert f"--uid {user}" in made


def test_ports_are_those_of_the_settings() -> None:
    (exposed,) = [set(i.text.split()) for i in instructions() if i.name == "EXPOSE"]
    passive = plain(COMPOSED["x-environment"]["TOPMAST_FTPS_PASSIVE_PORTS"])
    assert exposed == {str(Settings.api_port), str(Settings.ftps_port), passive}
    published = {plain(port).rpartition(":")[2] for service in OURS.values() for port in service.get("ports", ())}
    assert published == exposed


@pytest.mark.parametrize("name", sorted(COMPOSED["x-environment"] | variables()))
def test_variables_are_settings(name: str) -> None:
    assert name in SETTINGS or name == "PATH"


def test_what_may_be_set_from_outside_is_a_setting_with_our_default() -> None:
    for name, default in re.findall(r"\$\{(\w+):-([^}]*)\}", COMPOSE.read_text()):
        assert name in SETTINGS
        if name.endswith("_URL") or name.startswith("TOPMAST_SMTP"):
            assert default == str(SETTINGS[name])


@pytest.mark.parametrize("name", sorted(OURS))
def test_roles_start_with_a_command_that_exists(name: str) -> None:
    understands([plain(word) for word in OURS[name]["command"]])


def test_the_image_starts_with_a_command_that_exists() -> None:
    (command,) = [json.loads(i.text) for i in instructions() if i.name == "CMD"]
    understands(command)


def test_health_checks_ask_a_question_that_exists() -> None:
    asked = [s["healthcheck"]["test"][1:] for s in OURS.values() if "test" in s.get("healthcheck", ())]
    (image,) = [i.text for i in instructions() if i.name == "HEALTHCHECK"]
    asked.append(json.loads(image[image.index("[") :]))
    assert {words[-1] for words in asked} == {"api", "ftps", "worker", "beat"}
    for words in asked:
        assert words[0] in PROJECT["scripts"]
        understands(words[1:])


def test_every_queue_has_its_worker() -> None:
    queues = [service["command"][-1] for service in OURS.values() if service["command"][0] == "worker"]
    assert sorted(queues) == ["query", "transfer", "upkeep"]


def test_volumes_and_conditions_name_what_is_there() -> None:
    for service in COMPOSED["services"].values():
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in COMPOSED["volumes"]
        assert set(service.get("depends_on", ())) <= set(COMPOSED["services"])
    build = OURS["api"]["build"]
    assert (COMPOSE.parent / build["context"] / build["dockerfile"]).exists()


def test_the_commands_in_the_comments_exist() -> None:
    told = re.findall(r"run --rm api (.*)", COMPOSE.read_text())
    assert told
    for line in told:
        understands(line.split())


def test_data_and_secrets_are_where_the_settings_look() -> None:
    assert variables()["TOPMAST_DATA"] == OURS["api"]["volumes"][0].split(":")[1]
    into = Path(OURS["certificate"]["command"][2])
    environment = COMPOSED["x-environment"]
    assert Path(environment["TOPMAST_CERTIFICATE"]).parent == into
    assert Path(environment["TOPMAST_PRIVATE_KEY"]).parent == into
