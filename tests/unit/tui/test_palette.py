"""Named styles from a theme's colors."""

from __future__ import annotations

import pytest
from textual.theme import BUILTIN_THEMES

from aitrader.tui.palette import NAMES, styles


@pytest.mark.parametrize("name", sorted(name for name in BUILTIN_THEMES if "ansi" not in name))
def test_every_theme_gives_every_style(name: str) -> None:
    theme = BUILTIN_THEMES[name].to_color_system().generate()
    found = styles(theme)
    assert set(found) == {*NAMES, ""}
    assert found["up"].color != found["down"].color


def test_the_two_modes_cannot_be_mistaken() -> None:
    found = styles(BUILTIN_THEMES["tokyo-night"].to_color_system().generate())
    assert found["paper"].bgcolor != found["live"].bgcolor
    assert found["live"].bgcolor == found["alarm"].bgcolor
