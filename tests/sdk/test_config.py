"""Argument before environment before file, and a key goes only to its own service."""

from __future__ import annotations

import json

import pytest

import topmast


@pytest.fixture
def config(monkeypatch, tmp_path):
    """Write config.toml."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def write(text: str) -> None:
        (tmp_path / "topmast").mkdir(exist_ok=True)
        (tmp_path / "topmast" / "config.toml").write_text(text)

    return write


def url_of(client: topmast.Client) -> tuple[str, str]:
    with client:
        return client.url, client._session.transport._client.headers["authorization"]


FILE = 'url = "http://file:1"\napi_key = "filekey"\n'


def test_the_file_alone(config) -> None:
    config(FILE)
    assert url_of(topmast.Client()) == ("http://file:1", "Bearer filekey")


def test_the_environment_before_the_file(config, monkeypatch) -> None:
    config(FILE)
    monkeypatch.setenv("TOPMAST_URL", "http://env:2")
    monkeypatch.setenv("TOPMAST_API_KEY", "envkey")
    assert url_of(topmast.Client()) == ("http://env:2", "Bearer envkey")


def test_arguments_before_all(config, monkeypatch) -> None:
    config("this is not read = ")
    monkeypatch.setenv("TOPMAST_URL", "http://env:2")
    monkeypatch.setenv("TOPMAST_API_KEY", "envkey")
    assert url_of(topmast.Client("http://arg:3/", "argkey")) == ("http://arg:3", "Bearer argkey")


def test_the_files_key_is_not_sent_to_another_address(config) -> None:
    config(FILE)
    with pytest.raises(topmast.ConfigError, match="is for http://file:1"):
        topmast.Client("http://stranger:4")


def test_home_is_used_when_xdg_is_not_absolute(config, monkeypatch, tmp_path) -> None:
    (tmp_path / ".config").mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    config(FILE)
    (tmp_path / "topmast").rename(tmp_path / ".config" / "topmast")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert url_of(topmast.Client())[0] == "http://file:1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no address"),
        ('url = "http://h"', "no API key"),
        ("url = ", "cannot read"),
        ("url = 3", "not text"),
        ('url = "http://h"\napi_key = 7', "not text"),
        ('url = "ftp://h"\napi_key = "k"', "plain http"),
    ],
)
def test_what_is_wrong_with_the_file_is_said(config, text, words) -> None:
    config(text)
    with pytest.raises(topmast.ConfigError, match=words):
        topmast.Client()


@pytest.mark.parametrize(
    "url", ["h:1", "http://", "http://h:99999", "http://u:secret@h", "http://h/?a=1", "http://h/#x", "http://[::1"]
)
def test_an_address_that_is_none(url) -> None:
    with pytest.raises(topmast.ConfigError) as caught:
        topmast.Client(url, "k")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["a b", "line\nbreak", "kéy", "tab\t"])
def test_a_key_that_is_none_is_refused_without_showing_it(key) -> None:
    with pytest.raises(topmast.ConfigError) as caught:
        topmast.Client("http://h", key)
    assert key not in str(caught.value)


def test_endpoint_json(tmp_path) -> None:
    file = tmp_path / "endpoint.json"
    file.write_text(json.dumps({"url": "http://127.0.0.1:5", "api_key": "k", "ftps": {}, "new": 1}))
    assert url_of(topmast.Client.from_endpoint(file)) == ("http://127.0.0.1:5", "Bearer k")


@pytest.mark.parametrize("text", [None, "{", "[]", '{"url": "http://h"}', '{"api_key": "k"}'])
def test_endpoint_json_that_is_none(tmp_path, text) -> None:
    file = tmp_path / "endpoint.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(topmast.ConfigError):
        topmast.Client.from_endpoint(file)
