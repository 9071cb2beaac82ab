"""Signals: order, cells, detail."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from aitrader.model.view import SignalRow
from aitrader.tui.panels.signals import COLUMNS, LIMIT, Signals

ROW = SignalRow("s-1", 60_000, "Dip", "BTCUSDT", 100.0, ("a", "b"), "ENTERED", "")


def test_the_newest_is_first_and_only_so_many_are_kept() -> None:
    signals = Signals()
    for number in range(LIMIT + 5):
        signals.put(f"s-{number}", replace(ROW, signal_id=f"s-{number}", at_ms=number))
    signals.settle()
    assert len(signals.rows) == LIMIT
    assert signals.selected is not None
    assert signals.selected.at_ms == LIMIT + 4


@pytest.mark.parametrize(("note", "why"), [("", "a · b"), ("no cash", "no cash")])
def test_why_is_the_note_or_the_conditions(note: str, why: str) -> None:
    column = next(column for column in COLUMNS if column.label == "Why")
    assert column.cell(replace(ROW, note=note), 20).text == why


def test_an_unknown_status_is_shown_calmly() -> None:
    column = next(column for column in COLUMNS if column.label == "Status")
    assert column.cell(replace(ROW, status="ODD"), 8) == ("odd", "dim")


def test_the_detail_lists_every_condition_that_held() -> None:
    title, pairs = Signals().detail(ROW)
    assert title == "BTCUSDT entered"
    assert ("held", "✓ a") in list(pairs)
    assert ("", "✓ b") in list(pairs)
