"""How slowly bytes go out, so that a test can act while a file is on its way."""

import time
from collections.abc import Iterator

from topmast_sandbox.settings import Settings


def paced(body: Iterator[bytes], settings: Settings) -> Iterator[bytes]:
    """`body`, its first byte late and no faster than the settings say (per connection)."""
    time.sleep(settings.first_byte_seconds)
    begun, sent = time.monotonic(), 0
    for piece in body:
        yield piece
        sent += len(piece)
        if settings.bytes_per_second:
            time.sleep(max(0.0, begun + sent / settings.bytes_per_second - time.monotonic()))
