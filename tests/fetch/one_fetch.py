"""A process of its own that fetches one dataURI: ``python one_fetch.py <cache> <base url> <dataURI>``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from topmast_service.archive.transfer import Downloads
from topmast_service.staging.cache import Cache
from topmast_service.workflows.fetch import fetch

root, url, uri = sys.argv[1:]
fetched = fetch(
    uri,
    cache=Cache(Path(root)),
    downloads=Downloads(url),
    max_age=timedelta(days=1),
    now=lambda: datetime.now(UTC),
    stop=lambda: False,
    on_bytes=lambda _: None,
)
sys.stdout.write(f"{fetched.source} {fetched.version.sha256}")
