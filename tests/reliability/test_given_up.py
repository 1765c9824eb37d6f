"""MAST stays away until patience ends: then the bundle ends too, and not one patience later."""

from __future__ import annotations

import time
from dataclasses import replace

from tests.reliability.conftest import Installation, uri
from topmast_service import container


def test_files_in_hands_are_given_up_with_the_rest(site: Installation) -> None:
    site.settings = replace(site.settings, patience=0.5)
    site.sandbox.post("faults", uri="*", fault="status", status=503)
    new = site.resolve(site.bundle({"uris": [uri(0), uri(1)]}).id)
    moving = container.for_transfer(site.settings)
    held = moving.slices.next()
    assert held is not None
    moving.run()  # the other file: MAST is away
    time.sleep(0.6)
    site.upkeep()
    for member in held.members:
        moving.slices.postpone(held, member, 0, counted=False)
    moving.slices.close(held)
    moving.run()
    site.upkeep()
    assert site.job(new.id).step == "publish"
