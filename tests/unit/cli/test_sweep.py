from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.unit.backtest.studies import SOURCE
from tests.unit.modes.asking import fill

from aitrader.backtest.sweep import OBJECTIVES
from aitrader.cli.main import cli
from aitrader.cli.sweep import OBJECTIVES as OFFERED
from aitrader.cli.sweep import sweep
from aitrader.model.errors import ConfigError


def test_it_explains_itself() -> None:
    result = CliRunner().invoke(sweep, ["--help"])
    assert result.exit_code == 0
    assert "--walk-forward" in result.output and "--candles" in result.output


def test_what_can_be_best_is_what_there_is() -> None:
    assert OFFERED == OBJECTIVES


def test_a_cluster_that_is_not_there_is_told(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "above.py").write_text(SOURCE, encoding="utf-8")
    given = ["sweep", str(tmp_path / "above.py"), "--candles", str(tmp_path), "--set", "FAST=2,3"]
    given += ["--data-folder", str(tmp_path / "data"), "--cluster", "nowhere"]
    result = CliRunner().invoke(cli, given)
    assert isinstance(result.exception, ConfigError)


@pytest.mark.slow
def test_a_guided_search_from_the_command_line(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    fill(tmp_path)
    (tmp_path / "above.py").write_text(SOURCE, encoding="utf-8")
    given = ["sweep", str(tmp_path / "above.py"), "--candles", str(tmp_path), "--set", "FAST=2..30"]
    given += ["--data-folder", str(tmp_path / "data"), "--search", "guided", "--tries", "4"]
    result = CliRunner().invoke(cli, [*given, "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert "4 of 29 combinations" in result.output
