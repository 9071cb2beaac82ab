"""A log row's cells."""

from __future__ import annotations

import pytest

from aitrader.model.view import LogRow
from aitrader.tui.panels.log import line


@pytest.mark.parametrize(
    ("level", "shown", "style"),
    [
        ("INFO", "INFO  ", "dim"),
        ("WARNING", "WARN  ", "warn"),
        ("ERROR", "ERROR ", "down"),
        ("CRITICAL", "FATAL ", "alarm"),
        ("ODD", "ODD   ", "dim"),
    ],
)
def test_a_level_has_its_word_and_its_color(level: str, shown: str, style: str) -> None:
    cells = line(LogRow(1_735_741_500_000, level, "hello"), 30)
    assert cells[0].text == " 14:25:00 "
    assert cells[1] == (shown, style)
    assert sum(len(cell.text) for cell in cells) == 29


def test_a_long_line_is_cut_with_an_ellipsis() -> None:
    assert line(LogRow(1, "INFO", "x" * 99), 30)[2].text.endswith("x…")
