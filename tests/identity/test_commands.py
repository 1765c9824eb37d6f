"""`topmast-service users` and `keys`, the first user of `up`, and FTPS: all that signs in or lets in besides HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.api.site import Site
from topmast_service.cli import cli
from topmast_service.domain.scopes import SCOPES, USUAL
from topmast_service.embedded.first_user import first_user_key
from topmast_service.errors import Invalid, NotFound, Unauthenticated, UnknownKey
from topmast_service.ftps.run import _sign_in as ftps_sign_in


class Commands:
    """Runs commands against a site's Redis."""

    def __init__(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOPMAST_REDIS_URL", site.settings.redis_url)
        self.stores = site.api.stores

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(cli, words)

    def said(self, *words: str) -> str:
        result = self(*words)
        assert result.exit_code == 0, result.output
        return result.output.strip()


@pytest.fixture
def run(site: Site, monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(site, monkeypatch)


def test_users_are_added_changed_disabled_and_listed(run: Commands) -> None:
    assert run.said("users", "add", "vera", "--email", "vera@example.org", "--role", "portal") == "vera"
    run.said("users", "add", "vera")
    run.said("users", "change", "vera", "--email", "v@example.org")
    run.said("users", "disable", "vera")
    vera = run.stores.users.get("vera")
    assert (vera.email, vera.role, vera.disabled) == ("v@example.org", "portal", True)
    assert f"vera\tv@example.org\t{vera.created}\tportal\tdisabled" in run.said("users", "list").splitlines()
    run.said("users", "disable", "vera", "--undo")
    assert not run.stores.users.get("vera").disabled


def test_keys_are_created_listed_rotated_and_revoked(run: Commands) -> None:
    run.said("users", "add", "olga", "--role", "operator")
    words = ["--scope", "read", "--scope", "admin", "--expires", "90", "--label", "cron job"]
    key = run.said("keys", "create", "olga", *words)
    found = run.stores.keys.sign_in(key)
    assert set(found.scopes) == {"read", "admin"}
    assert found.expires
    assert (found.expires - run.stores.keys.now()).days in {89, 90}
    line = run.said("keys", "list", "olga")
    assert line.startswith(found.key_id)
    assert line.endswith("read,admin  cron job")
    assert key not in line
    new = run.said("keys", "rotate", "olga", found.key_id)
    with pytest.raises(Unauthenticated):
        run.stores.keys.sign_in(key)
    assert set(run.stores.keys.sign_in(new).scopes) == {"read", "admin"}
    third = run.said("keys", "rotate", "olga", new.split("_")[1], "--overlap", "1")
    assert run.stores.keys.sign_in(new)
    run.said("keys", "revoke", "olga", third.split("_")[1])
    with pytest.raises(Unauthenticated):
        run.stores.keys.sign_in(third)
    assert run.stores.keys.sign_in(run.said("keys", "create", "olga")).scopes == USUAL


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["users", "change", "nobody", "--role", "member"], NotFound),
        (["users", "disable", "nobody"], NotFound),
        (["users", "add", "x", "--email", "a@b\nBcc: c"], Invalid),
        (["keys", "list", "nobody"], NotFound),
        (["keys", "create", "ann", "--scope", "admin"], Invalid),
        (["keys", "rotate", "ann", "00000000"], UnknownKey),
    ],
)
def test_what_cannot_be_done_is_told(run: Commands, words: list[str], error: type[Exception]) -> None:
    assert isinstance(run(*words).exception, error)


def test_the_first_user_of_up_is_an_operator(site: Site, tmp_path: Path) -> None:
    stores, file = site.api.stores, tmp_path / "api_key"
    key = first_user_key(stores.users, stores.keys, "astronomer", file)
    found = stores.keys.sign_in(key)
    assert (found.user.role, found.scopes) == ("operator", SCOPES)
    assert first_user_key(stores.users, stores.keys, "astronomer", file) == key
    assert len(stores.keys.of("astronomer")) == 1


def test_the_first_user_of_an_earlier_release_becomes_one_unless_there_is_another(site: Site, tmp_path: Path) -> None:
    stores, file = site.api.stores, tmp_path / "api_key"
    stores.users.add("astronomer")
    file.write_text(stores.keys.new("astronomer").secret)
    first_user_key(stores.users, stores.keys, "astronomer", file)
    assert stores.users.get("astronomer").role == "operator"
    stores.users.add("olga", role="operator")
    stores.users.change("astronomer", role="member")
    first_user_key(stores.users, stores.keys, "astronomer", file)
    assert stores.users.get("astronomer").role == "member"


def test_a_first_user_who_was_disabled_gets_no_new_key_at_each_start(site: Site, tmp_path: Path) -> None:
    stores, file = site.api.stores, tmp_path / "api_key"
    key = first_user_key(stores.users, stores.keys, "astronomer", file)
    stores.users.change("astronomer", disabled=True)
    assert first_user_key(stores.users, stores.keys, "astronomer", file) == key
    assert len(stores.keys.of("astronomer")) == 1


def test_ftps_takes_keys_that_may_read(site: Site) -> None:
    stores = site.api.stores
    reading, searching = (stores.keys.new("ann", scopes=(scope,)).secret for scope in ("read", "search"))
    assert ftps_sign_in(stores, "ann", reading)
    assert not ftps_sign_in(stores, "bob", reading)
    assert not ftps_sign_in(stores, "ann", searching)
    stores.users.change("ann", disabled=True)
    assert not ftps_sign_in(stores, "ann", reading)
