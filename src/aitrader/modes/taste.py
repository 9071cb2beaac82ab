"""A person's settings as the terminal app wants them."""

from __future__ import annotations

from aitrader.config import Settings
from aitrader.tui.taste import Taste

EXPORTS = "exports"


def taste_of(settings: Settings) -> Taste:
    """Return the looks and keys of these settings; files are written into the data folder."""
    pairs = (pair.partition("=") for pair in settings.terminal_keys.split())
    return Taste(
        theme=settings.terminal_theme,
        is_ascii=settings.terminal_ascii,
        keys={name: key for name, _, key in pairs},
        editor=settings.editor,
        exports=settings.data_folder / EXPORTS,
    )
