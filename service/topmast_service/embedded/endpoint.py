"""``endpoint.json``: how to reach a running service; and the same told to a person."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from topmast_service.embedded.folder import write_private


@dataclass(frozen=True)
class Ftps:
    """Where and as whom files are fetched over FTPS; the API key is the password."""

    host: str
    port: int
    user: str
    ca_file: str


@dataclass(frozen=True)
class Endpoint:
    """What `Client.from_endpoint` and scripts read. Holds the key, hence 0600."""

    url: str
    api_key: str
    ftps: Ftps
    mailbox: str
    sandbox_url: str | None

    def document(self) -> dict[str, Any]:
        """As it is written down."""
        return asdict(self)

    def write(self, path: Path) -> None:
        """Write it, whole or not at all: who sees the file may use the service."""
        write_private(path, json.dumps(self.document(), indent=2) + "\n")

    def greeting(self, path: Path) -> str:
        """What `up` prints once it is ready. The key itself stays out of terminals and their logs."""
        key_file = path.parent / "secrets" / "api_key"
        lines = (
            f"topmast is ready at {self.url}   (docs: {self.url}/docs)",
            f"  asks MAST    {self.sandbox_url or 'for real'}{' (the sandbox)' if self.sandbox_url else ''}",
            f"  FTPS         ftp://{self.ftps.host}:{self.ftps.port} with TLS (AUTH TLS), user {self.ftps.user}",
            f"  mails        {self.mailbox}",
            f"  all of it    {path}",
            "",
            "Python       import topmast",
            f"             client = topmast.Client.from_endpoint({str(path)!r})",
            f"shell        export TOPMAST_URL={self.url}",
            f'             export TOPMAST_API_KEY="$(cat {key_file})"',
            '             topmast search "m57 r=1m" --mission JWST',
            f'HTTP         curl -H "Authorization: Bearer $TOPMAST_API_KEY" {self.url}/v1/jobs',
            "",
            "To keep url and api_key for every shell, put them into ~/.config/topmast/config.toml.",
            "Ctrl-C stops everything; the data stay.",
        )
        return "\n".join(lines)
