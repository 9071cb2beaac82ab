"""Traders: cells and detail."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from aitrader.model.view import TraderRow
from aitrader.tui.panels.traders import COLUMNS, Traders

ROW = TraderRow("dip", "Dip", "PAPER", True, "watching", "5m", 50, 3, 0, "-1.5", 60_000)


@pytest.mark.parametrize(
    ("row", "style"),
    [
        (ROW, "dim"),
        (replace(ROW, state="warming up 40/223"), "dim"),
        (replace(ROW, state="filter failed"), "warn"),
        (replace(ROW, is_enabled=False, state="off"), "faint"),
    ],
)
def test_a_state_that_wants_a_person_is_seen(row: TraderRow, style: str) -> None:
    state = next(column for column in COLUMNS if column.label == "State")
    assert state.cell(row, 17) == (row.state, style)


def test_cells_say_on_or_off_live_or_paper_and_the_result() -> None:
    def cells(row: TraderRow) -> dict[str, tuple[str, str]]:
        return {column.label: column.cell(row, 9) for column in COLUMNS}

    paper, live = cells(ROW), cells(replace(ROW, mode="LIVE", is_enabled=False, pnl="0"))
    assert (paper[""], live[""]) == (("●", "up"), ("○", "faint"))
    assert (paper["Mode"], live["Mode"]) == (("paper", "dim"), ("live", "down"))
    assert (paper["P&L"], live["P&L"]) == (("-1.50", "down"), ("0.00", "dim"))
    assert (paper["Signals"], paper["Open"]) == (("3", ""), ("0", "faint"))


def test_the_detail_says_when_a_trader_is_off() -> None:
    title, pairs = Traders().detail(replace(ROW, is_enabled=False))
    assert title == "Dip"
    assert dict(pairs)["state"] == "watching (off)"


def test_a_narrow_column_keeps_how_far_warming_up_has_come() -> None:
    state = next(column for column in COLUMNS if column.label == "State")
    warming = replace(ROW, state="warming up 40/223")
    assert state.cell(warming, 8).text == "40/223"
    assert state.cell(warming, 17).text == "warming up 40/223"
