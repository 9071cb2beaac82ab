"""A row as a line of its columns."""

from __future__ import annotations

from rich.style import Style

from aitrader.tui.columns import Cell, Column
from aitrader.tui.sheet import Sheet

COLUMNS: tuple[Column[str], ...] = (
    Column("Name", 6, lambda row, _: Cell(row)),
    Column("Sign", 4, lambda row, _: Cell("▲", "up"), is_right=True),
    Column("More", 9, lambda row, _: Cell("more", "up"), rank=1),
)


def line(row: str, width: int, *, is_ascii: bool = False) -> tuple[str, int]:
    """Return the text of a row's line and of how many segments it is made."""
    sheet = Sheet(COLUMNS)
    sheet.fit(width)
    strip = sheet.line(row, lambda style: Style(), is_ascii=is_ascii)
    assert strip.cell_length == width - 1
    return "".join(segment.text for segment in strip), len(list(strip))


def test_labels_stand_over_their_columns() -> None:
    sheet = Sheet(COLUMNS)
    sheet.fit(24)
    assert sheet.header() == " Name   Sign More     "


def test_neighbors_of_one_style_are_one_segment() -> None:
    assert line("BTCUSDT", 24) == (" BTCUS…    ▲ more      ", 2)


def test_a_column_that_does_not_fit_leaves_whole() -> None:
    assert line("BTC", 16)[0] == " BTC       ▲   "


def test_signs_may_be_plain() -> None:
    assert line("BTC", 16, is_ascii=True)[0] == " BTC       ^   "


def test_a_width_below_the_least_is_cut() -> None:
    assert line("BTCUSDT", 8)[0] == " BTCUS…"
