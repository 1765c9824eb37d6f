"""Login and exclusive access: tokens, grants, and what the clock opens."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.astroquery.astroquery_process import SnippetError

ALICE = "a11ce0000000000000000000000a11ce"  # may have every program; docs/sandbox.md
BOB = "b0b00000000000000000000000000b0b"  # no program

EXCLUSIVE = """
rows = Observations.query_criteria(obs_collection='JWST', dataRights='EXCLUSIVE_ACCESS', calib_level=[3])
row = rows[0]
wanted = Observations.filter_products(Observations.get_product_list(row), mrp_only=True, extension='fits')[:1]
"""
DOWNLOAD = """
told = Observations.download_products(wanted, download_dir=directory)
result = {'status': told['Status'][0], 'message': str(told['Message'][0]),
          'release': float(row['t_obs_release']), 'program': str(row['proposal_id'])}
"""


def test_a_good_token_is_welcome(run):
    found = run(
        """
Observations.login(token=token)
info = Observations.session_info(verbose=False)
result = [Observations.authenticated(), info['anon'], info['ezid']]
""",
        token=ALICE,
    )

    assert found == [True, False, "alice"]


def test_a_bad_token_is_refused(run):
    with pytest.raises(SnippetError) as raised:
        run("Observations.login(token='0' * 32)")

    assert raised.value.kind == "LoginError"


def test_nobody_is_anonymous(run):
    found = run("result = Observations.session_info(verbose=False)")

    assert found["anon"] is True
    assert found["ezid"] == "anonymous"


def test_an_exclusive_file_is_an_error_row_for_anonymous(run, tmp_path):
    found = run(EXCLUSIVE + DOWNLOAD, directory=tmp_path)

    assert found["status"] == "ERROR"
    assert "401" in found["message"]


@pytest.mark.parametrize(("token", "status"), [(ALICE, "COMPLETE"), (BOB, "ERROR")])
def test_a_token_opens_what_its_user_was_granted(run, tmp_path, token, status):
    login = "Observations.login(token=token)\n"

    found = run(login + EXCLUSIVE + DOWNLOAD, directory=tmp_path, token=token)

    assert found["status"] == status


def test_a_token_minted_for_the_program_opens_it(run, sandbox, tmp_path):
    program = run(EXCLUSIVE + DOWNLOAD, directory=tmp_path)["program"]
    token = sandbox.post("tokens", user="dora", programs=[program])["token"]

    found = run("Observations.login(token=token)\n" + EXCLUSIVE + DOWNLOAD, directory=tmp_path, token=token)

    assert found["status"] == "COMPLETE"


def test_after_its_release_date_anybody_may_have_it(run, sandbox, tmp_path):
    later = "result = Observations.download_file(uri, local_path=directory + '/later.fits')[0]"
    uri, release = run(EXCLUSIVE + "result = [str(wanted['dataURI'][0]), float(row['t_obs_release'])]")
    sandbox.post("clock", now=(datetime(1858, 11, 17, tzinfo=UTC) + timedelta(days=release + 1)).isoformat())

    assert run(later, uri=uri, directory=tmp_path) == "COMPLETE"


def test_a_token_ends_after_ten_days_unused(run, sandbox):
    token = sandbox.post("tokens", user="eve")["token"]
    sandbox.post("clock", advance=10 * 86400 + 1)

    with pytest.raises(SnippetError) as raised:
        run("Observations.login(token=token)", token=token)

    assert raised.value.kind == "LoginError"


def test_a_revoked_token_is_refused(run, sandbox):
    token = sandbox.post("tokens", user="finn")["token"]
    sandbox.post("tokens", revoke=token)

    with pytest.raises(SnippetError) as raised:
        run("Observations.login(token=token)", token=token)

    assert raised.value.kind == "LoginError"
