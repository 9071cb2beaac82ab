"""Positions: order, cells, sums, detail."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from aitrader.model.view import PositionRow
from aitrader.tui.columns import Cell
from aitrader.tui.panels.positions import Positions

ROW = PositionRow(
    "p-1", "Dip", "BTCUSDT", "LONG", "OPEN", "0.01", 100.0, 101.0, 98.0, None, 1.0, 1.0,
    60_000, None, "", (1.0, 2.0),
)  # fmt: skip


def cells_of(positions: Positions, row: PositionRow) -> dict[str, Cell]:
    return {column.label: column.cell(row, 11) for column in positions.columns}


def test_open_positions_stand_above_closed_ones_and_the_newest_first() -> None:
    positions = Positions()
    rows = (
        replace(ROW, position_id="old", opened_ms=1),
        replace(ROW, position_id="gone", status="CLOSED", closed_ms=5),
        replace(ROW, position_id="new", opened_ms=9),
        replace(ROW, position_id="gone later", status="CLOSED", closed_ms=6),
    )
    for row in rows:
        positions.put(row.position_id, row)
    positions.settle()
    assert list(positions._rows.keys) == ["new", "old", "gone later", "gone"]
    assert positions.open_pnl() == (2, 2.0)


def test_a_long_and_a_short_differ_by_sign_and_color() -> None:
    positions = Positions()
    long, short = cells_of(positions, ROW), cells_of(positions, replace(ROW, side="SHORT"))
    assert (long[""], short[""]) == (("▲", "up"), ("▼", "down"))
    assert (long["Side"], short["Side"]) == (("long", "up"), ("short", "down"))


def test_a_closed_position_is_grey_and_says_why() -> None:
    closed = replace(ROW, status="CLOSED", exit_reason="TAKE_PROFIT", closed_ms=120_000)
    cells = cells_of(Positions(), closed)
    assert cells["State"] == ("take profit", "faint")
    assert cells["Age"] == ("1m", "faint")
    assert cells["P&L"] == ("+1.00", "up")


def test_what_is_on_its_way_is_seen() -> None:
    assert cells_of(Positions(), replace(ROW, status="CLOSING"))["State"] == ("closing", "warn")


def test_the_age_of_an_open_one_counts_in_the_engines_time() -> None:
    positions = Positions()
    positions.now_ms = 60_000 + 7_200_000
    assert cells_of(positions, ROW)["Age"] == ("2h00", "dim")


def test_only_those_whose_age_says_something_else_are_drawn_anew() -> None:
    class Touched(Positions):
        def touch(self, keys: Iterable[str]) -> None:
            touched.append(sorted(keys))

    touched: list[list[str]] = []
    positions = Touched()
    positions.put("old", replace(ROW, status="CLOSED", closed_ms=120_000))
    positions.put("new", replace(ROW, opened_ms=60_000))
    for now_ms in (70_000, 70_500, 71_000):
        positions.now_ms = now_ms
        positions.grow_old(())
    assert [keys for keys in touched if keys] == [["new", "old"], ["new"]]
    positions.grow_old({"BTCUSDT"})
    assert touched[-1] == ["new", "old"]


def test_what_an_old_price_makes_of_an_open_position_is_grey() -> None:
    positions = Positions()
    positions.grow_old({"BTCUSDT"})
    grey = cells_of(positions, ROW)
    assert {grey[label].style for label in ("Mark", "P&L", "%", "Trend")} == {"faint"}
    assert grey["Entry"].style == ""
    done = cells_of(positions, replace(ROW, status="CLOSED", closed_ms=120_000))
    assert done["P&L"] == ("+1.00", "up")
    assert cells_of(positions, replace(ROW, symbol="ETHUSDT"))["P&L"].style == "up"


def test_the_detail_has_every_level() -> None:
    title, pairs = Positions().detail(replace(ROW, closed_ms=120_000))
    assert title == "BTCUSDT long"
    assert dict(pairs)["stop"] == "98.0000"
    assert dict(pairs)["target"] == "—"
    assert dict(pairs)["closed"].endswith("UTC")


def test_where_there_is_no_room_the_way_out_is_one_word() -> None:
    state = next(column for column in Positions().columns if column.label == "State")
    closed = replace(ROW, status="CLOSED", exit_reason="TAKE_PROFIT", closed_ms=120_000)
    assert state.cell(closed, 11).text == "take profit"
    assert state.cell(closed, 8).text == "target"
    assert state.cell(replace(closed, exit_reason="EXIT_CONDITIONS"), 8).text == "exit"
