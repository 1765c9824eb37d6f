"""What a test may change while the sandbox runs: one record, replaced whole."""

from dataclasses import asdict, dataclass, fields, replace
from threading import Lock
from typing import Any


@dataclass(frozen=True)
class Settings:
    """How the sandbox behaves where the real MAST varies, or nobody could check.

    Attributes
    ----------
    validators : bool
        Send ``ETag`` and ``Last-Modified`` with files.
    engineering_needs_token : bool
        Refuse engineering telemetry to anonymous users (sources disagree, so it can be switched).
    released_still_401 : tuple of str
        Programs or dataURIs that stay refused to anonymous users after their release date; ``"*"`` is all.
    exclusive_still_200 : tuple of str
        The contrary: those that anybody gets, though listings call them exclusive (never RESTRICTED ones).
    latency_seconds, latency_per_1000_rows : float
        How long a portal query or a mission search takes, at least, and per thousand rows of its answer.
    slow_seconds : float
        Added to every portal query, see ``POST /_sandbox/slow``.
    slow_polls : int
        How many times a new portal query is answered EXECUTING, whatever the time.
    hold_seconds : float
        How long one poll is held before EXECUTING is answered (MAST: 20 s).
    first_byte_seconds, bytes_per_second, total_bytes_per_second : float
        How late a file begins, and how fast it goes over one connection and over all together (0: as fast as it can).
    row_cap : int
        Most rows one portal query may have (MAST documents about 500,000).
    """

    validators: bool = True
    engineering_needs_token: bool = True
    released_still_401: tuple[str, ...] = ()
    exclusive_still_200: tuple[str, ...] = ()
    latency_seconds: float = 0.0
    latency_per_1000_rows: float = 0.0
    slow_seconds: float = 0.0
    slow_polls: int = 0
    hold_seconds: float = 20.0
    first_byte_seconds: float = 0.0
    bytes_per_second: float = 0.0
    total_bytes_per_second: float = 0.0
    row_cap: int = 500_000

    def latency(self, rows: int) -> float:
        """Return how many seconds an answer of `rows` rows takes."""
        return self.latency_seconds + rows / 1000 * self.latency_per_1000_rows

    def changed(self, changes: dict[str, Any]) -> "Settings":
        """Return these settings with `changes` applied.

        Raises
        ------
        ValueError
            An unknown name, or a value of another type.
        """
        known = {field.name: field.default for field in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"unknown setting {name!r}; known are {', '.join(known)}")
            changes = changes | {name: _like(known[name], value, name)}
        return replace(self, **changes)

    def document(self) -> dict[str, Any]:
        """Return the settings as JSON can carry them."""
        return asdict(self)


def _like(default: object, value: Any, name: str) -> Any:
    if isinstance(default, tuple):
        if isinstance(value, list):
            return tuple(str(item) for item in value)
    elif isinstance(default, bool):
        if isinstance(value, bool):
            return value
    elif isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return type(default)(value)  # type: ignore[call-arg]  # int or float by now
    raise ValueError(f"setting {name!r} cannot be {value!r}")


class Switchboard:
    """The current settings; safe to change while requests are served."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._lock = Lock()
        self.now = settings or Settings()

    def change(self, changes: dict[str, Any]) -> Settings:
        """Apply `changes` and return the settings that now hold.

        Raises
        ------
        ValueError
            See `Settings.changed`; nothing has changed then.
        """
        with self._lock:
            self.now = self.now.changed(changes)
            return self.now
