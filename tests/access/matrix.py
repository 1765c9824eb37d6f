"""The access matrix: who asks, for which file, through which door, and what they must be told.

The expectation is written here a second time, by hand and short, so that the service cannot agree with itself. The
doors come from openapi.yaml: an operation that sends files and is not tried makes `test_matrix` fail.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient

from tests.access.people import Group, uri
from tests.workflows.conftest import observation, product
from topmast_service.domain.job import Job
from topmast_service.domain.token import Token

KINDS = ("public", "released", "exclusive", "released, still refused", "unknown", "restricted")
"""What a file is by now. All but the public one were delivered with Alice's token."""

PROGRAMS = {kind: f"432{number}" for number, kind in enumerate(KINDS, 1)}
NAMES = {kind: f"jw0{program}-o001_t001_miri_f770w_i2d.fits" for kind, program in PROGRAMS.items()}

OPEN_NOW = frozenset({"public", "released"})
FOR_NOBODY = frozenset({"restricted"})

OWNER_MAY = "may look at the bundle"
STRANGER, NO_KEY = "does not see it", "has no key that opens"

WHO: dict[str, tuple[str, bool]] = {
    "anonymous": (NO_KEY, False),
    "wrong key": (NO_KEY, False),
    "revoked key": (NO_KEY, False),
    "another user": (STRANGER, False),
    "operator": (STRANGER, False),
    "owner without token": (OWNER_MAY, False),
    "owner with refused token": (OWNER_MAY, False),
    "owner with a token lacking scope": (OWNER_MAY, False),
    "owner with accepted token": (OWNER_MAY, True),
    "portal for the owner": (OWNER_MAY, True),
    "shared with, not granted": (OWNER_MAY, False),
    "shared with, granted": (OWNER_MAY, True),
}
"""Who asks: what they see of the bundle, and whether MAST gives their token the programs' exclusive files."""


