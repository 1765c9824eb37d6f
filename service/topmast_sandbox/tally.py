"""Counts what was asked and which bytes were really sent."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock
from typing import Any

ANONYMOUS = "anonymous"
_REMEMBERED = 50  # questions per file that are told one by one


class Tally:
    """Requests per service, requests and bytes per file, and the faults they met; safe with many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Start again from zero."""
        with self._lock:
            self._services: Counter[str] = Counter()
            self._service_faults: Counter[str] = Counter()
            self._faults: dict[str, Counter[str]] = {}
            self._requests: dict[str, Counter[str]] = {}
            self._bytes: Counter[str] = Counter()
            self._asked: dict[str, Counter[tuple[str, str]]] = {}
            self._questions: dict[str, deque[str]] = {}

    def service(self, name: str, faults: Sequence[str] = ()) -> None:
        """Count one request to a service (a portal service's name, or a route), and the faults that it met."""
        with self._lock:
            self._services[name] += 1
            if faults:
                self._service_faults[name] += len(faults)

    def file(self, uri: str, method: str, status: int, faults: Sequence[str] = (), asker: str = ANONYMOUS) -> None:
        """Count one request for a file: by method, status (0: no answer), faults it met, and who asked."""
        with self._lock:
            self._requests.setdefault(uri, Counter()).update([method, str(status)])
            self._asked.setdefault(uri, Counter()).update([(asker, str(status))])
            self._questions.setdefault(uri, deque(maxlen=_REMEMBERED)).append(f"{asker} {method} {status}")
            if faults:
                self._faults.setdefault(uri, Counter()).update(faults)

    def sending(self, uri: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass `chunks` on and count those that were taken.

        A chunk is counted before it is handed over, and taken back if the reader went away: a
        client that has its last byte and asks at once for the count must find that byte in it.
        """
        for chunk in chunks:
            self._count(uri, len(chunk))
            try:
                yield chunk
            except GeneratorExit:
                self._count(uri, -len(chunk))
                raise

    def _count(self, uri: str, length: int) -> None:
        with self._lock:
            self._bytes[uri] += length

    def document(self) -> dict[str, Any]:
        """Return all counts: ``files`` by dataURI, ``services`` and ``injected`` faults by name, ``total``."""
        with self._lock:
            files = {uri: self._entry(uri, counts) for uri, counts in self._requests.items()}
            services, injected = dict(self._services), dict(self._service_faults)
        total = {
            "requests": sum(services.values()),
            "file_requests": sum(entry["requests"] for entry in files.values()),
            "bytes": sum(entry["bytes"] for entry in files.values()),
            "injected": sum(injected.values()),
        }
        return {"files": files, "services": services, "injected": injected, "total": total}

    def _entry(self, uri: str, counts: Counter[str]) -> dict[str, Any]:
        methods = {key.lower(): n for key, n in counts.items() if not key.isdigit()}
        statuses = {key: n for key, n in counts.items() if key.isdigit()}
        by: dict[str, dict[str, int]] = {}
        for (asker, status), n in self._asked[uri].items():
            by.setdefault(asker, {})[status] = n
        return {
            "requests": sum(methods.values()),
            "methods": methods,
            "statuses": statuses,
            "bytes": self._bytes[uri],
            "injected": dict(self._faults.get(uri, {})),
            "by": by,
            "questions": list(self._questions[uri]),
        }
