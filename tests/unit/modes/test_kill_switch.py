"""The switch from a shell, while no engine runs; `tests/scenario` pulls it on one that does."""

from __future__ import annotations

from pathlib import Path

import pytest

from aitrader.config import read_settings
from aitrader.model.errors import ConfigError
from aitrader.modes.kill_switch import resume_trading, stop_trading


def test_entries_are_stopped_and_resumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = read_settings(data_folder=tmp_path, environ={})
    stop_trading(settings, is_closing=False, is_ending=False)
    resume_trading(settings)
    assert capsys.readouterr().out == "no new entries; exits go on\nentries again\n"


def test_closing_and_ending_need_an_engine(tmp_path: Path) -> None:
    settings = read_settings(data_folder=tmp_path, environ={})
    with pytest.raises(ConfigError, match="no engine runs"):
        stop_trading(settings, is_closing=True, is_ending=False)
    with pytest.raises(ConfigError, match="no engine runs"):
        stop_trading(settings, is_closing=False, is_ending=True)
