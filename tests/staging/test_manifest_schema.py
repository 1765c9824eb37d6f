"""The published schema of manifest.json: says everything, and fits what is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.staging.test_manifest_files import FACTS, box
from topmast_service.domain.manifest import BoxFacts, ManifestRow, totals
from topmast_service.staging.manifest_files import SCHEMA, schema, write_manifest

READ = json.loads(schema())
CHECKED = jsonschema_rs.Draft202012Validator(READ, validate_formats=True)


def record(folder: Path) -> Any:
    return json.loads((folder / "manifest.json").read_text())


def described(where: str, said: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every member that the schema names, with what it says of it."""
    for name, member in said.get("properties", {}).items():
        yield f"{where}/{name}", member
        yield from described(f"{where}/{name}", member)


def test_a_box_is_what_the_schema_says(tmp_path: Path) -> None:
    folder, _ = box(tmp_path / "some")
    (tmp_path / "none").mkdir()
    write_manifest(tmp_path / "none", FACTS, [])
    for found in (record(folder), record(tmp_path / "none")):
        assert [str(error) for error in CHECKED.iter_errors(found)] == []
        assert found["$schema"] == SCHEMA == READ["$id"]
    assert record(folder)["files"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "LOST"},
        {"sha256": ""},
        {"size": -1},
        {"size": None},
        {"source": ""},
        {"reason": ""},
        {"path": ""},
        {"calib_level": "3"},
    ],
)
def test_the_schema_refuses_a_row_that_cannot_be(tmp_path: Path, wrong: dict[str, Any]) -> None:
    found = record(box(tmp_path)[0])
    assert found["files"][0]["status"] == "OK"
    found["files"][0] |= wrong
    assert not CHECKED.is_valid(found)


def test_every_member_is_named_required_and_explained() -> None:
    head = {"$schema", "schema", "totals", "help", "files", *(f.name for f in fields(BoxFacts))}
    assert set(READ["properties"]) == set(READ["required"]) == head
    row = READ["$defs"]["file"]
    assert set(row["properties"]) == set(row["required"]) == {f.name for f in fields(ManifestRow)}
    assert set(READ["properties"]["totals"]["properties"]) == totals([]).keys()
    members = [*described("", READ), *described("/files", row)]
    assert [where for where, said in members if not said.get("description")] == []
