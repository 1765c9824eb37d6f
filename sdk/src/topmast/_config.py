"""Where the address and the key come from; the SDK's only reader of the environment and of its files."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ._errors import ConfigError, UsageError

WHERE = (
    "Give url= and api_key=, or set TOPMAST_URL and TOPMAST_API_KEY, or write both into "
    "~/.config/topmast/config.toml, or use Client.from_endpoint('.../endpoint.json')."
)


USER = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class Settings:
    """Where a service is and the key that opens it; the key is never shown."""

    url: str
    api_key: str = field(repr=False)


def config_path() -> Path:
    """``$XDG_CONFIG_HOME/topmast/config.toml``, by default below ``~/.config`` (XDG Base Directory 0.8)."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    # The specification says that a relative path there is to be ignored.
    root = Path(base) if os.path.isabs(base) else Path.home() / ".config"
    return root / "topmast" / "config.toml"


def settings(url: str | None = None, api_key: str | None = None) -> Settings:
    """Argument before environment before file.

    The key in the file is used only for the address in the file: a key belongs to one service, and another
    address must not be sent it.

    Raises
    ------
    ConfigError
        Neither place names a URL, or none a key for it, or the file cannot be read.
    """
    url = url or os.environ.get("TOPMAST_URL") or None
    api_key = api_key or os.environ.get("TOPMAST_API_KEY") or None
    stored = {} if url and api_key else _read_toml(config_path())
    found = checked_url(url or _text(stored, "url", config_path()))
    key = api_key or _key_for(found, stored)
    if not key:
        raise ConfigError(f"no API key for {found}", hint=WHERE)
    return Settings(found, checked_key(key))


def endpoint_settings(path: str | os.PathLike[str]) -> Settings:
    """What ``topmast-service up`` wrote into its ``endpoint.json``.

    Raises
    ------
    ConfigError
        The file is not there, not readable, or lacks ``url`` or ``api_key``.
    """
    file = Path(path)
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {file}: {error}", hint="Is `topmast-service up` running?") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{file} is not a JSON object", hint="Use the endpoint.json that `up` writes.")
    url, key = _text(document, "url", file), _text(document, "api_key", file)
    if not key:
        raise ConfigError(f"{file} has no api_key", hint="Use the endpoint.json that `up` writes.")
    return Settings(checked_url(url), checked_key(key))


def checked_url(url: str | None) -> str:
    """An absolute http(s) address without user, query or fragment."""
    if not url:
        raise ConfigError("no address of a topmast service", hint=WHERE)
    try:
        parts = urlsplit(url)
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        parts, wrong = urlsplit(""), True
    if wrong or "@" in parts.netloc or parts.query or parts.fragment:
        # The text itself is not repeated: with user:password@ in it, it is a secret.
        raise ConfigError("the url is not a plain http(s) address", hint="Write it like http://127.0.0.1:8080.")
    return url.rstrip("/")


def checked_key(key: str) -> str:
    """A key that fits a header: a line break pasted along would otherwise end up in an error message."""
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigError("the API key has characters that no key has", hint="Paste it again, without spaces.")
    return key


def checked_user(name: str) -> str:
    """A user's name that fits a header."""
    if not isinstance(name, str) or not USER.fullmatch(name):
        raise UsageError(f"{name!r} is not a user's name", hint="a-z, 0-9, _ and -, beginning with a letter.")
    return name


def mast_token() -> str:
    """What ``MAST_API_TOKEN`` holds, the variable that astroquery reads too; empty without."""
    return os.environ.get("MAST_API_TOKEN", "")


def _key_for(url: str, stored: dict[str, Any]) -> str | None:
    key = _text(stored, "api_key", config_path())
    own = _text(stored, "url", config_path())
    if key and own and own.rstrip("/") != url:
        raise ConfigError(
            f"no API key for {url}: the one in {config_path()} is for {checked_url(own)}",
            hint="Set TOPMAST_API_KEY or give api_key=.",
        )
    return key


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {path}: {error}", hint="Two lines: url = '…' and api_key = '…'.") from error


def _text(document: dict[str, Any], name: str, source: Path) -> str | None:
    value = document.get(name)
    if value is None or isinstance(value, str):
        return value
    raise ConfigError(f"{name} in {source} is not text", hint="Put it in quotes.")
