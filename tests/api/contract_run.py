"""schemathesis over the contract, against a live server: every operation, every check, with ids that exist."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import Status, events, from_schema
from schemathesis.generation.case import Case
from schemathesis.generation.meta import TestPhase

from tests.api.contract_texts import register_formats
from tests.api.site import I2D, Site
from topmast_service.api.auth import ON_BEHALF
from topmast_service.api.contract import document
from topmast_service.domain.scopes import SCOPES

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "positive_data_acceptance", "use_after_free",
    "ensure_resource_availability", "missing_required_header", "unsupported_method", "ignored_auth",
    "allow_header_conformance",
)  # fmt: skip

# Ids of earlier answers make the draws depend on each other and end DELETE's run early; real ids come from a hook.
UNLEARNED = {"extra-data-sources": {"responses": False}}
PHASES: dict[str, dict[str, Any]] = {"examples": {}, "coverage": {}, "fuzzing": UNLEARNED, "stateful": {}}

REFUSED_THOUGH_VALID = {
    "min is above max": "JSON Schema cannot compare two members",
    "questions to MAST": "JSON Schema cannot multiply the wildcards of several criteria",
    "only narrow what": "JSON Schema could say only column by column that one criterion must find something",
    "is always whole": "JSON Schema of one parameter cannot forbid another",
    "no bytes in this range": "JSON Schema cannot know how long a file is",
    "is no date": "JSON Schema's patterns do not know how many days a month has",
    "a program is a number": "a criterion of text has one schema, whatever its column; tests/programs has the numbers",
    "is no DOI": "the same; tests/programs has the DOIs",
    "obsid takes numbers": "JSON Schema cannot say that names for obsid exclude numbers beside them",
    "ends after now and by": "JSON Schema cannot know how long a bundle stays",
    "An archive is of the whole box": "a path beside `archive` is allowed, and empty by default",
    "is at version": "JSON Schema does not know which version of a job If-Match must name",
    "is in the past": "JSON Schema does not know what time it is; tests/keeping has the times",
    "kept for longer than": "the same",
    "has no hook": "each installation has its own hooks, and most have none",
    "chooses among the rows": "JSON Schema could say only case by case that `where` goes with `search`",
    "ends before it begins": "JSON Schema cannot compare two members",
    "do not go with `parent`": "JSON Schema of one parameter cannot forbid another",
    "was changed": "JSON Schema cannot know the ETag; test_baskets_api has those that match",
    "A plan is taken over as it is": "JSON Schema could say only case by case what goes with `from`",
    "made from a basket": "the same",
    "What the link opened is gone": "JSON Schema cannot know that somebody deleted the bundle of a link",
    "The end of a key is past": "JSON Schema does not know what time it is; tests/identity has the times",
    "A key of a": "JSON Schema does not know the role of the user in the address",
    "Operators cannot": "JSON Schema does not know who asks",
    "The cursor": "a cursor is opaque and bound to where and sort; test_paging walks with real ones",
}
"""Exclusions from positive_data_acceptance: requests that the schema allows and a problem with this text refuses."""

THE_RUN = "the key of this run"

TOO_LONG = 414
"""Excluded from all checks: gunicorn refuses an address of more than 8,190 bytes before the API sees it."""

_EMPTIED = re.compile(r"with `DELETE /v1/baskets/\w+/items`")
"""Excluded from use_after_free: this empties a basket, and leaves it."""

# The last exclusion is `_deleted_as_job`: DELETE /v1/jobs/X also ends /v1/searches/X and
# /v1/bundles/X, which ensure_resource_availability cannot know (it looks for a DELETE of the same address).


@dataclass
class Outcome:
    """What a run found: statuses and fuzzed requests by operation, failures told in full, errors of the run itself."""

    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    fuzzed: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def note(self, event: Any) -> None:
        """Take what an event of the engine tells."""
        if isinstance(event, events.NonFatalError | events.FatalError):
            self.errors.append(repr(getattr(event, "value", None) or getattr(event, "exception", event)))
        if isinstance(event, events.ScenarioFinished):
            self._count(event)
            self.failures += _failures(event.recorder)

    def _count(self, event: events.ScenarioFinished) -> None:
        for case_id, exchange in event.recorder.interactions.items():
            label = event.recorder.cases[case_id].value.operation.label
            self.statuses[label][exchange.response.status_code if exchange.response else 0] += 1
            self.fuzzed[label] += event.phase.value == "fuzzing"


def run(site: Site, url: str, *, examples: int, seed: int = 1, deterministic: bool = True) -> Outcome:
    """All phases over all operations."""
    register_formats()
    key = _operator_key(site)
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": url,
            "continue-on-failure": True,
            "auth": {"openapi": {"apiKey": {"bearer": key}}},
            "checks": {name: {"enabled": True} for name in CHECKS},
            "generation": {"max-examples": examples, "deterministic": deterministic, "database": "none"},
            "phases": {name: {"enabled": True, **more} for name, more in PHASES.items()},
        }
    )
    # Not from_url, which would leave out the operation that it read the contract from.
    schema = schemathesis.openapi.from_dict(document(site.app()), config=config)
    outcome, hooks = Outcome(), [_real_ids(site), filter_failure]
    for hook in hooks:
        schemathesis.hook(hook)
    try:
        for event in from_schema(schema).execute():
            outcome.note(event)
    finally:
        for hook in hooks:
            schemathesis.hooks.unregister(hook)
    return outcome


def filter_failure(context: Any, failure: Any, case: Case, response: Any) -> bool:
    """Whether a failure counts (a hook, found by its name)."""
    refused = response.status_code in {400, 410, 412, 422} and "Valid data should have been accepted" in failure.message
    said = response.content.decode()
    excluded = refused and any(phrase in said for phrase in REFUSED_THOUGH_VALID)
    return not excluded and response.status_code != TOO_LONG


def _real_ids(site: Site) -> Callable[..., None]:
    """A hook that turns every second well-formed id into one that exists."""
    search, bundle, basket = site.search().id, site.bundle().id, site.basket()
    known = {"search_id": search, "bundle_id": bundle, "job_id": bundle, "path": I2D, "code": "busy"}
    known |= {"collection": "instrument_keywords", "keyword": "date_obs", "filename": I2D.rpartition("/")[2]}
    known |= {"name": "bob"}
    known |= {"signature": _signature(site, bundle), "obs_id": I2D.split("/")[1], "basket_id": basket}
    known |= {"user_name": "bob", "program": "1558"}
    calls: Counter[str] = Counter()

    def before_call(context: Any, case: Case, kwargs: Any) -> None:
        calls[case.operation.label] += 1
        if case.meta is None or not case.meta.is_negative_at(ParameterLocation.HEADER):
            (case.headers or {}).pop(ON_BEHALF, None)  # refused to all but portals; tests/identity has those
        if (case.path_parameters or {}).get("key_id") in _of_the_run(site):
            case.path_parameters["key_id"] = "00000000"
        # In the stateful phase ids come from answers.
        if case.meta is None or case.meta.phase.name == TestPhase.STATEFUL or calls[case.operation.label] % 2:
            return
        if not case.meta.is_negative_at(ParameterLocation.PATH):
            fresh = _fresh(site, case)
            values = {**known, **fresh}
            case.path_parameters.update({name: values[name] for name in case.path_parameters})
        match case.body:
            case {"from": {"search": str()}} if not case.meta.is_negative_at(ParameterLocation.BODY):
                case.body["from"]["search"] = search

    return before_call


def _operator_key(site: Site) -> str:
    """ann's, who may everything. Revoking it would end the run: the hook sees to it that nobody does."""
    site.api.stores.users.change("ann", role="operator")
    return site.api.stores.keys.new("ann", scopes=SCOPES, label=THE_RUN).secret


