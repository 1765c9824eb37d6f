"""Files that nginx sends in our place: our answer says where they are, and what they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote

from topmast_service.config import Settings


@dataclass(frozen=True)
class Accel:
    """The internal location of nginx that has the staged files (docs/nginx.conf).

    Attributes
    ----------
    prefix
        Its address, such as ``/_stage``; empty where there is none.
    stage
        The folder that it shows.
    """

    prefix: str
    stage: Path

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As one installation has it."""
        return cls(settings.accel_prefix.rstrip("/"), settings.stage)

    def address(self, path: Path) -> str | None:
        """Where nginx has a file, for ``X-Accel-Redirect`` (percent-encoded); None if it has not."""
        if not self.prefix or not path.is_relative_to(self.stage):
            return None
        return f"{self.prefix}/{quote(path.relative_to(self.stage).as_posix())}"
