"""Lists from elsewhere go to the service as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

import topmast
from tests.sdk.documents import job
from tests.sdk.scripted import Answer
from topmast import _lists

NAMES = "jw01073001001_02101_00001_nrca1_uncal.fits\njw02733-o001_t001_nircam_clear-f090w_i2d.fits\n"


@pytest.fixture
def sent(serve):
    """Sends a bundle, and tells what was sent as its origin."""

    def send(origin: object) -> object:
        service, client, _ = serve(lambda _: Answer(202, job("b_7", "PENDING")))
        client.bundle(origin)
        return service.seen[0].json["from"]

    return send


@pytest.mark.parametrize(
    "name", ["MAST_1.sh", "MANIFEST.HTML", "manifest.csv", "event_metadata.json", "list.txt", "none"]
)
def test_a_file_is_sent_whole(sent, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(b"\xef\xbb\xbf" + NAMES.encode() + "µ".encode("latin-1"))
    assert sent(file) == {"list": NAMES + "\ufffd"}


def test_a_text_of_several_lines_is_a_list(sent) -> None:
    assert sent(NAMES) == {"list": NAMES}
    assert sent("jw01558-o001_t001_miri_f560w\n") == {"observations": ["jw01558-o001_t001_miri_f560w"]}


def test_names_of_files_are_a_list_too(sent) -> None:
    uri = "mast:JWST/product/jw01073001001_02101_00001_nrca1_uncal.fits"
    assert sent(NAMES.split()) == {"list": NAMES.strip()}
    assert sent([*NAMES.split(), uri]) == {"list": f"{NAMES}{uri}"}
    assert sent([uri]) == {"uris": [uri]}
    with pytest.raises(topmast.UsageError, match="cannot be mixed"):
        sent([*NAMES.split(), "jw01558-o001_t001_miri_f560w"])


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"SIMPLE\x00", "holds no list"), (b"a\n" * 5_000_000, "8 MB at most")],
    ids=["empty", "blank", "binary", "long"],
)
def test_what_is_no_list_is_not_sent(serve, tmp_path: Path, content: bytes, says: str) -> None:
    service, client, _ = serve(lambda _: pytest.fail("it was sent"))
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(topmast.UsageError, match=says):
        client.bundle(tmp_path / "list")
    assert service.seen == []


def test_what_is_not_there_cannot_be_read(serve, tmp_path: Path) -> None:
    _, client, _ = serve(lambda _: pytest.fail("it was sent"))
    for path in (tmp_path / "nowhere.sh", tmp_path):
        with pytest.raises(topmast.UsageError, match="cannot be read"):
            client.bundle(path)


def test_the_limit_is_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_lists, "LONGEST", 8)
    assert _lists.pasted("ab\ncd\nef") == "ab\ncd\nef"
    for text in ("ab\ncd\nefg", "ää\nöö"):
        with pytest.raises(topmast.UsageError, match="too long"):
            _lists.pasted(text)
