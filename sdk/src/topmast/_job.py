"""A job as it was at one moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self
from urllib.parse import quote

from ._amending import UNCHANGED, Recipients, Unchanged, changes, end
from ._api_errors import NotFound
from ._errors import BadAnswer, UsageError
from ._held import activity, remedy
from ._html import card
from ._messages import Request
from ._progress import Progress, ProgressOption
from ._reading import members, moment, text, whole
from ._session import Session
from ._wait import wait_for

#: Phases after which nothing happens any more (IVOA UWS 1.1 §2.1.3). Any other, known or not, means: wait.
FINAL_PHASES = frozenset({"COMPLETED", "ERROR", "ABORTED", "ARCHIVED"})


@dataclass(frozen=True)
class Problem:
    """Why a job ended in ERROR."""

    code: str
    title: str = ""
    detail: str = ""
    hint: str = ""

    @classmethod
    def from_json(cls, document: Any) -> Problem | None:
        """From the `error` member of a job."""
        if not isinstance(document, Mapping):
            return None
        return cls(**{name: text(document.get(name)) for name in ("code", "title", "detail", "hint")})


@dataclass(frozen=True, repr=False)
class Job:
    """A snapshot: its properties never talk to the service, its verbs do and give a new snapshot.

    Attributes
    ----------
    id, kind, owner, label : str
    phase : str
        IVOA UWS 1.1 phase; one this version does not know counts as not done.
    phase_reason, outcome, step : str
        Why it is in that phase; ``complete``, ``partial`` or ``empty`` once it is done; what it does now.
    version : int or None
        Grows with each change.
    created, started, ended, destruction : datetime or None
        UTC; results are kept until `destruction`.
    progress : Progress
    error : Problem or None
    request, links, raw : dict
        What was asked, where its parts are, and the whole document with members this version does not know.
    """

    part: ClassVar[str] = ""
    route: ClassVar[str] = "jobs"

    id: str
    kind: str = ""
    owner: str = ""
    label: str = ""
    phase: str = ""
    phase_reason: str = ""
    outcome: str = ""
    step: str = ""
    version: int | None = None
    created: dt.datetime | None = None
    started: dt.datetime | None = None
    ended: dt.datetime | None = None
    destruction: dt.datetime | None = None
    progress: Progress = field(default_factory=Progress)
    error: Problem | None = None
    request: Mapping[str, Any] = field(default_factory=dict, compare=False)
    links: Mapping[str, Any] = field(default_factory=dict, compare=False)
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False)
    _session: Session | None = field(default=None, compare=False)

    @classmethod
    def from_json(cls, document: Mapping[str, Any], session: Session | None = None) -> Self:
        """Read a job document; unknown members stay in `raw`, missing ones get their defaults."""
        return cls(**cls._members(document), raw=document, _session=session)

    @classmethod
    def _received(cls, document: Mapping[str, Any], session: Session) -> Self:
        """Read a document that the service sent; what lacks an id or a phase is no job."""
        if not all(isinstance(document.get(name), str) and document[name] for name in ("id", "phase")):
            raise BadAnswer("the answer is not a job", url=session.url)
        return cls.from_json(document, session)

    @classmethod
    def _members(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        texts = ("id", "kind", "owner", "label", "phase", "phase_reason", "outcome", "step")
        times = ("created", "started", "ended", "destruction")
        known: dict[str, Any] = {name: text(document.get(name)) for name in texts}
        known |= {name: moment(document.get(name)) for name in times}
        known |= {name: members(document.get(name)) for name in ("request", "links")}
        doing = activity(known["phase"], known["step"], known["phase_reason"])
        known["progress"] = Progress.from_json(members(document.get("progress")), doing)
        known["error"] = Problem.from_json(document.get("error"))
        known["version"] = whole(document.get("version"))
        return known

    @property
    def done(self) -> bool:
        """Whether nothing will happen any more."""
        return self.phase in FINAL_PHASES

    @property
    def ok(self) -> bool:
        """Whether it completed, if only in part (see `outcome`)."""
        return self.phase == "COMPLETED"

    def refresh(self) -> Self:
        """How it is now."""
        return self._updated(self._talk().get(self._own_path()))

    def wait(
        self,
        *,
        timeout: float | dt.timedelta | None = None,
        progress: ProgressOption = None,
        raise_on_failure: bool = True,
    ) -> Self:
        """Wait until it is done; faults of the network on the way are lived with.

        Parameters
        ----------
        timeout
            Seconds in all, whatever the service does or does not do; None waits for ever.
        progress
            True for a bar, False for silence, or what to call with each `Progress`; by default a bar on a
            terminal.
        raise_on_failure
            False gives the snapshot of a job that failed, instead of raising.

        Raises
        ------
        JobFailed, JobAborted, JobArchived
            It ended otherwise than well; ``error.job`` is the last snapshot.
        JobHeld
            It waits for something that only its user can give, as a MAST token: the hint says what to type. It goes on
            by itself then, so that ``wait`` may be called again at once.
        WaitTimeout
            The time is over. The job goes on.
        """
        limit = self._talk().clock.deadline(seconds(timeout))
        return wait_for(self, self._talk(), limit, progress, raise_on_failure=raise_on_failure)

    def abort(self) -> Self:
        """Ask the service to stop it; its record stays. Nothing happens to one that is done."""
        return self._tell("abort")

    def hold(self) -> Self:
        """Pause it until `run`; what is under way goes back to where it waited."""
        return self._tell("hold")

    def run(self) -> Self:
        """Let a held job go on; one that is not held is left as it is."""
        return self._tell("run")

    def update(self, *, label: str | Unchanged | None = UNCHANGED, notify: Recipients | Unchanged = UNCHANGED) -> Self:
        """Change its label, or whom the service tells of its end; what is left out stays.

        Parameters
        ----------
        label
            A name of your own; None for none.
        notify
            As in `Bundles.submit`, instead of those before; only of a bundle that has not ended.

        Raises
        ------
        IllegalMove
            It has ended, and whoever was to be told is.
        """
        return self._amend(changes(label, notify))

    def extend(self, *, days: float | None = None, until: dt.datetime | None = None) -> Self:
        """Keep its results longer: `days` more than now planned, or `until` then.

        Raises
        ------
        Invalid
            That is longer than the service allows (its hint says how long it does), or past.
        IllegalMove
            They are gone already.
        """
        known = self if until is not None else self.refresh()
        return self._amend({"destruction": end(known.destruction, days, until)})

    def citation(self, form: str = "text") -> str:
        """How to cite what was found or delivered.

        Parameters
        ----------
        form
            ``"text"``, ``"bibtex"``, or ``"ids"``: the list that MAST's DOI portal takes.
        """
        request = Request("GET", f"{self._job_path()}/citation", (("format", form),), headers={"Accept": "*/*"})
        return self._talk().call(request).body.decode()

    def delete(self) -> None:
        """Stop it and remove its results; one that is gone already is no error."""
        # When the first answer was lost, the repeat finds nothing, which is what was asked for.
        with suppress(NotFound):
            self._talk().call(Request("DELETE", self._job_path()))

    def _amend(self, body: dict[str, Any]) -> Self:
        return self._updated(self._talk().call(Request("PATCH", self._job_path(), json=body)).json())

    def _tell(self, verb: str, query: str = "") -> Self:
        return self._updated(self._talk().call(Request("POST", f"{self._job_path()}/{verb}{query}")).json())

    def _talk(self) -> Session:
        if self._session is None:
            raise UsageError(f"{self.id} has no client", hint=f"Use client.jobs.get({self.id!r}).")
        return self._session

    def _job_path(self) -> str:
        return f"/v1/jobs/{path_part(self.id)}"

    def _own_path(self) -> str:
        return f"/v1/{self.route}/{path_part(self.id)}"

    def _updated(self, document: Mapping[str, Any]) -> Self:
        # /v1/jobs/{id} tells the life, not the search's or bundle's own part: keep the last one known.
        kept = {self.part: self.raw[self.part]} if self.part and self.raw.get(self.part) else {}
        return type(self)._received({**kept, **document}, self._talk())

    def __reduce__(self) -> tuple[Any, ...]:
        # Connections cannot be pickled; what comes back is the snapshot without its client.
        return (type(self).from_json, (dict(self.raw) or {"id": self.id},))

    def _facts(self) -> list[tuple[str, object]]:
        """What a card shows."""
        state = " · ".join(part for part in (self.phase, self.outcome, self.phase_reason, self.step) if part)
        rows: list[tuple[str, object]] = [("job", self.id), ("label", self.label), ("state", state)]
        wanted = remedy(self.phase, self.phase_reason)
        if self.error is not None:
            rows.append(("error", f"{self.error.code}: {self.error.detail} {wanted or self.error.hint}"))
        elif wanted:
            rows.append(("it waits for you", wanted))
        return rows

    def __repr__(self) -> str:
        # All fields would be a dozen lines; what one wants to see in a list of jobs is this.
        state = " ".join(part for part in (self.phase, self.outcome, self.phase_reason) if part)
        return f"<{type(self).__name__} {self.id} {state}{self._brief()}>"

    def _brief(self) -> str:
        return f" {self.label!r}" if self.label else ""

    def _repr_html_(self) -> str:
        return card(type(self).__name__, self._facts())


def path_part(job_id: str) -> str:
    """An id as one segment of a path, whatever somebody typed."""
    if not isinstance(job_id, str) or not job_id.strip("."):
        raise UsageError("an id is needed", hint="client.jobs.list() shows yours.")
    return quote(job_id, safe="")


def seconds(value: float | dt.timedelta | None) -> float | None:
    """A duration as seconds."""
    return value.total_seconds() if isinstance(value, dt.timedelta) else value
