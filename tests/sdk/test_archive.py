"""Archives: whole or not there, resumed at any byte, and never of two revisions."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import topmast
from tests.api.conftest import redis_process, site
from tests.api.served import start_api
from tests.api.site import FILES, Site
from tests.sdk.documents import bundle
from tests.sdk.scripted import KEY, Answer, Reset, Seen, problem, serving
from topmast import cli
from topmast._retry import RetryPolicy

__all__ = ["redis_process", "site"]

BODY = bytes(range(256)) * 40
QUICK = RetryPolicy(base=0.001)
PATH = "/v1/bundles/b_1/archive.zip"


class Shelf:
    """The archive that a service sends; after `cuts` bytes each time the connection ends."""

    def __init__(self, body: bytes = BODY, cuts: list[int] | None = None) -> None:
        self.body, self.tag, self.cuts = body, '"zip-1"', list(cuts or [])
        self.ranges: list[str] = []

    def __call__(self, seen: Seen) -> Answer | Reset:
        if not seen.path.startswith("/v1/bundles/b_1/archive."):
            return Answer(body=bundle())
        headers = {"ETag": self.tag}
        if seen.method == "HEAD":
            return Answer(200, self.body, headers)
        start = int(seen.headers.get("range", "bytes=0-")[6:-1])
        self.ranges.append(seen.headers.get("range", ""))
        cut = self.cuts.pop() if self.cuts else None
        if not start or seen.headers["if-range"] != self.tag:
            return Answer(200, self.body, headers, cut)
        rest = {**headers, "Content-Range": f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"}
        return Answer(206, self.body[start:], rest, cut)


def fetch(shelf: Shelf, target: Path, **more: object) -> Path:
    with serving(shelf) as service, topmast.Client(service.url, KEY, retry=QUICK) as client:
        job = topmast.Bundle.from_json(bundle(), client._session)
        return job.archive(target, **more)  # type: ignore[arg-type]


def row(path: str, status: str = "OK", reason: str = "ok") -> dict[str, str]:
    return {"path": path, "status": status, "reason": reason}


def packed(kind: str, *paths: str) -> bytes:
    """An archive as the service makes it: all in one folder."""
    made = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(made, "w") as zipped:
            for path in paths:
                zipped.writestr(f"b_1/{path}", b"x")
    else:
        with tarfile.open(fileobj=made, mode="w") as taped:
            for path in paths:
                taped.addfile(tarfile.TarInfo(f"b_1/{path}"))
    return made.getvalue()


class Shop(Shelf):
    """A shelf, and the manifest of the bundle."""

    def __init__(self, body: bytes, rows: list[dict[str, str]]) -> None:
        super().__init__(body)
        self.rows = rows

    def __call__(self, seen: Seen) -> Answer | Reset:
        if seen.path.endswith("/manifest"):
            return Answer(body={"items": self.rows, "next": None})
        return super().__call__(seen)


def test_the_whole_under_its_own_name_only(tmp_path: Path) -> None:
    seen: list[topmast.Progress] = []
    target = tmp_path / "new" / "m57.zip"
    assert fetch(Shelf(), target, progress=seen.append) == target
    assert [path.name for path in target.parent.iterdir()] == ["m57.zip"]
    assert target.read_bytes() == BODY
    assert (seen[-1].bytes_done, seen[-1].bytes_total, seen[-1].files_done) == (len(BODY), len(BODY), 1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(BODY) // 4), min_size=1, max_size=3))
def test_cut_at_any_byte_it_goes_on_there(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    target, shelf = tmp_path_factory.mktemp("into") / "a.zip", Shelf(cuts=cuts)
    assert fetch(shelf, target).read_bytes() == BODY
    at = 0
    for cut, asked in zip([*reversed(cuts), 0], shelf.ranges, strict=True):
        assert asked == (f"bytes={at}-" if at else "")
        at += cut


def test_a_later_call_goes_on_where_an_earlier_one_gave_up(tmp_path: Path) -> None:
    target, shelf = tmp_path / "a.zip", Shelf(cuts=[0, 0, 0, 5000])
    with pytest.raises(topmast.ConnectionLost):
        fetch(shelf, target)
    assert not target.exists()
    shelf.cuts.clear()
    assert fetch(shelf, target).read_bytes() == BODY
    assert shelf.ranges[-1] == "bytes=5000-"


@pytest.mark.parametrize("cut", [0, 5000])
def test_another_revision_meanwhile_starts_over(tmp_path: Path, cut: int) -> None:
    """The second try finds another archive of the same length: not one byte of the first may be in it."""
    shelf, other = Shelf(cuts=[cut]), BODY[::-1]

    def script(seen: Seen) -> Answer | Reset:
        answer = shelf(seen)
        if seen.method == "GET" and shelf.body is BODY and seen.path == PATH:
            shelf.body, shelf.tag = other, '"zip-2"'
        return answer

    with serving(script) as service, topmast.Client(service.url, KEY, retry=QUICK) as client:
        job = topmast.Bundle.from_json(bundle(), client._session)
        assert job.archive(tmp_path / "into" / "a.zip").read_bytes() == other
    assert [path.name for path in (tmp_path / "into").iterdir()] == ["a.zip"]


def test_one_that_keeps_changing_is_given_up(tmp_path: Path) -> None:
    shelf = Shelf()

    def script(seen: Seen) -> Answer | Reset:
        answer = shelf(seen)
        shelf.tag = f'"zip-{hashlib.sha256(shelf.tag.encode()).hexdigest()}"'
        return answer

    with serving(script) as service, topmast.Client(service.url, KEY, retry=QUICK) as client:
        job = topmast.Bundle.from_json(bundle(), client._session)
        with pytest.raises(topmast.TopmastError, match="changed"):
            job.archive(tmp_path / "a.zip")


def test_the_format_is_what_is_said_or_how_the_name_ends(tmp_path: Path) -> None:
    asked: list[str] = []

    def script(seen: Seen) -> Answer | Reset:
        asked.append(seen.path)
        return Shelf()(seen)

    with serving(script) as service, topmast.Client(service.url, KEY) as client:
        job = topmast.Bundle.from_json(bundle(), client._session)
        job.archive(tmp_path / "a.TAR")
        job.archive(tmp_path / "box", format="zip")
        for name, kind in (("a.tgz", None), ("a", None), ("a.zip", "rar")):
            with pytest.raises(topmast.UsageError, match="zip"):
                job.archive(tmp_path / name, format=kind)
    assert asked == [PATH.replace("zip", "tar")] * 2 + [PATH] * 2


def test_a_refusal_is_told(tmp_path: Path) -> None:
    with (
        serving(lambda _seen: problem(413, "archive_too_large")) as service,
        topmast.Client(service.url, KEY) as client,
    ):
        job = topmast.Bundle.from_json(bundle(), client._session)
        with pytest.raises(topmast.ApiError) as refused:
            job.archive(tmp_path / "a.zip")
    assert refused.value.status == 413
    assert not (tmp_path / "a.zip").exists()


def test_in_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TOPMAST_API_KEY", KEY)
    target, rows = tmp_path / "a.zip", [row("JWST/a.fits"), row("JWST/left.fits", "EXCLUDED")]
    with serving(shop := Shop(packed("zip", "JWST/a.fits"), rows)) as service:
        assert cli.main(["archive", "b_1", str(target), "--url", service.url]) == 0
        assert capsys.readouterr().out == f"{len(shop.body)} B in {target}\n"
        assert cli.main(["archive", "b_1", str(target), "--json", "--url", service.url]) == 0
        assert json.loads(capsys.readouterr().out)["bytes"] == target.stat().st_size == len(shop.body)
        assert cli.main(["archive", "b_1", "a.rar", "--url", service.url]) == 2
        rows += [row("JWST/secret.fits"), row("JWST/x.fits", "WITHHELD", "not_authorized until 2027-03-01")]
        assert cli.main(["archive", "b_1", str(target), "--url", service.url]) == 4
        assert capsys.readouterr().out.splitlines()[1:] == [
            "  JWST/secret.fits: MAST gives it to others only",
            "  JWST/x.fits: not_authorized until 2027-03-01",
        ]


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_what_an_archive_lacks(kind: str, tmp_path: Path) -> None:
    held, lacking = "JWST/a/a b.fits", ["JWST/secret.fits", "JWST/failed.fits"]
    rows = [row(held), row(lacking[0]), row(lacking[1], "FAILED", "timeout"), row("JWST/left.fits", "EXCLUDED")]
    with (
        serving(Shop(packed(kind, held, "MANIFEST.HTML"), rows)) as service,
        topmast.Client(service.url, KEY) as client,
    ):
        job = topmast.Bundle.from_json(bundle(), client._session)
        absent = job.absent_from(job.archive(tmp_path / f"a.{kind}"))
        assert [one.path for one in absent] == lacking
        (tmp_path / "text").write_text("no archive")
        for name in ("text", "not there"):
            with pytest.raises(topmast.UsageError, match="as an archive"):
                job.absent_from(tmp_path / name)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_from_a_real_service(kind: str, site: Site, tmp_path: Path) -> None:
    server = start_api(site, tmp_path)
    try:
        with topmast.Client(server.url, site.keys["ann"]) as client:
            job = client.bundles.get(site.bundle().id)
            fetched = job.archive(tmp_path / f"a.{kind}")
            (tmp_path / "half").mkdir()
            tag = client._session.call(topmast._messages.Request("HEAD", job.raw["links"][kind])).headers["etag"]
            half = tmp_path / "half" / f".a.{kind}.{hashlib.sha256(tag.encode()).hexdigest()[:16]}.part"
            half.write_bytes(fetched.read_bytes()[:4321])
            assert job.archive(tmp_path / "half" / f"a.{kind}").read_bytes() == fetched.read_bytes()
            with pytest.raises(topmast.NoResult):
                client.bundles.get(site.bundle("ERROR").id).archive(tmp_path / f"b.{kind}")
    finally:
        server.stop()
    if kind == "zip":
        with zipfile.ZipFile(fetched) as opened:
            assert {f"{job.id}/{path}" for path in FILES} < set(opened.namelist())
