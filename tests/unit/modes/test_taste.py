"""Settings as looks and keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from aitrader.config import read_settings
from aitrader.model.errors import ConfigError
from aitrader.modes.taste import taste_of
from aitrader.tui.taste import Taste


def test_without_settings_the_taste_is_the_apps_own(tmp_path: Path) -> None:
    settings = read_settings(data_folder=tmp_path, environ={})
    assert taste_of(settings) == Taste(exports=tmp_path / "exports")


def test_keys_theme_signs_and_editor_come_from_the_settings(tmp_path: Path) -> None:
    variables = {
        "TERMINAL_KEYS": "zoom=f  trader.edit=v,ctrl+v",
        "TERMINAL_THEME": "nord",
        "TERMINAL_ASCII": "true",
        "EDITOR": "nano -l",
    }
    taste = taste_of(read_settings(data_folder=tmp_path, environ=variables))
    assert taste.keys == {"zoom": "f", "trader.edit": "v,ctrl+v"}
    assert (taste.theme, taste.is_ascii, taste.editor) == ("nord", True, "nano -l")


def test_keys_that_are_no_pairs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TERMINAL_KEYS takes pairs such as zoom=f"):
        read_settings(data_folder=tmp_path, environ={"TERMINAL_KEYS": "zoom f"})
