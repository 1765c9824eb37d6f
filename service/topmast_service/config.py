"""Every setting, once, with its help. The only reader of the environment: ``TOPMAST_<NAME>``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from environs import Env

LOOPBACK = "127.0.0.0/8,::1"
"""This machine, as `outgoing_allow` names it."""


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Settings:
    """What one installation can be told. Sizes in bytes, times in seconds unless the name says otherwise."""

    data: Path = _setting(Path("topmast-data"), "folder of cache, stage, tables and mail; shared by all processes")
    redis_url: str = _setting("redis://127.0.0.1:6379/0", "the system of record: Redis with AOF and noeviction")
    public_url: str = _setting("http://127.0.0.1:8080", "how users reach the API; printed in mails")

    mast_url: str = _setting("https://mast.stsci.edu", "MAST's portal, search and download services")
    resolver_url: str = _setting("http://mastresolver.stsci.edu", "MAST's name resolver")
    datacite_url: str = _setting("https://api.datacite.org", "DataCite's public API: what DOIs stand for")
    crds_url: str = _setting("https://jwst-crds.stsci.edu", "CRDS: reference files and the mappings to them")
    outgoing_allow: str = _setting(
        "", "hosts and networks, split by commas, that DataCite, CRDS and webhooks may be at besides public ones"
    )
    mast_timeout: float = _setting(120.0, "longest wait for one answer of MAST's query services")
    mast_connections: int = _setting(8, "connections to MAST's download service, for the whole installation")
    transfer_processes: int = _setting(2, "processes of `up` that share these connections: one uses only one core")
    mast_batch: int = _setting(5, "observations per product list; MAST times out on large ones")
    mast_listings: int = _setting(4, "product lists asked for at once, by one worker")
    patience: float = _setting(24 * 3600.0, "how long a job waits for a MAST that is down before it ends in ERROR")
    max_age: float = _setting(24 * 3600.0, "how long a cached file counts as fresh without asking MAST again")

    proof_minutes: float = _setting(10, "how long MAST's yes to a user's token counts for a program's exclusive files")

    cache_high_bytes: int = _setting(0, "above so many bytes the cache gives up what was not used for longest; 0: 80 %")
    cache_low_bytes: int = _setting(0, "until it is below so many; 0: seven eighths of the upper mark")
    keep_free_bytes: int = _setting(-1, "free bytes to keep on the disk, transfers wait; -1: a fiftieth, at most 1 GB")

    lease: float = _setting(30.0, "a worker that is silent for so long has lost its work to another")
    retention_days: int = _setting(7, "how long a bundle stays staged unless its request says otherwise")
    max_retention_days: int = _setting(60, "longest retention a request may ask for")
    baskets_per_user: int = _setting(100, "baskets that one user may have")
    basket_items: int = _setting(500_000, "files that one basket may hold")
    open_jobs_per_user: int = _setting(100, "jobs of one user that have not ended; 0: any")
    staged_bytes_per_user: int = _setting(0, "bytes that one user's bundles may hold; 0: any")
    requests_per_minute: int = _setting(600, "requests of one user, or of one address without a key; 0: any")
    wrong_keys: int = _setting(10, "different wrong keys within ten minutes that lock an address out; 0: none do")
    upkeep_every: float = _setting(2.0, "pause between two rounds of upkeep")

    api_host: str = _setting("127.0.0.1", "address the API listens on")
    api_port: int = _setting(8080, "port the API listens on")
    api_certificate: Path | None = _setting(None, "certificate chain of the API's port (PEM); empty: no TLS of its own")
    api_private_key: Path | None = _setting(None, "private key of the API's port (PEM)")
    api_threads: int = _setting(16, "threads per API process; a quarter of them may long-poll")

    trusted_proxies: int = _setting(0, "proxies in front whose X-Forwarded-For is believed; `--behind-proxy` means 1")
    cors_origins: str = _setting(
        "", "sites whose programs may ask from a browser, split by commas: https://portal.example.org; empty: none"
    )

    archive_max_bytes: int = _setting(0, "largest zip or tar that is made of a bundle, in bytes; 0: any")
    accel_prefix: str = _setting(
        "", "location of nginx that sends staged files, see docs/nginx.conf; empty: we send them"
    )

    ftps_host: str = _setting("127.0.0.1", "address the FTPS server listens on")
    ftps_port: int = _setting(8021, "port of the FTPS control connection")
    ftps_public_host: str = _setting("", "name users reach FTPS by; empty: no FTPS is told of")
    ftps_passive_ports: str = _setting("", "range like 60000-60100 for data connections; empty: any port")
    ftps_masquerade: str = _setting("", "address told to clients behind NAT; empty: the real one")
    certificate: Path | None = _setting(None, "certificate chain of the FTPS server (PEM)")
    private_key: Path | None = _setting(None, "private key of the FTPS server (PEM)")
    ftps_ca_file: str = _setting("", "file users verify a self-made certificate with; empty: a public CA")

    token_keys: str = _setting("", "keys of the stored MAST tokens, split by commas; empty: data/secrets/token.key")

    smtp_host: str = _setting("", "mail server; empty: mails go into the Maildir data/mail")
    smtp_port: int = _setting(587, "port of the mail server")
    smtp_starttls: bool = _setting(True, "refuse to speak to the mail server without TLS")
    smtp_user: str = _setting("", "login at the mail server; empty: none")
    smtp_password: str = _setting("", "its password")
    mail_from: str = _setting("topmast@localhost", "sender of mails")
    copy_roots: str = _setting(
        "", "folders below which users may have bundles copied, split by colons; empty: no copies"
    )
    hooks: str = _setting("", "commands that a bundle may have run at its end: name=/absolute/path, split by commas")

    log_format: str = _setting("text", "how every process writes its log: text for people, json for programs")
    log_level: str = _setting("INFO", "least level that is logged: DEBUG, INFO, WARNING or ERROR")

    def __repr__(self) -> str:
        """Without the passwords, since settings end up in logs."""
        return f"Settings(data={self.data}, public_url={self.public_url}, mast_url={self.mast_url})"

    def with_sandbox(self, url: str) -> Settings:
        """The same, with a sandbox in place of everything upstream: what is called may be on this machine, too."""
        allowed = ",".join(filter(None, [self.outgoing_allow, LOOPBACK]))
        return replace(self, mast_url=url, resolver_url=url, datacite_url=url, crds_url=url, outgoing_allow=allowed)

    @property
    def cache(self) -> Path:
        """Every file once."""
        return self.data / "cache"

    @property
    def stage(self) -> Path:
        """What users see."""
        return self.data / "stage"

    @property
    def tables(self) -> Path:
        """Search results, product tables and manifests."""
        return self.data / "tables"

    @property
    def baskets(self) -> Path:
        """What lies in each basket; written by several processes."""
        return self.data / "baskets"

    @property
    def mail(self) -> Path:
        """The Maildir."""
        return self.data / "mail"

    @property
    def audit(self) -> Path:
        """What has left Redis of the audit log, a file for each month."""
        return self.data / "audit"

    @property
    def token_key_file(self) -> Path:
        """The key of the stored MAST tokens, unless `token_keys` has some."""
        return self.data / "secrets" / "token.key"

    @property
    def link_key_file(self) -> Path:
        """The keys that sign links to boxes."""
        return self.data / "secrets" / "link.key"


def from_environment() -> Settings:
    """The settings of this process.

    Raises
    ------
    environs.EnvError
        A variable holds something that its setting cannot be; the message names the variable.
    """
    env = Env(prefix="TOPMAST_")
    given = {f.name: _read(env, f.name.upper(), f.default) for f in fields(Settings)}
    return Settings(**given)


def as_environment(settings: Settings) -> dict[str, str]:
    """The variables that give another process exactly these settings."""
    values: Mapping[str, Any] = {f.name: getattr(settings, f.name) for f in fields(Settings)}
    return {f"TOPMAST_{name.upper()}": str(value) for name, value in values.items() if value is not None}


def _read(env: Env, name: str, default: Any) -> Any:
    if default is None:
        return Path(text) if (text := env.str(name, "")) else None
    readers: dict[type, Any] = {bool: env.bool, int: env.int, float: env.float, str: env.str}
    reader = env.path if isinstance(default, Path) else readers[type(default)]
    return reader(name, default)