def catalogue() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One observation with one file for each kind: exclusive at first, but the public one."""
    closed = {"dataRights": "EXCLUSIVE_ACCESS", "t_obs_release": 7e4}
    observations, products = [], []
    for number, kind in enumerate(KINDS, 1):
        more = {} if kind == "public" else closed
        name, program = NAMES[kind], PROGRAMS[kind]
        observations.append(observation(number, name.removesuffix("_i2d.fits"), proposal_id=program, **more))
        products.append(product(number, name, **({"dataRights": more["dataRights"]} if more else {})))
    return observations, products


def expected(who: str, kind: str) -> int:
    """The status that a door with a key answers."""
    sees, granted = WHO[who]
    if sees == NO_KEY:
        return 401
    if sees == STRANGER:
        return 404
    return 200 if kind in OPEN_NOW or (granted and kind not in FOR_NOBODY) else 403


def by_link(kind: str) -> int:
    """The status that a signed link answers to everybody."""
    return 200 if kind in OPEN_NOW else 403


@dataclass
class Matrix:
    """The bundle, and how each of `WHO` comes to it."""

    group: Group
    bundle: Job

    def as_(self, who: str) -> FlaskClient:
        """A client of this one, whose token at MAST is as said."""
        group = self.group
        if who == "owner without token":
            group.api.mast_tokens.forget("alice")
        elif who == "owner with refused token":
            group.store_token("alice")
            group.sandbox.post("tokens", revoke=group.tokens["alice"])
        elif who == "owner with a token lacking scope":
            weak = group.sandbox.post("tokens", user="alice", scopes=["mast:user:info"])["token"]
            group.api.stores.tokens.put("alice", Token(weak), "alice", [])  # MAST took the scope away since
        elif who in {"owner with accepted token", "portal for the owner"}:
            group.store_token("alice")
        client = group.client(_KEY_OF.get(who))
        if who == "wrong key":
            client.environ_base["HTTP_AUTHORIZATION"] = "Bearer tm_00000000_nobodys"
        elif who == "revoked key":
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {group.revoked_key('alice')}"
        elif who == "portal for the owner":
            client.environ_base["HTTP_X_ON_BEHALF_OF"] = "alice"
        return client

    def path(self, kind: str) -> str:
        """Where the file of this kind lies."""
        return str(self.group.rows(self.bundle)[NAMES[kind]]["path"])

    def link(self, **body: str) -> str:
        """The address of a signed link that Alice made."""
        made = self.as_("owner with accepted token").post(f"/v1/bundles/{self.bundle.id}/links", json=body)
        return urlsplit(made.json["url"]).path


_KEY_OF = {
    "another user": "bob", "operator": "oscar", "owner without token": "alice", "owner with refused token": "alice",
    "owner with a token lacking scope": "alice", "owner with accepted token": "alice", "portal for the owner": "porter",
    "shared with, not granted": "erin", "shared with, granted": "dave",
}  # fmt: skip


def make(group: Group) -> Matrix:
    """Deliver a file of each kind to Alice while it is exclusive, then let time pass at MAST."""
    everything = list(PROGRAMS.values())
    for user in ("alice", "dave"):
        group.sandbox.post("tokens", grant={"user": user, "programs": everything})
    group.store_token("alice")
    group.store_token("dave")
    done = group.bundle_of("alice", *NAMES.values())
    assert {row["status"] for row in group.rows(done).values()} == {"OK"}
    for name in ("dave", "erin"):
        group.api.sharing.share(group.job(done.id), name)
    _time_passes(group)
    return Matrix(group, group.job(done.id))


def _time_passes(group: Group) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    group.sandbox.post("rights", program=PROGRAMS["released"], rights="PUBLIC")
    group.sandbox.post("rights", program=PROGRAMS["released, still refused"], release=yesterday)
    group.sandbox.set(released_still_401=[PROGRAMS["released, still refused"]])
    group.sandbox.post("rights", program=PROGRAMS["unknown"], rights=None)
    group.sandbox.post("rights", program=PROGRAMS["restricted"], rights="RESTRICTED")
    group.release([uri(NAMES[kind]) for kind in KINDS])
    for user in ("alice", "dave", "erin"):
        group.api.rights.proofs.void(user)


Send = Callable[[Matrix, FlaskClient, str], int]
"""Asks a door for the file of a kind; the status, where a file that is not in an archive counts as 403."""


def file_by(method: str) -> Send:
    """GET or HEAD of the file."""

    def send(matrix: Matrix, client: FlaskClient, kind: str) -> int:
        return int(client.open(f"/v1/bundles/{matrix.bundle.id}/files/{matrix.path(kind)}", method=method).status_code)

    return send


def archive_by(kind_of_archive: str) -> Send:
    """GET of an archive."""

    def send(matrix: Matrix, client: FlaskClient, kind: str) -> int:
        answer = client.get(f"/v1/bundles/{matrix.bundle.id}/archive.{kind_of_archive}")
        return _in_archive(kind_of_archive, answer, kind)

    return send


def archive_length(kind_of_archive: str) -> Send:
    """HEAD of an archive: as long as the one that GET sends, and no longer."""

    def send(matrix: Matrix, client: FlaskClient, kind: str) -> int:
        address = f"/v1/bundles/{matrix.bundle.id}/archive.{kind_of_archive}"
        head, whole = client.head(address), client.get(address)
        assert head.status_code == whole.status_code
        assert head.headers.get("Content-Length") == whole.headers.get("Content-Length") or head.status_code >= 400
        return _in_archive(kind_of_archive, whole, kind)

    return send


def _in_archive(kind_of_archive: str, answer: Any, kind: str) -> int:
    if answer.status_code != 200:
        return int(answer.status_code)
    return 200 if NAMES[kind] in set(_names(kind_of_archive, answer.data)) else 403


def _names(kind: str, content: bytes) -> Iterator[str]:
    if kind == "zip":
        yield from (Path(name).name for name in zipfile.ZipFile(io.BytesIO(content)).namelist())
        return
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        yield from (Path(name).name for name in archive.getnames())


DOORS: dict[str, Send] = {
    "getFile": file_by("GET"),
    "headFile": file_by("HEAD"),
    "getArchiveZip": archive_by("zip"),
    "headArchiveZip": archive_length("zip"),
    "getArchiveTar": archive_by("tar"),
    "headArchiveTar": archive_length("tar"),
}
"""Operations that send files of a box to whoever has a key."""

LINK_DOORS = frozenset({"getByLink", "headByLink", "headLink"})
"""Operations that need none."""
