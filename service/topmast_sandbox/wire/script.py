"""The download script ``bundle.sh`` and the manifest that bundles carry.

The script is the sandbox's own; what it shares with MAST's is what users see: bash and curl, the
folder ``MAST_<time>``, continuing an interrupted download, MANIFEST.HTML, the token from the first
argument, ``$MAST_API_ASK`` or a prompt.
"""

from collections.abc import Iterable, Sequence
from html import escape
from shlex import quote
from urllib.parse import quote as url_quote

from topmast_sandbox.wire.chosen import Chosen

_COLUMNS = ("URI", "File", "Access", "Status", "Logged In User")

_START = """#!/usr/bin/env bash
# Made by topmast's sandbox. Needs bash 4 and curl.
FOLDER={folder}
CONTINUE=()
if [[ -d $FOLDER ]]; then
  read -r -p "$FOLDER exists. [C]ontinue it, or start a [N]ew folder? " ANSWER
  if [[ $ANSWER == [Cc]* ]]; then CONTINUE=(-C -); else FOLDER="${{FOLDER}}_$(date +%s)"; fi
fi
mkdir -p "$FOLDER"
MANIFEST="$FOLDER/MANIFEST.HTML"
AUTH=()
{token}printf '%s\\n' {head} > "$MANIFEST"
fetch() {{
  local status=OK
  curl --globoff --location-trusted -f --progress-bar --create-dirs "${{CONTINUE[@]}}" "${{AUTH[@]}}" \\
    --output "$FOLDER/$2" "$3" || status=ERROR
  printf '<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>\\n' \\
    "$1" "$2" "$4" "$status" {user} >> "$MANIFEST"
}}
"""

_ASK = """TOKEN="${1:-$MAST_API_TOKEN}"
if [[ -z $TOKEN ]]; then read -r -s -p "MAST API token: " TOKEN; echo; fi
AUTH=(-H "Authorization: token $TOKEN")
"""

_END = """printf '</table></body></html>\\n' >> "$MANIFEST"
"""


def script(files: Sequence[Chosen], name: str, base: str, user: str) -> str:
    """Return the script that fetches `files`; `base` is the archive's URL, `name` the folder."""
    token = _ASK if any(file.exclusive for file in files) else ""
    head = quote(_manifest_head(name))
    start = _START.format(folder=quote(name), token=token, head=head, user=quote(user))
    return start + "".join(_line(file, name, base) for file in files) + _END


def _line(file: Chosen, name: str, base: str) -> str:
    address = f"{base}/api/v0.1/Download/file?bundle_name={name}.sh&uri={url_quote(file.uri, safe=':/')}"
    return " ".join(["fetch", *map(quote, (file.uri, file.path, address, _access(file)))]) + "\n"


def manifest(files: Iterable[Chosen], name: str, user: str) -> bytes:
    """Return MANIFEST.HTML: every requested file with its access and status."""
    lines = [_manifest_head(name)]
    for file in files:
        cells = (file.uri, file.path, _access(file), file.status, user)
        lines.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return "\n".join([*lines, "</table></body></html>\n"]).encode()


def _manifest_head(name: str) -> str:
    names = "".join(f"<th>{column}</th>" for column in _COLUMNS)
    return f"<html><head><title>{name}</title></head><body><table><tr>{names}</tr>"


def _access(file: Chosen) -> str:
    return "EXCLUSIVE_ACCESS" if file.exclusive else "PUBLIC"
