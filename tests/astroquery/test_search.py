"""Searches, as the MAST Primer for JWST and astroquery's documentation do them."""

import pytest

from tests.astroquery.astroquery_process import SnippetError

PRIMER = "obs_collection='JWST', proposal_id='1073', filters='F277W'"


def test_a_bare_instrument_finds_only_bare_rows(run):
    """The Primer's query, to the letter: MAST matches whole values, and today's rows name the mode."""
    found = run(f"""
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # that nothing is found is a NoResultsWarning
            primer = Observations.query_criteria({PRIMER}, instrument_name='Nircam')
        anywhere = Observations.query_criteria(obs_collection='JWST', instrument_name='Nircam')
        result = [len(primer), sorted(set(anywhere['instrument_name']))]
    """)

    assert found == [0, ["NIRCAM"]]


def test_a_wildcard_finds_every_mode(run):
    found = run(f"""
        rows = Observations.query_criteria({PRIMER}, instrument_name='Nircam*')
        result = {{'modes': sorted(set(rows['instrument_name'])), 'columns': rows.colnames,
                  'filters': sorted(set(rows['filters'])), 'ids': str(rows['obsid'].dtype.kind)}}
    """)

    assert "NIRCAM/IMAGE" in found["modes"]
    assert all(mode.startswith("NIRCAM") for mode in found["modes"])
    assert all("F277W" in one.split(";") for one in found["filters"])
    assert found["columns"][:4] == ["intentType", "obs_collection", "provenance_name", "instrument_name"]
    assert len(found["columns"]) == 33
    assert found["ids"] == "U"  # numbers on the wire, text in the table, as get_product_list needs them


def test_count_is_the_number_of_rows(run):
    count, rows = run(f"""
        result = [Observations.query_criteria_count({PRIMER}, instrument_name='Nircam*'),
                  len(Observations.query_criteria({PRIMER}, instrument_name='Nircam*'))]
    """)

    assert count == rows > 0


def test_an_object_is_resolved_and_searched_around(run, sandbox):
    found = run("""
        rows = Observations.query_object('M57', radius='1 arcmin')
        result = {'collections': sorted(set(rows['obs_collection'])), 'farthest': max(rows['distance'])}
    """)

    assert {"JWST", "HST"} <= set(found["collections"])
    assert 0 <= found["farthest"] <= 60
    assert sandbox.requests()["services"]["resolver"] == 1


def test_criteria_around_a_position(run):
    found = run("""
        from astropy.coordinates import SkyCoord
        rows = Observations.query_criteria(coordinates=SkyCoord(283.3962, 33.0292, unit='deg'), radius='2 arcmin',
                                           obs_collection='JWST', instrument_name='MIRI/*')
        result = {'programs': sorted(set(rows['proposal_id'])), 'near': max(rows['distance']) <= 120,
                  'last': rows.colnames[-2:]}
    """)

    assert "1558" in found["programs"]
    assert found["near"]
    assert found["last"] == ["objID1", "distance"]


def test_a_range_and_a_list(run):
    found = run("""
        rows = Observations.query_criteria(proposal_id=['1558', '1073'], t_exptime=[100, 2000],
                                           calib_level=[2, 3])
        result = {'programs': sorted(set(rows['proposal_id'])), 'levels': sorted(set(map(int, rows['calib_level']))),
                  'shortest': min(rows['t_exptime']), 'longest': max(rows['t_exptime'])}
    """)

    assert found["programs"] == ["1073", "1558"]
    assert set(found["levels"]) <= {2, 3}
    assert 100 <= found["shortest"] <= found["longest"] <= 2000


def test_letter_case_of_a_value_does_not_matter(run):
    lower, upper = run("""
        result = [Observations.query_criteria_count(target_name='ngc-3132', obs_collection='jwst'),
                  Observations.query_criteria_count(target_name='NGC-3132', obs_collection='JWST')]
    """)

    assert lower == upper > 0


def test_an_unknown_column_is_told_by_the_client_with_a_near_name(run):
    with pytest.raises(SnippetError) as raised:
        run("Observations.query_criteria(instrument='NIRCAM')")

    assert raised.value.kind == "InvalidQueryError"
    assert "instrument_name" in raised.value.text


def test_a_column_that_only_the_server_can_refuse(run):
    with pytest.raises(SnippetError) as raised:
        run("""Mast.mast_query('Mast.Caom.Filtered', columns='nonsense', proposal_id=['1073'])""")

    assert raised.value.kind == "RemoteServiceError"
    assert "nonsense" in raised.value.text


def test_nothing_found_is_an_empty_table_with_a_warning(run):
    found = run("""
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter('always')  # the one expected here is what the test is about
            rows = Observations.query_criteria(proposal_id='99999')
        result = [len(rows), [type(one.message).__name__ for one in told]]
    """)

    assert found == [0, ["NoResultsWarning"]]


def test_pages_come_together_to_one_table(run, sandbox):
    whole, paged, distinct = run(f"""
        whole = Observations.query_criteria({PRIMER}, instrument_name='Nircam*')
        paged = Observations.query_criteria({PRIMER}, instrument_name='Nircam*', pagesize=3)
        result = [len(whole), len(paged), len(set(paged['obsid']))]
    """)

    assert whole == paged == distinct
    assert sandbox.requests()["services"]["Mast.Caom.Filtered"] == 1 + -(-whole // 3)


def test_executing_is_polled_until_it_is_done(run, sandbox):
    sandbox.set(hold_seconds=0.05)
    sandbox.post("slow", polls=3)

    rows = run(f"result = len(Observations.query_criteria({PRIMER}, instrument_name='Nircam*'))")

    assert rows > 0
    assert sandbox.requests()["services"]["Mast.Caom.Filtered"] == 4


def test_a_query_that_takes_longer_than_one_poll(run, sandbox):
    sandbox.set(hold_seconds=0.2)
    sandbox.post("slow", seconds=0.5)

    run("result = Observations.query_criteria_count(proposal_id='1073')")

    assert sandbox.requests()["services"]["Mast.Caom.Filtered"] == 3


def test_missions_are_read_from_the_histogram(run):
    found = run("result = list(Observations.list_missions())")

    assert {"JWST", "HST"} <= set(found)
    assert found == sorted(found)


def test_metadata_describe_every_column(run):
    found = run("""
        rows, products = (Observations.get_metadata(kind) for kind in ('observations', 'products'))
        result = {'observations': list(rows['Column Name']), 'products': list(products['Column Name']),
                  'columns': rows.colnames}
    """)

    assert {"obs_id", "t_obs_release", "provenance_name", "distance"} <= set(found["observations"])
    assert "productSubGroupDescription" in found["products"]
    assert {"Units", "Description", "Examples/Valid Values"} <= set(found["columns"])


def test_instrument_keywords(run):
    found = run("""
        rows = Mast.mast_query('Mast.Jwst.Filtered.Nirspec', columns='filename,program,dataURI',
                               program=['2736'])
        result = {'rows': len(rows), 'programs': sorted(set(map(int, rows['program']))), 'columns': rows.colnames}
    """)

    assert found["rows"] > 0
    assert found["programs"] == [2736]
    assert found["columns"] == ["filename", "program", "dataURI"]
