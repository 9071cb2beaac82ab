from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aitrader.cli.main import cli
from aitrader.model.errors import ConfigError


def invoke(folder: Path, *words: str, said: str = "") -> Result:
    arguments = ["--data-folder", str(folder), *words]
    return CliRunner().invoke(cli, arguments, input=said, standalone_mode=False)


@pytest.mark.parametrize("name", ["positions", "trades", "orders"])
def test_books_that_do_not_exist_are_one_sentence(name: str, tmp_path: Path) -> None:
    result = invoke(tmp_path, name)
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception).startswith("nothing was traded in ")


def test_books_of_a_new_account_are_empty(tmp_path: Path) -> None:
    invoke(tmp_path, "stop")
    assert invoke(tmp_path, "positions").output == "no open positions yet\n"
    assert invoke(tmp_path, "trades").output == "no trades yet\n"
    assert invoke(tmp_path, "orders", "--json").output == "[]\n"


def test_the_switch_needs_no_question_to_stop_entries(tmp_path: Path) -> None:
    assert invoke(tmp_path, "stop").output == "no new entries; exits go on\n"
    assert invoke(tmp_path, "resume").output == "entries again\n"


def test_closing_everything_asks_once(tmp_path: Path) -> None:
    result = invoke(tmp_path, "stop", "--close", said="n\n")
    assert "Close every position at market?" in result.output
    assert isinstance(result.exception, BaseException)
    assert not (tmp_path / "aitrader.sqlite").exists()
    sure = invoke(tmp_path, "stop", "--close", "--yes")
    assert "no engine runs" in str(sure.exception)
