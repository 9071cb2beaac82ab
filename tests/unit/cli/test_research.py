from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tests.unit.modes.asking import fill
from tests.unit.modes.test_replay_check import a_day, recorded

from aitrader.cli.main import cli
from aitrader.cli.research import backtest, replay_check, screen
from aitrader.model.errors import ConfigError
from aitrader.model.events import PositionClosed, SignalRaised


@pytest.mark.parametrize("command", [backtest, replay_check, screen])
def test_every_command_explains_itself(command: click.Command) -> None:
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize("command", [backtest, screen])
def test_without_a_file_it_says_what_is_missing(command: click.Command) -> None:
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 2
    assert "FILE" in result.output


def test_a_day_needs_a_beginning_and_an_end(tmp_path: Path) -> None:
    result = CliRunner().invoke(replay_check, ["--from", "2025-01-01"])
    assert result.exit_code == 2 and "--to" in result.output
    given = ["--from", "2025-01-01", "--to", "2025-01-02", "--data-folder", str(tmp_path)]
    result = CliRunner().invoke(cli, ["replay-check", *given])
    assert isinstance(result.exception, ConfigError)


def test_what_nobody_can_explain_is_exit_code_1(tmp_path: Path) -> None:
    folder = fill(tmp_path)
    facts, _trader = a_day(folder)
    kept = [row for row in facts if not isinstance(row, PositionClosed | SignalRaised)]
    recorded(folder, kept)
    given = ["--from", "2025-01-01", "--to", "2025-01-03", "--data-folder", str(folder / "data")]
    result = CliRunner().invoke(cli, ["replay-check", *given, "--candles", str(folder)])
    assert result.exit_code == 1 and "could not be explained" in result.output
