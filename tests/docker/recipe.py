"""The Dockerfile as data: its instructions, stage by stage."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
COMPOSE = ROOT / "docker" / "compose.yaml"


@dataclass(frozen=True)
class Instruction:
    """One instruction: ``RUN``, ``COPY``, … and the rest of its line, continuations joined."""

    stage: int
    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """As a shell reads it, without options such as ``--from=build``."""
        return [word for word in shlex.split(self.text) if not word.startswith("--")]


def instructions() -> list[Instruction]:
    """All of them, in order."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found: list[Instruction] = []
    stage = -1
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        name, _, text = line.partition(" ")
        stage += name == "FROM"
        found.append(Instruction(stage, name, text))
    return found


def copied() -> list[Path]:
    """The sources that the build stage copies out of the repository."""
    return [
        ROOT / word
        for instruction in instructions()
        if instruction.name == "COPY" and "--from=" not in instruction.text
        for word in instruction.words[:-1]
    ]


def variables() -> dict[str, str]:
    """What the image sets by ENV."""
    words = [word for instruction in instructions() if instruction.name == "ENV" for word in instruction.words]
    return dict(word.split("=", 1) for word in words)
