"""A topmast without workers: records, tables and trees are written here as workers write them."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis
from flask import Flask
from flask.testing import FlaskClient

from topmast_service.api.app import create_app
from topmast_service.config import Settings
from topmast_service.container import Api, for_api
from topmast_service.domain import access
from topmast_service.domain import job as moves
from topmast_service.domain.columns import OBSERVATION, Column
from topmast_service.domain.job import Job
from topmast_service.domain.manifest import BoxFacts, ManifestRow
from topmast_service.domain.product import COLUMNS as PRODUCT
from topmast_service.domain.token import EXCLUSIVE_ACCESS, Token
from topmast_service.staging.manifest_files import write_manifest
from topmast_service.store import tables
from topmast_service.workflows.control import manifest_table, products_table, rows_table
from topmast_service.workflows.sky import Wanted

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
LEASE = timedelta(seconds=30)
COLUMNS = [column for column in OBSERVATION.values() if column.name != "distance"]
OBSERVATION_FOLDER = "JWST/jw01558-o001_t001_miri_f1000w"
I2D = f"{OBSERVATION_FOLDER}/jw01558-o001_t001_miri_f1000w_i2d.fits"
ASN = f"{OBSERVATION_FOLDER}/jw01558-o001_20240101t000000_image3_00001_asn.json"
FILES = {I2D: bytes(range(256)) * 40, ASN: b'{"asn_type": "image3"}\n'}

ROWS: list[dict[str, Any]] = [
    {"obs_id": "jw01558-o001_t001_miri_f1000w", "calib_level": 3, "dataRights": "PUBLIC", "t_min": 59_764.5},
    {
        "obs_id": "jw01558-o001_t001_miri_f560w",
        "calib_level": 3,
        "dataRights": "EXCLUSIVE_ACCESS",
        "t_obs_release": 9e4,
    },
    {"obs_id": "jw01558001001_xx101_00001_miri", "calib_level": -1, "dataRights": "PUBLIC", "mtFlag": False},
    {"obs_id": "Hst_1", "calib_level": 2, "dataRights": "RESTRICTED", "mtFlag": True, "target_name": None},
    {"obs_id": "hst_2", "calib_level": 2, "dataRights": None, "t_min": None, "target_name": "M 57"},
]
MANIFEST_COLUMNS = [Column(f.name, {"int | None": "int"}.get(str(f.type), "string")) for f in fields(ManifestRow)]


class Client(FlaskClient):
    """Ends each answer, as a server does; Flask's own leaves a streamed file open."""

    def open(self, *args: Any, **more: Any) -> Any:
        """Ask, read everything, and close."""
        return super().open(*args, **{"buffered": True, **more})


