"""What a plan is made with: MAST, the cache, the folder of tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from topmast_service.archive.portal import Portal
from topmast_service.archive.transfer import Downloads
from topmast_service.workflows.baskets import Baskets
from topmast_service.workflows.rights import Rights
from topmast_service.workflows.sources import Lister


@dataclass(frozen=True)
class Means:
    """One for all plans of a worker. `batch` observations are listed at once, over so many `connections`."""

    open_portal: Callable[[], Portal]
    open_downloads: Callable[[], Downloads]
    rights: Rights
    folder: Path
    batch: int
    connections: int
    max_age: timedelta
    baskets: Baskets

    @property
    def lister(self) -> Lister:
        """Asks MAST for product lists."""
        return Lister(self.open_portal, self.batch, self.connections)
