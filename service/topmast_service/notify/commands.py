"""The command lines that a message prints: run as they stand by the tests, against the real servers.

They are for bash. No line puts the API key where other users of the machine could read it (``ps`` shows arguments):
it goes through the environment, a pipe or a process substitution.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime

_BEARER = """-H @<(printf 'Authorization: Bearer %s' "$TOPMAST_API_KEY")"""


@dataclass(frozen=True)
class Endpoints:
    """Where users reach this topmast, and who its messages come from.

    `ftps_host` is None where there is no FTPS; `ftps_ca_file` is None where the certificate is a public one.
    """

    url: str
    ftps_host: str | None
    ftps_port: int | None
    ftps_ca_file: str | None
    from_address: str

    @property
    def ftps_place(self) -> str:
        """``host:port``, an IPv6 address in brackets."""
        host = f"[{self.ftps_host}]" if ":" in (self.ftps_host or "") else self.ftps_host
        return f"{host}:{self.ftps_port}"


def look(endpoints: Endpoints, job_id: str) -> str:
    """Show a job's record."""
    return f"curl -fsS {_BEARER} {_quoted(endpoints.url, '/v1/jobs/', job_id)}"


def abort(endpoints: Endpoints, job_id: str) -> str:
    """Stop a job."""
    return f"curl -fsS -X POST {_BEARER} {_quoted(endpoints.url, '/v1/jobs/', job_id, '/abort')}"


def extend(endpoints: Endpoints, job_id: str, days: int) -> str:
    """Keep a bundle's files for so many days more, with topmast's own client."""
    return f"TOPMAST_URL={_quoted(endpoints.url)} topmast extend {shlex.quote(job_id)} {days}"


def keep_until(endpoints: Endpoints, job_id: str, end: datetime) -> str:
    """Keep a bundle's files until then, with curl."""
    body = shlex.quote(json.dumps({"destruction": f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}))
    kind = "-H 'Content-Type: application/json'"
    return f"curl -fsS -X PATCH {_BEARER} {kind} -d {body} {_quoted(endpoints.url, '/v1/jobs/', job_id)}"


def store_token(endpoints: Endpoints) -> str:
    """Store a MAST token, which is asked for, and is no argument of any program."""
    return (
        'read -rsp \'MAST token: \' TOKEN && printf \'{"token": "%s"}\' "$TOKEN" |\n'
        f"  curl -fsS -X PUT {_BEARER} -H 'Content-Type: application/json' -d @- \\\n"
        f"  {_quoted(endpoints.url, '/v1/me/mast-token')}"
    )


def sdk(endpoints: Endpoints, job_id: str) -> str:
    """Fetch a box with topmast's own client: parallel, resumed, verified."""
    return f"TOPMAST_URL={_quoted(endpoints.url)} topmast download {shlex.quote(job_id)}"


def lftp(endpoints: Endpoints, user: str, job_id: str) -> str:
    """Fetch a box over FTPS with lftp, four files at a time, going on where it stopped."""
    authority = f"set ssl:ca-file {_double(endpoints.ftps_ca_file)}; " if endpoints.ftps_ca_file else ""
    orders = (
        f"set cmd:fail-exit true; {authority}set ftp:ssl-force true; set ftp:ssl-protect-data true; "
        f"mirror --continue --parallel=4 /{job_id} {job_id}"
    )
    place = shlex.quote(f"ftp://{user}@{endpoints.ftps_place}")
    return (
        f'LFTP_PASSWORD="$TOPMAST_API_KEY" lftp --env-password \\\n  -e {shlex.quote(orders + "; quit")} \\\n  {place}'
    )


def wget(endpoints: Endpoints, user: str, job_id: str) -> str:
    """Fetch a box over FTPS with wget (1.20 or later: ``ftps://`` means AUTH TLS there), going on where it stopped."""
    authority = f" --ca-certificate={shlex.quote(endpoints.ftps_ca_file)}" if endpoints.ftps_ca_file else ""
    place = shlex.quote(f"ftps://{user}:%s@{endpoints.ftps_place}/{job_id}/\\n")
    return (
        f'printf {place} "$TOPMAST_API_KEY" |\n'
        f"  wget --no-verbose --continue --recursive --level=inf --no-host-directories{authority} --input-file=-"
    )


def curl_ftps(endpoints: Endpoints, user: str, job_id: str) -> str:
    """Fetch a box over FTPS with curl, which cannot list directories: the checksums name the files."""
    authority = f" --cacert {shlex.quote(endpoints.ftps_ca_file)}" if endpoints.ftps_ca_file else ""
    name_and_key = shlex.quote(f'user = "{user}:%s"\\n')
    fetch = f'curl -fsS -g --ssl-reqd{authority} --create-dirs -K <(printf {name_and_key} "$TOPMAST_API_KEY")'
    return _by_checksums(fetch, f"ftp://{endpoints.ftps_place}/{job_id}", job_id)


def curl_http(endpoints: Endpoints, job_id: str) -> str:
    """Fetch a box over HTTP with curl."""
    return _by_checksums(
        f"curl -fsS -g --create-dirs {_BEARER}", f"{endpoints.url.rstrip('/')}/v1/bundles/{job_id}/files", job_id
    )


def _by_checksums(fetch: str, place: str, folder: str) -> str:
    heads = " ".join(
        f"{shlex.quote(f'{place}/{name}')} -o {shlex.quote(f'{folder}/{name}')}"
        for name in ("sha256sums.txt", "MANIFEST.HTML")
    )
    program = (
        "{ p = substr($0, 67)\n"
        f'  print "url = " q {_double(place + "/")} p q\n'
        f'  print "output = " q {_double(folder + "/")} p q }}'
    )
    return (
        f"{fetch} \\\n  {heads} &&\n"
        f"awk -v q='\"' {shlex.quote(program)} {shlex.quote(f'{folder}/sha256sums.txt')} |\n"
        f"  {fetch} -K -"
    )


def _quoted(url: str, *rest: str) -> str:
    return shlex.quote("".join((url.rstrip("/"), *rest)))


def _double(text: str | None) -> str:
    """`text` in double quotes, as lftp and awk read them."""
    escaped = (text or "").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
