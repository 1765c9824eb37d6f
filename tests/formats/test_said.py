"""What the files say about their rows and columns: units, descriptions, UCDs, the query, how old, whether whole."""

from __future__ import annotations

import io
import re

import pytest
from astropy.io.votable import parse
from astropy.io.votable.ucd import check_ucd
from astropy.table import Table
from astropy.units import Unit
from pyarrow import parquet

from tests.formats.test_round_trip import written
from topmast_service.domain.columns import OBSERVATION, Column
from topmast_service.domain.forms import FORMS, Form
from topmast_service.formats import FORMATS, About
from topmast_service.formats.html import MOST_ROWS

COLUMNS = [*OBSERVATION.values(), Column("date_obs", "date", "", "Begin", ucd="time.start")]
ROW = {c.name: None for c in COLUMNS} | {"s_ra": 283.4, "t_min": 59733.66788310185, "obs_id": "a <b> & 'c'"}
WHOLE = About("Search s_1", {"target": "m57 r=1m"}, "Mast.Caom.Filtered", "2026-07-01T12:00:00Z", rows=1)
CUT = About("Search s_1", {"target": "]]>\x00"}, truncated="MAST gives 500,000 rows", stale=True, rows=1, notes=("a",))


def test_ecsv_and_votable_keep_units_descriptions_and_ucds() -> None:
    ecsv = Table.read(written("ecsv", COLUMNS, [ROW], WHOLE).decode(), format="ascii.ecsv")
    votable = parse(io.BytesIO(written("votable", COLUMNS, [ROW], WHOLE)), verify="exception").get_first_table()
    for column in COLUMNS:
        for found in (ecsv[column.name], votable.to_table()[column.name]):
            assert str(found.unit or "") == column.unit
            assert found.description == column.description
            assert found.meta.get("ucd", "") == column.ucd
    assert votable.get_field_by_id_or_name("date_obs").xtype == "timestamp"


def test_parquet_keeps_them_in_its_fields_and_as_votable() -> None:
    schema = parquet.read_schema(io.BytesIO(written("parquet", COLUMNS, [ROW], WHOLE)))
    told = {b"unit": b"deg", b"description": b"Right ascension, ICRS", b"ucd": b"pos.eq.ra;meta.main"}
    assert schema.field("s_ra").metadata == told
    assert (schema.metadata[b"api"], schema.metadata[b"IVOA.VOTable-Parquet.version"]) == (WHOLE.api.encode(), b"1.0")
    head = parse(io.BytesIO(schema.metadata[b"IVOA.VOTable-Parquet.content"]), verify="exception").get_first_table()
    assert [(f.name, str(f.unit or ""), f.ucd or "") for f in head.fields] == [(c.name, c.unit, c.ucd) for c in COLUMNS]


def test_a_votable_names_the_frames_of_positions_and_days() -> None:
    resource = parse(io.BytesIO(written("votable", COLUMNS, [ROW])), verify="exception").resources[0]
    assert [c.system for c in resource.coordinate_systems] == ["ICRS"]
    assert [(s.timeorigin, s.timescale) for s in resource.time_systems] == [("MJD-origin", "UTC")]
    refs = {f.name: f.ref for f in resource.tables[0].fields if f.ref}
    assert refs == {"s_ra": "icrs", "s_dec": "icrs", "t_min": "mjd", "t_max": "mjd", "t_obs_release": "mjd"}
    plain = parse(io.BytesIO(written("votable", [Column("a")], [])), verify="exception").resources[0]
    assert not [*plain.coordinate_systems, *plain.time_systems]


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_every_unit_and_ucd_that_is_shipped_is_one(form: Form) -> None:
    for column in form.columns.values():
        assert not column.ucd or check_ucd(column.ucd, check_controlled_vocabulary=True), (column.name, column.ucd)
    columns = list(form.columns.values())
    votable = parse(io.BytesIO(written("votable", columns, [])), verify="exception").get_first_table()
    assert [f.unit for f in votable.fields] == [Unit(c.unit, format="vounit") if c.unit else None for c in columns]


@pytest.mark.parametrize(("about", "said"), [(WHOLE, ["OK"]), (CUT, ["OK", "OVERFLOW"])])
def test_a_votable_says_whether_it_is_whole(about: About, said: list[str]) -> None:
    infos = parse(io.BytesIO(written("votable", COLUMNS, [ROW], about)), verify="exception").resources[0].infos
    assert [i.value for i in infos if i.name == "QUERY_STATUS"] == said
    told = {i.name: i.value for i in infos}
    assert (told["stale"], told.get("truncated")) == (str(about.stale).lower(), about.truncated)
    assert told.get("as_of") == about.as_of


def test_ecsv_says_it_in_its_meta() -> None:
    meta = Table.read(written("ecsv", COLUMNS, [ROW], CUT).decode(), format="ascii.ecsv").meta
    assert (meta["truncated"], meta["stale"], meta["query"]) == (CUT.truncated, "true", '{"target": "]]>\\u0000"}')
    assert meta["notes"][0] == "a"


def test_a_page_says_it_above_the_table_and_stops_in_time() -> None:
    about = About("rows", truncated="a reason", stale=True, as_of="2026-07-01T12:00:00Z", rows=MOST_ROWS + 5)
    columns = [Column("n", "int", "", 'what "n" <is>')]
    page = written("html", columns, [{"n": n} for n in range(MOST_ROWS + 5)], about).decode()
    above, table = page.split("<tbody>")
    for text in (f"first {MOST_ROWS:,} of {MOST_ROWS + 5:,} rows", "a reason", "rows are of 2026-07-01T12:00:00Z"):
        assert text in above
    assert (table.count("<tr>"), 'title="what &quot;n&quot; &lt;is&gt;"' in above) == (MOST_ROWS, True)
    assert not re.search(r"(src|href)\s*=|@import|url\(", page)


def test_a_page_shows_days_for_mjd_and_texts_as_they_are() -> None:
    page = written("html", COLUMNS, [ROW], WHOLE).decode()
    assert '<td class="n" title="2022-06-03 16:01 UTC">59733.66788310185</td>' in page
    assert "<td>a &lt;b&gt; &amp; &#x27;c&#x27;</td>" in page
    assert "m57 r=1m" in page


def test_a_page_cuts_long_texts_and_says_so() -> None:
    page = written("html", [Column("s_region")], [{"s_region": "<" * 20_000}, {"s_region": "<" * 300}]).decode()
    assert f"<td>{'&lt;' * 300}… (20,000 characters)</td>" in page
    assert f"<td>{'&lt;' * 300}</td>" in page


def test_the_page_needs_no_date_that_calendars_lack() -> None:
    assert b'title="">1e+30<' in written("html", [OBSERVATION["t_min"]], [{"t_min": 1e30}])


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows_are_a_file_too(name: str) -> None:
    assert written(name, COLUMNS, [])