@dataclass
class Site:
    """One installation: its API, its users' keys, and who was woken."""

    api: Api
    keys: dict[str, str]
    woken: list[Job] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return self.api.stores.settings

    def app(self) -> Flask:
        return create_app(self.api)

    def client(self, user: str | None = "ann") -> FlaskClient:
        """A client with the key of `user`, or with none."""
        app = self.app()
        app.test_client_class = Client
        client = app.test_client()
        if user is not None:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.keys[user]}"
        return client

    def search(
        self, phase: str = moves.COMPLETED, *, owner: str = "ann", rows: list[dict[str, Any]] = ROWS, **more: Any
    ) -> Job:
        """A search in this phase, with its rows if it has any."""
        job = self._job("search", owner, {"target": "m57 r=1m"}, **more)
        result = {
            "count": len(rows),
            "columns": [{k: v for k, v in asdict(c).items() if k != "many"} for c in COLUMNS],
            "notes": ["a note"],
            "resolved": {"target": "m57 r=1m", "ra": 283.4, "dec": 33.0, "radius": 1 / 60, "resolver": "SIMBAD"},
            "api": "Mast.Caom.Filtered.Position",
            "as_of": NOW.isoformat(),
            "truncated": False,
        }
        if phase in {moves.COMPLETED, moves.ARCHIVED}:
            tables.write(rows_table(self.settings.tables.absolute(), job.id), COLUMNS, rows)
            return self._moved(job, phase, result=result, progress={"rows": len(rows)})
        return self._moved(job, phase)

    def bundle(
        self, phase: str = moves.COMPLETED, *, owner: str = "ann", files: dict[str, bytes] = FILES, **more: Any
    ) -> Job:
        """A bundle in this phase, with box and manifest if it has them."""
        job = self._job("bundle", owner, {"from": {"uris": ["mast:JWST/product/a.fits"]}}, **more)
        if phase not in {moves.COMPLETED, moves.ARCHIVED}:
            return self._moved(job, phase)
        rows = [manifest_row(path, content) for path, content in files.items()]
        table = manifest_table(self.settings.tables.absolute(), job.id, 1)
        tables.write(table, MANIFEST_COLUMNS, map(asdict, rows))
        listed = [{**asdict(row), "parent_obsid": "1", "proposal_id": "1558", "obs_collection": "JWST"} for row in rows]
        tables.write(products_table(self.settings.tables.absolute(), job.id), [*PRODUCT.values()], listed)
        if phase == moves.COMPLETED:
            self._write_box(job, files, rows)
        counts = {"listed": 5, "duplicates": 1, "unique": 4, "selected": 2, "excluded": {"type": 2}, "ok": 2}
        size = sum(map(len, files.values()))
        result = {"counts": counts, "bytes": {"total": size, "fetched": size, "cached": 0}}
        return self._moved(job, phase, result=result, revision=1)

    def keep_to_program(self, bundle: Job, path: str, *members: str) -> None:
        """Make a delivered file exclusive; MAST has just accepted tokens of `members` for it."""
        where = manifest_table(self.settings.tables.absolute(), bundle.id, bundle.revision or 0)
        with sqlite3.connect(where) as table:
            table.execute("UPDATE rows SET access = 'exclusive' WHERE path = ?", [path])
            (uri,) = table.execute("SELECT dataURI FROM rows WHERE path = ?", [path]).fetchone()
        tokens, proofs = self.api.stores.tokens, self.api.rights.proofs
        for user in members:
            tokens.put(user, Token(f"{user}'s"), user, [EXCLUSIVE_ACCESS])
            proofs.accepted(user, access.granted_with(uri), tokens.get(user), uri)

    def basket(self, *uris: str, owner: str = "ann") -> str:
        """A basket with these files in it; its id."""
        made, _ = self.api.baskets.create(owner, secrets.token_hex(4))
        rows = [{"dataURI": uri} for uri in uris or ("mast:JWST/product/a_i2d.fits", "mast:GALEX/b.fits")]
        self.api.baskets.add(owner, made.id, "s_0", rows, named=True)
        return made.id

    def change(self, job_id: str, **changes: Any) -> Job:
        """Give a record other values, and a later version."""
        return self.api.stores.jobs.change(job_id, lambda j: replace(j, version=j.version + 1, **changes))

    def _job(self, kind: str, owner: str, request: dict[str, Any], **more: Any) -> Job:
        created = more.pop("created", datetime.now(UTC))
        job_id = more.pop("job_id", f"{kind[0]}_{secrets.token_hex(8)}")
        job = Job(job_id, kind, owner, request, created, created + timedelta(days=7), **more)
        self.api.stores.jobs.add(job)
        return self.api.stores.jobs.change(job_id, lambda j: moves.queue(j, kind))

    def _moved(self, job: Job, phase: str, **changes: Any) -> Job:
        return self.api.stores.jobs.change(job.id, lambda j: _through(j, phase, changes))

    def _write_box(self, job: Job, files: dict[str, bytes], rows: list[ManifestRow]) -> None:
        folder = self.api.stores.trees.path(job.owner, job.id, 1)
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        folder.mkdir(parents=True, exist_ok=True)
        facts = BoxFacts(
            job.id, 1, job.owner, "", "2026-07-01T12:00:00Z", "2026-07-08T12:00:00Z", job.request, {}, "1.0"
        )
        write_manifest(folder, facts, rows)


@contextmanager
def emptied(data: Path, redis_url: str, **limits: Any) -> Iterator[Site]:
    """A site on a Redis that nobody else has anything in; closed afterwards."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    opened = open_site(data, redis_url, **limits)
    yield opened
    opened.api.stores.close()


def open_site(data: Path, redis_url: str, **limits: Any) -> Site:
    """An installation in `data` with the users ann and bob; without limits per user unless some are given."""
    woken: list[Job] = []
    data.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        data=data, redis_url=redis_url, api_threads=8, ftps_public_host="ftps.example.org", max_retention_days=3650,
        copy_roots=str(data / "shared"), baskets_per_user=1000,
        open_jobs_per_user=0, requests_per_minute=0, wrong_keys=0,
    )  # fmt: skip
    settings = replace(settings, **limits)
    api = for_api(settings, wake=woken.append, draw=lambda i, where, stale: api.skies.draw(Wanted(i, where, stale)))
    for name in ("ann", "bob"):
        api.stores.users.add(name, email=f"{name}@example.org")
    return Site(api, {name: api.stores.keys.new(name).secret for name in ("ann", "bob")}, woken)


def ended_at_once(api: Api, job: Job) -> Job:
    """What a worker leaves that finds MAST gone, and takes no time for it."""
    return api.stores.jobs.change(job.id, lambda j: _through(j, moves.ERROR, {}))


def _through(job: Job, phase: str, changes: dict[str, Any]) -> Job:
    """Along legal moves from QUEUED to `phase`."""
    if phase == moves.QUEUED:
        return job
    running = moves.claim(job, NOW, LEASE)
    if phase == moves.EXECUTING:
        return running
    if phase == moves.ERROR:
        error = {"code": "upstream_down", "title": "MAST does not answer", "detail": "It did not.", "hint": "Wait."}
        return moves.fail(running, NOW, error)
    if phase == moves.ABORTED:
        return moves.abort(running, NOW)
    finished = moves.finish(running, running.attempt, NOW, "complete", **changes)
    return moves.archive(finished) if phase == moves.ARCHIVED else finished


def manifest_row(path: str, content: bytes) -> ManifestRow:
    """The row of a delivered file, as earlier releases wrote it: without its CRC-32."""
    name = path.rpartition("/")[2]
    return ManifestRow(
        f"mast:JWST/product/{name}", path, name, path.split("/")[-2:][0], "a file", "SCIENCE", "I2D", 3, "public", "OK",
        "ok", len(content), hashlib.sha256(content).hexdigest(), "fetched",
    )  # fmt: skip
