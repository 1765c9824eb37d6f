"""Recorded rows of MAST through topmast and back, cell by cell: ``python -m tests.fidelity.check DATA``.

The rows are loaded into a sandbox, searched through the API and the worker's function, and read again through JSON,
CSV, ECSV, VOTable and Parquet with astropy and pyarrow. The figures are printed and written into docs/fidelity.md;
the run fails if a cell differs for a reason that is not known.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fidelity import sources
from tests.fidelity.comparing import Compared, compare
from tests.fidelity.installation import Installation, installed
from tests.fidelity.report import write
from tests.fidelity.sources import Source
from tests.formats.reading import Row, null_bits, read
from topmast_service.domain.columns import Column

FORMATS = ("json", "csv", "ecsv", "votable", "parquet")
PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"


@dataclass(frozen=True)
class Checked:
    """What came of one source: its formats, the columns that topmast does not know, and who may have the rows."""

    source: Source
    compared: Sequence[Compared]
    unknown: Sequence[str]
    access: Counter[str]
    planned: int


def check(source: Source, folder: Path) -> Checked:
    """One source through one installation of its own in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with installed(folder, source.write(folder / "catalogue")) as topmast:
        search = topmast.search(source.request)
        columns = [Column(c["name"], c["type"]) for c in search["search"]["columns"]]
        compared = [_through(name, topmast, search["id"], source, columns) for name in FORMATS]
        rows = list(topmast.pages(search["id"]))
    known = {c.name for c in columns}
    unknown = sorted({name for row in source.rows for name, text in row.items() if text and name not in known})
    planned = sum(row.get("calib_level") == "-1" for row in source.rows)
    if planned != sum(row["access"] == "planned" for row in rows):
        compared[0].differences.append(f"{planned} rows are of level -1, and not as many are planned")
    return Checked(source, compared, unknown, Counter(row["access"] for row in rows), planned)


def _through(name: str, topmast: Installation, search_id: str, source: Source, columns: list[Column]) -> Compared:
    if name == "json":
        return compare(name, source, columns, list(topmast.pages(search_id)))
    data = topmast.file(search_id, name)
    found = read(name, data, columns)
    if name == "votable":
        written = [Column("_row", "int"), *columns, Column("access"), Column("release", "date")]
        _nulls(found, null_bits(data, written), columns)
    return compare(name, source, columns, found)


def _nulls(found: list[Row], bits: list[list[bool]], columns: list[Column]) -> None:
    """What the file's null bits say of texts; astropy gives all of them as empty strings."""
    for row, (_, *null) in zip(found, bits, strict=True):
        row.update({c.name: None for c, bit in zip(columns, null, strict=False) if bit and row[c.name] == ""})


def main(data: Path) -> int:
    """Check what is in `data`; 1 if a cell differs without a reason."""
    checked = []
    with tempfile.TemporaryDirectory(prefix="topmast-fidelity-") as folder:
        for number, source in enumerate(_sources(data)):
            checked.append(check(source, Path(folder) / str(number)))
    page = write(checked)
    PAGE.write_text(page, encoding="utf-8")
    print(page)  # noqa: T201 - a command line prints
    differences = [text for one in checked for compared in one.compared for text in compared.differences]
    print(*differences[:40], sep="\n")  # noqa: T201
    return 1 if differences or not checked else 0


def _sources(data: Path) -> list[Source]:
    every = {
        "caom_observation_rows.csv": sources.observations_csv,
        "ngc3132_search_target.json": sources.observations_json,
        "mast_notebooks_duplication_tables.csv": sources.observations_csv,
        "si_keywords_sample_all_columns.csv": sources.keywords_csv,
    }
    return [read_it(data / name) for name, read_it in every.items() if (data / name).exists()]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
