"""The composition root: builds what one kind of process needs, and imports no more than that.

The API loads no astroquery (half a second and 77 MB), workers load no Flask; `tests/test_house.py` looks. `stores.py`
is what every process has, `parts.py` and `telling.py` what several have; the others are the processes, and commands.
"""

from topmast_service.container.api import Api, for_api
from topmast_service.container.commands import for_adoption, for_doctor, for_purge
from topmast_service.container.stores import Stores, open_stores
from topmast_service.container.workers import (
    Query,
    for_columns,
    for_copies,
    for_ftps,
    for_query,
    for_transfer,
    for_upkeep,
)

__all__ = [
    "Api", "Query", "Stores", "for_adoption", "for_api", "for_columns", "for_copies", "for_doctor", "for_ftps",
    "for_purge", "for_query", "for_transfer", "for_upkeep", "open_stores",
]  # fmt: skip
