"""`aitrader token`: made, listed, revoked."""

from __future__ import annotations

from pathlib import Path

import pytest

from aitrader.config import read_settings
from aitrader.model.errors import ConfigError
from aitrader.modes.token import create_token, list_tokens, revoke_token


def test_a_token_is_shown_once_and_listed_without_its_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = read_settings(data_folder=tmp_path, environ={})
    create_token(settings, "phone", is_read_only=True, days=3)
    create_token(settings, "laptop", is_read_only=False, days=None)
    secrets = capsys.readouterr().out.split()
    assert all(secret.startswith("ait_") for secret in secrets)
    list_tokens(settings)
    listed = capsys.readouterr().out
    assert "phone  read  made 20" in listed
    assert "laptop  full" in listed
    assert "never expires" in listed
    assert not any(secret in listed for secret in secrets)
    revoke_token(settings, "phone")
    assert capsys.readouterr().out == "phone is revoked\n"


def test_a_token_that_has_expired_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = read_settings(data_folder=tmp_path, environ={})
    create_token(settings, "old", is_read_only=True, days=-1)
    list_tokens(settings)
    assert "expired 20" in capsys.readouterr().out


def test_revoking_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no token x; there are: none"):
        revoke_token(read_settings(data_folder=tmp_path, environ={}), "x")
