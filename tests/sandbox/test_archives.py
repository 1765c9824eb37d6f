"""Archives made on the way out: other programs must be able to open them."""

import io
import tarfile
import zipfile
from datetime import UTC, datetime

import pytest

from topmast_sandbox.wire.archives import tarred, zipped

WHEN = datetime(2024, 5, 6, 7, 8, 10, tzinfo=UTC)
FILES = {"MAST/a.fits": b"x" * 3000, "MAST/deep/b.json": b"{}", "MAST/empty": b""}


def members():
    return ((path, len(data), WHEN, [data[:1000], data[1000:]]) for path, data in FILES.items())


def test_zip():
    with zipfile.ZipFile(io.BytesIO(b"".join(zipped(members())))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES


def test_tar():
    with tarfile.open(fileobj=io.BytesIO(b"".join(tarred(members()))), mode="r:gz") as archive:
        found = {entry.name: archive.extractfile(entry).read() for entry in archive}
    assert found == FILES


@pytest.mark.parametrize("make", [zipped, tarred])
def test_a_member_is_not_kept_whole(make):
    """A file of any size passes through: after each chunk the writer holds next to nothing."""
    chunk = bytes(range(256)) * 1024
    longest = max(len(part) for part in make([("big", 40 * len(chunk), WHEN, [chunk] * 40)]))

    assert longest < 3 * len(chunk)
