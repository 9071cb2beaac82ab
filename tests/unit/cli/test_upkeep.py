from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aitrader.cli.main import cli
from aitrader.model.errors import ConfigError


def invoke(folder: Path, *words: object, said: str = "") -> Result:
    arguments = ["--data-folder", str(folder), *map(str, words)]
    return CliRunner().invoke(cli, arguments, input=said, standalone_mode=False)


def test_a_backup_is_written_and_restored_after_a_question(tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    invoke(tmp_path, "stop")
    assert str(copy) in invoke(tmp_path, "backup", copy).output
    refused = invoke(tmp_path, "restore", copy, said="n\n")
    assert refused.exception is not None
    assert not list(tmp_path.glob("*.before-restore"))
    assert "kept as" in invoke(tmp_path, "restore", copy, "--yes").output


def test_without_a_database_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    assert isinstance(invoke(tmp_path, "backup").exception, ConfigError)


def test_the_doctors_bad_news_is_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKET_REST_URL", "http://127.0.0.1:9")
    result = invoke(tmp_path, "doctor")
    assert isinstance(result.exception, SystemExit)
    assert result.exception.code == 1
    assert "BAD" in result.output
