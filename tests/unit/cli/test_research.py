from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from aitrader.cli.research import backtest, screen


@pytest.mark.parametrize("command", [backtest, screen])
def test_every_command_explains_itself(command: click.Command) -> None:
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize("command", [backtest, screen])
def test_without_a_file_it_says_what_is_missing(command: click.Command) -> None:
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 2
    assert "FILE" in result.output
