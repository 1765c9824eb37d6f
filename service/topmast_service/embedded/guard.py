"""The leader of the children's process group: when `up` is gone, however it went, everything else goes too.

Started as ``python -m topmast_service.embedded.guard`` with a pipe as standard input that nobody writes to and only
`up` holds open, so SIGKILL on `up` is an end of file here. (Linux' PR_SET_PDEATHSIG reaches children only; gunicorn
and Celery have children of their own.)
"""

from __future__ import annotations

import os
import signal
import time

GRACE_SECONDS = 3.0
"""Long enough for Redis to sync its file; everything else was written to survive SIGKILL."""


def main() -> None:
    """Wait for the end of `up`, then end the group, oneself included."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