def _of_the_run(site: Site) -> list[str]:
    return [facts.id for facts in site.api.stores.keys.of("ann") if facts.label == THE_RUN]


def _signature(site: Site, bundle: str) -> str:
    """Of a link to the whole box, which opens every path in it."""
    return site.api.links.make(site.api.stores.jobs.get(bundle), "files", "", None)[1]


def _fresh(site: Site, case: Case) -> dict[str, str]:
    """An id of a job in the phase that the operation needs, where it would use a known one up."""
    if "key_id" in (case.path_parameters or {}):
        owner = "bob" if "name" in case.path_parameters else "ann"
        keys = site.api.stores.keys
        for facts in keys.of(owner):  # a user may not have too many
            if facts.label != THE_RUN:
                keys.revoke(owner, facts.id)
        return {"key_id": keys.new(owner).facts.id}
    if case.method.upper() == "DELETE" and case.path == "/v1/baskets/{basket_id}":
        return {"basket_id": site.basket()}
    if case.method.upper() == "DELETE" or case.path.endswith("/retry"):
        return {"job_id": site.bundle(files={}).id}
    if "signature" in (case.path_parameters or {}):
        return {"signature": _signature(site, site.bundle().id)}
    if case.path.endswith("/hold"):
        return {"job_id": site.bundle("EXECUTING").id}
    return {}


def _failures(recorder: Any) -> list[str]:
    failed = [(case_id, check) for case_id, checks in recorder.checks.items() for check in checks]
    return [
        _told(recorder, case_id, check)
        for case_id, check in failed
        if check.status == Status.FAILURE
        and not (check.name == "ensure_resource_availability" and _deleted_as_job(recorder, case_id))
        and not (check.name == "ensure_resource_availability" and _is_plan(recorder, case_id))
        and not (check.name == "use_after_free" and _EMPTIED.search(check.failure_info.failure.message))
    ]


def _deleted_as_job(recorder: Any, case_id: str) -> bool:
    ids = set((recorder.cases[case_id].value.path_parameters or {}).values())
    return any(
        node.value.operation.label == "DELETE /v1/jobs/{job_id}"
        and node.value.path_parameters["job_id"] in ids
        and recorder.interactions[other].response.status_code == 204
        for other, node in recorder.cases.items()
        if other in recorder.interactions and recorder.interactions[other].response
    )


def _is_plan(recorder: Any, case_id: str) -> bool:
    """A dry run is made where bundles are, and its id begins so; it never has files."""
    ids = (recorder.cases[case_id].value.path_parameters or {}).values()
    return any(str(one).startswith("p_") for one in ids)


def _told(recorder: Any, case_id: str, check: Any) -> str:
    case, failure = recorder.cases[case_id].value, check.failure_info.failure
    exchange = recorder.interactions.get(case_id)
    said = exchange.response.content[:400].decode() if exchange and exchange.response else "no answer"
    request = case.as_curl_command()[:1500]
    return f"{case.operation.label} {check.name}: {failure.title}\n{failure.message[:600]}\n{request}\n{said}"
