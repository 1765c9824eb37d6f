"""Why nothing was found: hints that help."""

from __future__ import annotations

from topmast_service.workflows.search.asking import Asking


def of_nothing(asking: Asking) -> list[str]:
    """What to try when a search found nothing."""
    if asking.search.target is not None:
        return ["Nothing lies there: try a larger radius. Moving targets have no position; search them by target_name."]
    return ["Nothing fits: names are matched exactly; put * where they may go on (NGC6720*)."]
