"""The newer mission search API through MastMissions."""

import pytest

from tests.astroquery.astroquery_process import SnippetError

FIND = """
missions = MastMissions(mission='jwst')
rows = missions.query_criteria(program=2733, instrume='MIRI')
"""


def test_criteria(run):
    found = run(
        FIND
        + """
result = [len(rows), sorted(set(map(int, rows['program']))), sorted(set(rows['instrume'])), rows.colnames]
"""
    )

    assert found[0] > 0
    assert found[1:3] == [[2733], ["MIRI"]]
    assert {"fileSetName", "exp_type", "opticalElements", "access"} <= set(found[3])


def test_operators_live_in_the_value(run):
    found = run("""
        missions = MastMissions(mission='jwst')
        rows = missions.query_criteria(program='2733', instrume='!MIRI', duration='>10', targ_dec='-90..0')
        result = [sorted(set(rows['instrume'])), bool(min(rows['duration']) > 10)]
    """)

    assert found == [["NIRCAM"], True]


def test_a_region_with_columns_and_order(run):
    found = run("""
        from astropy.coordinates import SkyCoord
        missions = MastMissions(mission='jwst')
        rows = missions.query_region(SkyCoord(283.3962, 33.0292, unit='deg'), radius=2,
                                     select_cols=['instrume', 'date_obs'], sort_by='date_obs', sort_desc=True)
        result = [rows.colnames, list(rows['date_obs']), float(max(rows['ang_sep']))]
    """)

    columns, dates, farthest = found
    assert {"fileSetName", "instrume", "date_obs", "ang_sep"} <= set(columns)
    assert dates == sorted(dates, reverse=True)
    assert farthest <= 2


def test_products_and_download(run, sandbox, tmp_path):
    found = run(
        FIND
        + """
rows = missions.query_criteria(program=2733, instrume='MIRI', productLevel='2a')
products = missions.get_product_list(rows[:1])
wanted = missions.filter_products(products, file_suffix='_rate')
told = missions.download_products(wanted, download_dir=directory)
result = [list(told['Status']), [str(path) for path in told['Local Path']], str(rows['fileSetName'][0])]
""",
        directory=tmp_path,
    )

    statuses, paths, name = found
    assert set(statuses) == {"COMPLETE"}
    assert all(f"mastDownload/jwst/{name}/" in path for path in paths)
    assert sandbox.requests()["total"]["bytes"] > 0


def test_an_unknown_column_is_told_with_a_near_name(run):
    with pytest.raises(SnippetError) as raised:
        run("MastMissions(mission='jwst').query_criteria(filesetName='x')")

    assert raised.value.kind == "InvalidQueryError"
    assert "fileSetName" in raised.value.text


def test_the_limit_is_told(run):
    found = run("""
        missions = MastMissions(mission='jwst')
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter('always')  # a full page is a warning, which is the point here
            rows = missions.query_criteria(program=2733, limit=2)
        result = [len(rows), [type(one.message).__name__ for one in told]]
    """)

    assert found == [2, ["MaxResultsWarning"]]


def test_hubble(run):
    found = run("""
        missions = MastMissions(mission='hst')
        rows = missions.query_object('M57', radius=1)
        result = [len(rows), len(missions.get_product_list(rows[:1]))]
    """)

    assert all(found)
