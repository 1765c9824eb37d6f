"""Around every door of MAST: counts what is asked and sent, and lets happen what the rules say."""

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

from flask import Flask, Request, Response, request

from topmast_sandbox.faults import Kind, Visit
from topmast_sandbox.faults.kinds import Changed, Event, Executing, Instead, Late, Reprocessed, TokenEnds, Twist
from topmast_sandbox.state import Sandbox
from topmast_sandbox.wire.access import asker_of, token_of
from topmast_sandbox.wire.altered import altered
from topmast_sandbox.wire.bodies import reframed, spliced, spoilt, tell_length
from topmast_sandbox.wire.connection import wait
from topmast_sandbox.wire.instead import instead
from topmast_sandbox.wire.polling import query_key
from topmast_sandbox.wire.twisted import twist
from topmast_sandbox.wire.visits import query_of, visit_of

_FOR_EVER = 1 << 60
_NO_STATUS = 0  # how a request without an answer is counted
_CONTROL = "control."


class Failing:
    """What stands between gunicorn and the doors of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def stand_around(self, app: Flask) -> None:
        """Wrap every route but those of the control plane."""
        # An ended connection must reach gunicorn as the OSError it is, and not as a 500.
        app.config["PROPAGATE_EXCEPTIONS"] = True
        for endpoint, view in app.view_functions.items():
            if not endpoint.startswith(_CONTROL):
                app.view_functions[endpoint] = self._around(app, view)

    def _around(self, app: Flask, view: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(view)
        def route(**arguments: Any) -> Response:
            # The proxy means nothing any more while a body is on its way; the object behind it does.
            asked = request._get_current_object()  # type: ignore[attr-defined]  # a LocalProxy has it
            return self._answer(asked, lambda: app.make_response(view(**arguments)))

        return route

    def _answer(self, asked: Request, make: Callable[[], Response]) -> Response:
        visit, asker = visit_of(asked), asker_of(asked, self._sandbox)  # now: its token may end meanwhile
        faults = self._sandbox.faults.meeting(visit)
        self._sandbox.tally.service(visit.service, [fault.name for fault in faults])
        status = _NO_STATUS
        try:
            response = self._response(asked, visit, faults, make)
            status = response.status_code
        finally:
            if visit.uri is not None:
                self._sandbox.tally.file(visit.uri, visit.method, status, [fault.name for fault in faults], asker)
        return self._sent(response, asked, visit, faults)

    def _response(self, asked: Request, visit: Visit, faults: Sequence[Kind], make: Callable[[], Response]) -> Response:
        """What comes before an answer, then the answer: another one, or the right one, perhaps altered."""
        for fault in faults:
            if isinstance(fault, Event):
                self._happen(fault, asked, visit)
            elif isinstance(fault, Twist):
                twist(fault, asked)
            elif isinstance(fault, Late):
                wait(asked, fault.seconds)
        for fault in faults:
            if isinstance(fault, Instead) and (other := instead(fault, asked)):
                return other
        return altered(make(), faults)

    def _happen(self, event: Event, asked: Request, visit: Visit) -> None:
        sandbox = self._sandbox
        match event:
            case Changed() if event.at < 0:
                sandbox.catalogue.rewrite(visit.uri or "", event.how)
            case Reprocessed():
                sandbox.catalogue.reprocess(program=event.program or None, obs_id=event.obs_id or None)
            case TokenEnds():
                if token := token_of(asked, sandbox):
                    sandbox.tokens.revoke(token.value)
            case Executing():
                key = query_key(query_of(asked))
                sandbox.queries.begin(key, 0.0, event.polls or _FOR_EVER)

    def _sent(self, response: Response, asked: Request, visit: Visit, faults: Sequence[Kind]) -> Response:
        """Return the response with a body that is counted, and spoilt as the faults say."""
        if visit.uri is None and not faults:
            return response
        tell_length(response)
        body: Iterator[bytes] = iter(response.iter_encoded())
        for fault in faults:
            if isinstance(fault, Changed) and fault.at >= 0:
                body = self._spliced(response, body, fault, visit)
            body = spoilt(body, fault, asked)
        if visit.uri is not None:
            body = self._sandbox.tally.sending(visit.uri, body)
        for fault in faults:
            body = reframed(response, body, fault, asked)
        response.response, response.direct_passthrough = body, True
        return response

    def _spliced(self, response: Response, body: Iterator[bytes], fault: Changed, visit: Visit) -> Iterator[bytes]:
        """`body`, whose file is replaced while it is on its way."""
        start, length = response.content_range.start or 0, response.content_length or 0

        def rest() -> Iterator[bytes]:
            self._sandbox.catalogue.rewrite(visit.uri or "", fault.how)
            file = self._sandbox.catalogue.file(visit.uri or "")
            return file.read(start + fault.at, start + length) if file else iter(())

        return spliced(body, fault.at, length, rest)
