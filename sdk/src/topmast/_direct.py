"""One observation in one call."""

from __future__ import annotations

import os
from pathlib import Path

from ._archive import Archive
from ._bundle import Bundle
from ._clock import Deadline
from ._job import path_part
from ._messages import Request
from ._progress import ProgressOption
from ._session import Session
from ._wait import POLL, wait_for


def mrp(
    session: Session, obs_id: str, path: str | os.PathLike[str], deadline: Deadline, progress: ProgressOption
) -> Path:
    """See `Client.mrp`."""
    wait = int(deadline.cut(min(POLL, session.silence / 2)))  # the answer comes before this counts as silence
    asked = Request("GET", f"/v1/observations/{path_part(obs_id)}/mrp.zip", headers={"Prefer": f"wait={wait}"})
    # 202 and 303 both carry the bundle; what a redirect leads to is the archive, which goes to disk.
    found = Bundle._received(session.call(asked, deadline=deadline, follow=False).json(), session)
    bundle = wait_for(found, session, deadline, progress, raise_on_failure=True)
    return Archive(session, bundle._own_path(), "zip", deadline).fetch(Path(path), progress)
