"""Tokens: made once, kept as hashes, compared with all, expired and revoked."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from aitrader.api.tokens import LOCAL, Caller, Gate, Scope, TokenFile
from aitrader.model.errors import ConfigError

NOW_MS = 1_000_000


def a_gate(path: Path, *, api_key: str = "") -> Gate:
    return Gate(TokenFile(path), api_key=api_key, now_ms=lambda: NOW_MS)


def test_only_the_hash_is_kept_and_only_for_this_user(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "tokens.json"
    secret = TokenFile(path).create("phone", Scope.READ, now_ms=1)
    assert secret not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert a_gate(path).find(secret) == Caller("phone", Scope.READ)


def test_a_wrong_secret_is_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    TokenFile(path).create("phone", Scope.FULL, now_ms=1)
    gate = a_gate(path)
    assert gate.find("wrong") is None
    assert gate.find("") is None
    assert gate.find("\udcff") is None


def test_an_expired_token_counts_no_more(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    secret = TokenFile(path).create("old", Scope.FULL, now_ms=1, expires_ms=NOW_MS)
    fresh = TokenFile(path).create("new", Scope.FULL, now_ms=1, expires_ms=NOW_MS + 1)
    assert a_gate(path).find(secret) is None
    assert a_gate(path).find(fresh) == Caller("new", Scope.FULL)


def test_a_token_that_is_revoked_counts_no_more_at_once(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    secret = TokenFile(path).create("phone", Scope.FULL, now_ms=1)
    gate = a_gate(path)
    assert gate.find(secret) is not None
    TokenFile(path).revoke("phone")
    assert gate.find(secret) is None
    assert gate.find("anything") is None  # the door does not open with the last token


def test_without_a_token_everybody_is_local(tmp_path: Path) -> None:
    gate = a_gate(tmp_path / "tokens.json")
    assert gate.is_open
    assert gate.find("") == LOCAL


def test_a_first_token_closes_the_door_of_a_server_that_runs(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    gate = a_gate(path)
    assert gate.find("") == LOCAL
    TokenFile(path).create("phone", Scope.FULL, now_ms=1)
    assert not gate.is_open
    assert gate.find("") is None


def test_the_api_key_is_the_first_token(tmp_path: Path) -> None:
    gate = a_gate(tmp_path / "tokens.json", api_key="sixteen-letters!")
    assert not gate.is_open
    assert gate.find("sixteen-letters!") == Caller("api-key", Scope.FULL)


def test_a_short_api_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least 16 characters, found 5"):
        a_gate(tmp_path / "tokens.json", api_key="short")


@pytest.mark.parametrize(
    "key", ["mit-Umlaut-\u00e4-und-lang", "with a space in it", "x" * 20 + "\n"]
)
def test_an_api_key_that_no_header_can_hold_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="no spaces: it travels in a header") as caught:
        a_gate(tmp_path / "tokens.json", api_key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("name", ["", "api-key", "local", "a b", "x" * 41, "../x"])
def test_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="a token's name is"):
        TokenFile(tmp_path / "tokens.json").create(name, Scope.FULL, now_ms=1)


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "tokens.json")
    file.create("phone", Scope.FULL, now_ms=1)
    with pytest.raises(ConfigError, match="there is a token phone already"):
        file.create("phone", Scope.READ, now_ms=1)
    with pytest.raises(ConfigError, match="there is no token car; there are: phone"):
        file.revoke("car")


def test_a_broken_file_is_said_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text("{")
    with pytest.raises(ConfigError, match="cannot read the tokens"):
        TokenFile(path).load()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="the tokens"):
        TokenFile(tmp_path / "file" / "tokens.json").create("a", Scope.FULL, now_ms=1)


def test_a_file_that_breaks_under_a_server_lets_in_nobody_but_the_api_key(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "tokens.json"
    secret = TokenFile(path).create("phone", Scope.FULL, now_ms=1)
    gate = a_gate(path, api_key="sixteen-letters!")
    good = path.read_text()
    path.write_text("{")
    for _ in range(3):
        assert gate.find(secret) is None
    assert gate.find("sixteen-letters!") == Caller("api-key", Scope.FULL)
    assert len(caplog.records) == 1
    assert "nobody is let in but by API_KEY" in caplog.text
    path.write_text(good)
    assert gate.find(secret) == Caller("phone", Scope.FULL)


def test_a_file_that_breaks_opens_no_door(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    gate = a_gate(path)
    path.write_text("{")
    assert not gate.is_open
    assert gate.find("") is None
    path.unlink()
    assert not gate.is_open
    path.write_text("{")
    with pytest.raises(ConfigError, match="cannot read the tokens"):
        a_gate(path)
