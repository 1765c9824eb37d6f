"""A bundle's box behind a scripted service: manifest, listing, files with Range."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from tests.sdk.documents import bundle
from tests.sdk.scripted import Answer, Hang, Reset, Seen

FILES = "/v1/bundles/b_1/files/"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Box:
    """What is in it, and a `fault` that may answer instead: called with the request and how often it came."""

    def __init__(self, **files: bytes) -> None:
        self.products = {f"JWST/obs/{name}.fits": content for name, content in files.items()}
        self.extras = {"MANIFEST.HTML": b"<html>", "sha256sums.txt": b"sums"}
        self.rows: list[dict[str, Any]] = []
        self.promised: dict[str, str] = {}
        self.fault: Callable[[Seen, int], Answer | Reset | Hang | None] = lambda _seen, _count: None
        self.asked: list[str] = []

    def __call__(self, seen: Seen) -> Answer | Reset | Hang:
        if seen.path == "/v1/bundles/b_1/manifest":
            return Answer(body={"items": [*self.manifest(), *self.rows], "next": None})
        if seen.path == FILES:
            assert seen.query == []  # folders are not paged, and the service refuses parameters it does not know
            return Answer(body={"items": self.listing(), "next": None})
        if seen.path.startswith(FILES):
            path = unquote(seen.path.removeprefix(FILES))
            self.asked.append(path)
            return self.fault(seen, self.asked.count(path)) or self.file(path, seen)
        return Answer(body=bundle())

    def file_map(self) -> dict[str, bytes]:
        return {**self.products, **self.extras}

    def manifest(self) -> list[dict[str, Any]]:
        return [
            {
                "dataURI": f"mast:JWST/product/{path.rpartition('/')[2]}",
                "path": path,
                "status": "OK",
                "reason": "ok",
                "size": len(content),
                "sha256": self.promised.get(path, sha256(content)),
            }
            for path, content in self.products.items()
        ]

    def listing(self) -> list[dict[str, Any]]:
        extras = [
            {"name": name, "path": name, "type": "file", "size": len(content), "sha256": sha256(content)}
            for name, content in self.extras.items()
        ]
        return [*extras, {"name": "JWST", "path": "JWST", "type": "folder", "size": None, "sha256": None}]

    def file(self, path: str, seen: Seen, cut: int | None = None) -> Answer:
        content = self.file_map().get(path)
        if content is None:
            return Answer(404, {"code": "no_such_file", "detail": f"no {path}"})
        tag = f'"{sha256(content)}"'
        found = re.fullmatch(r"bytes=(\d+)-", seen.headers.get("range", ""))
        if not found or seen.headers.get("if-range", tag) != tag:
            return Answer(200, content, {"ETag": tag}, cut)
        start = int(found[1])
        if start >= len(content):
            return Answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        part = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return Answer(206, content[start:], {"ETag": tag, "Content-Range": part}, cut)
