"""Why the embedded service does not run. Not a `TopmastError`: those are told over HTTP, this one in a terminal."""


class CannotRun(Exception):
    """It did not start, or had to stop; `hint` is one thing to try."""

    def __init__(self, detail: str, *, hint: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
