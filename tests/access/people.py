"""The users of one installation, and what they do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from tests.api.site import Client
from tests.servers import SandboxProcess
from tests.servers_redis import RedisProcess
from tests.workflows.conftest import Site, observation, product
from topmast_service import container
from topmast_service.api.app import create_app
from topmast_service.config import Settings
from topmast_service.domain.job import Job
from topmast_service.store.users import User

SECRET = "jw04321-o001_t001_miri_f770w_i2d.fits"
LATER = "jw04321-o002_t001_miri_f770w_i2d.fits"
OPEN = "jw01558-o001_t001_miri_f1000w_i2d.fits"
PROGRAM = "4321"

OBSERVATIONS = [
    observation(1, "jw01558-o001_t001_miri_f1000w"),
    observation(
        2, "jw04321-o001_t001_miri_f770w", dataRights="EXCLUSIVE_ACCESS", t_obs_release=7e4, proposal_id=PROGRAM
    ),
    observation(
        3, "jw04321-o002_t001_miri_f770w", dataRights="EXCLUSIVE_ACCESS", t_obs_release=7e4, proposal_id=PROGRAM
    ),
]
PRODUCTS = [
    product(1, OPEN),
    product(2, SECRET, dataRights="EXCLUSIVE_ACCESS"),
    product(3, LATER, dataRights="EXCLUSIVE_ACCESS"),
]  # fmt: skip


def uri(name: str) -> str:
    """Its dataURI."""
    return f"mast:JWST/product/{name}"


@dataclass
class Group(Site):
    """One installation and its users; `tokens` are those that MAST gave them."""

    tokens: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    apps: dict[int, Flask] = field(default_factory=dict)

    def user(self, name: str) -> User:
        """A user of this topmast."""
        return self.api.stores.users.get(name)

    def store_token(self, name: str) -> None:
        """A new token of theirs, stored here."""
        self.tokens[name] = str(self.sandbox.post("tokens", user=name)["token"])
        self.api.mast_tokens.put(name, self.tokens[name])

    def begun(self, name: str, *files: str, **more: Any) -> Job:
        """A bundle of `name`, planned; its files wait."""
        body = {"from": {"uris": [uri(file) for file in files]}, "notify": [], **more}
        new = self.api.submissions.bundle(self.user(name), body).job
        return self.resolve(new.id)

    def observations_of(self, name: str, *obs_ids: str, **more: Any) -> Job:
        """A bundle of whole observations, from start to end: MAST's list says which files are exclusive."""
        body = {"from": {"observations": list(obs_ids)}, "notify": [], **more}
        return self.ended(self.resolve(self.api.submissions.bundle(self.user(name), body).job.id))

    def bundle_of(self, name: str, *files: str, **more: Any) -> Job:
        """A bundle of `name`, as far as it comes."""
        return self.ended(self.begun(name, *files, **more))

    def ended(self, job: Job) -> Job:
        """The rest of a bundle's way, unless it waits for something."""
        self.transfer()
        ready = self.job(job.id)
        return self.publish(job.id) if ready.step == "publish" and not ready.final else ready

    def again(self, job_id: str) -> Job:
        """A retry that has been begun, to its end."""
        query = container.for_query(self.settings)
        query.bundles.again(job_id, query.releases.read_dates)
        return self.ended(self.job(job_id))

    def retry(self, name: str, job_id: str) -> Job:
        """Its user's retry."""
        self.api.control.retry(self.user(name), job_id, everything=False)
        return self.again(job_id)

    def told(self, job: Job) -> dict[str, tuple[str, str]]:
        """Status and reason of every file in the manifest."""
        return {name: (row["status"], row["reason"]) for name, row in self.rows(job).items()}

    def asked(self, file: str) -> dict[str, dict[str, int]]:
        """Who asked MAST for a file, and what they were told."""
        return dict(self.sandbox.requests()["files"].get(uri(file), {}).get("by", {}))

    def client(self, name: str | None) -> FlaskClient:
        """With a key of `name`, or with none."""
        if id(self.api) not in self.apps:  # half a second each
            self.apps[id(self.api)] = create_app(self.api)
        app = self.apps[id(self.api)]
        app.test_client_class = Client
        client = app.test_client()
        if name:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.key(name)}"
        return client

    def key(self, name: str) -> str:
        """A key of theirs, always the same one."""
        if name not in self.keys:
            self.keys[name] = self.api.stores.keys.new(name).secret
        return self.keys[name]

    def revoked_key(self, name: str) -> str:
        """One that opened yesterday."""
        if f"revoked {name}" not in self.keys:
            made = self.api.stores.keys.new(name)
            self.api.stores.keys.revoke(name, made.facts.id)
            self.keys[f"revoked {name}"] = made.secret
        return self.keys[f"revoked {name}"]

    def release(self, uris: list[str]) -> None:
        """What the query worker does for delivered files when their day has come."""
        for one in uris:
            if self.api.rights.open_grants().opens(one, None):
                self.api.rights.release(one)

    def get(self, name: str | None, address: str) -> tuple[int, str | bytes]:
        """Status, and the bytes or the problem's code."""
        answer = self.client(name).get(address)
        return answer.status_code, answer.json["code"] if answer.mimetype == "application/problem+json" else answer.data


def grant(sandbox: SandboxProcess, **programs: list[str]) -> None:
    """What MAST has granted to whom; Alice and Dave are on it unless said otherwise."""
    for user, granted in ({"alice": [PROGRAM], "dave": [PROGRAM], "bob": []} | programs).items():
        sandbox.post("tokens", grant={"user": user, "programs": granted})


_MEMBERS = ("alice", "bob", "dave", "erin")


@contextmanager
def open_group(data: Path, redis: RedisProcess, sandbox: SandboxProcess) -> Iterator[Group]:
    """Members, a portal and an operator; nobody has stored a token."""
    settings = Settings(
        data=data, redis_url=redis.url, mast_url=sandbox.url, resolver_url=sandbox.url, crds_url=sandbox.url, lease=30,
        open_jobs_per_user=0, requests_per_minute=0, wrong_keys=0,
        copy_roots=str(data / "shared"),
    )  # fmt: skip
    sandbox.post("requests/reset")
    woken: list[Job] = []
    api = container.for_api(settings, wake=woken.append)
    api.stores.redis.flushall()
    for name in _MEMBERS:
        api.stores.users.add(name)
    api.stores.users.add("porter", role="portal")
    api.stores.users.add("oscar", role="operator")
    yield Group(settings, sandbox, api, api.stores.users.get("alice"), woken)
    api.stores.close()
