"""The settings of an `up`, known to a command beside it: what it wrote down counts more than the environment."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from topmast_service.config import Settings
from topmast_service.embedded.folder import Folder, read_lock


def settings_of(data: Path | None, given: Settings) -> Settings:
    """The settings of the `up` on `data`, running or stopped; without `data`, those given."""
    if data is None:
        return given
    folder = Folder(data.absolute())
    settings = replace(given, data=folder.root, redis_url=read_lock(folder.lock).get("redis_url", given.redis_url))
    sandbox = _sandbox(folder)
    return settings.with_sandbox(sandbox) if sandbox else settings


def _sandbox(folder: Folder) -> str | None:
    try:
        url = json.loads(folder.endpoint.read_bytes()).get("sandbox_url")
    except (OSError, ValueError):
        return None
    return str(url) if url else None
