from __future__ import annotations

import math

import numpy as np
import pytest

from aitrader.market.series import SPARE_ROWS, SeriesTable
from aitrader.model.candle import MINUTE_MS, WEEK_OFFSET_MS, Row, open_of
from aitrader.model.commands import Stream

T0 = open_of(1_700_000_000_000, "1d")


def a_row(close: float) -> Row:
    return (close, close + 1, close - 1, close, 10.0, 10 * close, 7.0, 4.0)


def a_table(*streams: tuple[str, str, int]) -> SeriesTable:
    table = SeriesTable()
    table.configure([Stream(*stream) for stream in streams])
    return table


def fill(table: SeriesTable, symbol: str, first: int, count: int) -> None:
    for number in range(first, first + count):
        table.write(symbol, "1m", T0 + number * MINUTE_MS, a_row(float(number)))


def test_a_panel_is_a_view_of_the_last_closed_rows_of_all_symbols() -> None:
    table = a_table(("AUSDT", "1m", 5), ("BUSDT", "1m", 5))
    fill(table, "AUSDT", 0, 30)
    fill(table, "BUSDT", 0, 29)
    panel = table.panel("1m", closed_ms=T0 + 30 * MINUTE_MS, bars=5)
    assert panel.symbols == ("AUSDT", "BUSDT")
    assert panel.open_ms.tolist() == [T0 + n * MINUTE_MS for n in range(25, 30)]
    closes = panel.values["close"]
    assert closes[0].tolist() == [25.0, 26.0, 27.0, 28.0, 29.0]
    assert closes[1].tolist()[:4] == [25.0, 26.0, 27.0, 28.0]
    assert math.isnan(closes[1][4])
    assert not closes.flags.owndata
    assert closes[0].flags.c_contiguous
    assert panel.values["high"][0, -1] == 30.0
    assert panel.values["taker_buy_volume"][0, -1] == 4.0


def test_a_view_stays_true_however_far_the_newest_row_moves_on() -> None:
    table = a_table(("AUSDT", "1m", 6))
    fill(table, "AUSDT", 0, 20)
    closes = table.panel("1m", closed_ms=T0 + 20 * MINUTE_MS, bars=6).values["close"]
    before = closes.copy()
    fill(table, "AUSDT", 20, 200)
    fill(table, "AUSDT", 5000, 1)
    assert (closes == before).all()


def test_a_window_is_whole_and_no_copy_until_the_newest_row_has_moved_on_by_the_spare_rows() -> (
    None
):
    table = a_table(("AUSDT", "1m", 6))
    fill(table, "AUSDT", 0, 20)
    for moved in range(1, SPARE_ROWS + 1):
        fill(table, "AUSDT", 19 + moved, 1)
        closes = table.panel("1m", closed_ms=T0 + 20 * MINUTE_MS, bars=6).values["close"]
        assert closes[0].tolist() == [14.0, 15.0, 16.0, 17.0, 18.0, 19.0]
        assert not closes.flags.owndata


@pytest.mark.parametrize("moved", [0, 3, 13, 14, 15, 40])
def test_a_window_of_an_earlier_close_never_shows_other_rows(moved: int) -> None:
    table = a_table(("AUSDT", "1m", 6))
    fill(table, "AUSDT", 0, 20 + moved)
    closes = table.panel("1m", closed_ms=T0 + 20 * MINUTE_MS, bars=6).values["close"][0]
    known = [value for value in closes.tolist() if not math.isnan(value)]
    assert known == [14.0, 15.0, 16.0, 17.0, 18.0, 19.0][6 - len(known) :]
    assert len(known) == max(0, min(6, 14 - moved))


def test_rows_after_the_newest_are_missing_not_old() -> None:
    table = a_table(("AUSDT", "1m", 4))
    fill(table, "AUSDT", 0, 10)
    closes = table.panel("1m", closed_ms=T0 + 12 * MINUTE_MS, bars=4).values["close"][0]
    assert closes.tolist()[:2] == [8.0, 9.0]
    assert np.isnan(closes[2:]).all()


def test_the_rows_of_a_symbol_that_stays_behind_are_forgotten() -> None:
    table = a_table(("AUSDT", "1m", 4), ("BUSDT", "1m", 4))
    fill(table, "AUSDT", 0, 12)
    fill(table, "BUSDT", 0, 24)
    panel = table.panel("1m", closed_ms=T0 + 24 * MINUTE_MS, bars=12)
    assert np.isnan(panel.values["close"][0]).all()


def test_a_leap_longer_than_the_ring_forgets_all_of_it() -> None:
    table = a_table(("AUSDT", "1m", 4))
    fill(table, "AUSDT", 0, 12)
    fill(table, "AUSDT", 500, 1)
    assert table.closes("AUSDT", "1m", 50) == (500.0,)


def test_a_correction_replaces_the_row() -> None:
    table = a_table(("AUSDT", "1m", 4))
    fill(table, "AUSDT", 0, 4)
    assert table.write("AUSDT", "1m", T0 + 2 * MINUTE_MS, a_row(99.0))
    assert table.closes("AUSDT", "1m", 4) == (0.0, 1.0, 99.0, 3.0)


@pytest.mark.parametrize(
    ("symbol", "interval", "open_ms"),
    [
        ("ZUSDT", "1m", T0),
        ("AUSDT", "5m", T0),
        ("AUSDT", "1m", T0 + 1),
        ("AUSDT", "1m", T0),
    ],
)
def test_a_row_without_a_place_is_not_stored(symbol: str, interval: str, open_ms: int) -> None:
    table = a_table(("AUSDT", "1m", 4))
    fill(table, "AUSDT", 100, 3)
    assert not table.write(symbol, interval, open_ms, a_row(1.0))


def test_filled_counts_back_to_the_first_gap() -> None:
    table = a_table(("AUSDT", "1m", 20), ("BUSDT", "1m", 20))
    fill(table, "AUSDT", 0, 4)
    fill(table, "AUSDT", 5, 3)
    closed_ms = T0 + 8 * MINUTE_MS
    assert table.filled("AUSDT", "1m", closed_ms) == 3
    assert table.filled("AUSDT", "1m", closed_ms + 30_000) == 3
    assert table.filled("AUSDT", "1m", T0 + 4 * MINUTE_MS) == 4
    assert table.filled("AUSDT", "1m", closed_ms + MINUTE_MS) == 0
    assert table.filled("BUSDT", "1m", closed_ms) == 0
    assert table.filled("ZUSDT", "1m", closed_ms) == 0
    assert table.filled("AUSDT", "5m", closed_ms) == 0
    fill(table, "AUSDT", 4, 1)
    assert table.filled("AUSDT", "1m", closed_ms) == 8


def test_a_full_ring_is_filled_to_its_capacity() -> None:
    table = a_table(("AUSDT", "1m", 5))
    fill(table, "AUSDT", 0, 40)
    assert table.filled("AUSDT", "1m", T0 + 40 * MINUTE_MS) == 5 + SPARE_ROWS


def test_the_oldest_gap_of_a_window_is_found() -> None:
    table = a_table(("AUSDT", "1m", 8))
    closed_ms = T0 + 8 * MINUTE_MS
    assert table.first_gap_ms("AUSDT", "1m", closed_ms=closed_ms, bars=8) == T0
    fill(table, "AUSDT", 0, 3)
    fill(table, "AUSDT", 5, 2)
    assert table.first_gap_ms("AUSDT", "1m", closed_ms=closed_ms, bars=8) == T0 + 3 * MINUTE_MS
    fill(table, "AUSDT", 3, 5)
    assert table.first_gap_ms("AUSDT", "1m", closed_ms=closed_ms, bars=8) is None
    assert table.first_gap_ms("ZUSDT", "1m", closed_ms=closed_ms, bars=8) is None


def test_the_newest_row_of_a_stream_is_known() -> None:
    table = a_table(("AUSDT", "1m", 4), ("BUSDT", "1m", 4))
    fill(table, "AUSDT", 3, 4)
    assert table.last_open_ms("AUSDT", "1m") == T0 + 6 * MINUTE_MS
    assert table.last_open_ms("BUSDT", "1m") is None
    assert table.last_open_ms("ZUSDT", "1m") is None


def test_growing_keeps_what_is_there_and_leaves_old_views_alone() -> None:
    table = a_table(("AUSDT", "1m", 4), ("BUSDT", "1m", 4), ("CUSDT", "5m", 4))
    fill(table, "AUSDT", 0, 20)
    fill(table, "BUSDT", 0, 20)
    old = table.panel("1m", closed_ms=T0 + 20 * MINUTE_MS, bars=4)
    table.configure([Stream("BUSDT", "1m", 30), Stream("DUSDT", "1m", 6), Stream("AUSDT", "1m", 4)])
    assert old.values["close"][0].tolist() == [16.0, 17.0, 18.0, 19.0]
    panel = table.panel("1m", closed_ms=T0 + 20 * MINUTE_MS, bars=30)
    assert panel.symbols == ("AUSDT", "BUSDT", "DUSDT")
    assert panel.values["close"][1].tolist()[-12:] == [float(n) for n in range(8, 20)]
    assert table.last_open_ms("AUSDT", "1m") == T0 + 19 * MINUTE_MS
    assert table.last_open_ms("DUSDT", "1m") is None
    with pytest.raises(KeyError):
        table.panel("5m", closed_ms=T0, bars=4)


def test_shrinking_forgets_the_older_rows_and_a_stale_symbol() -> None:
    table = a_table(("AUSDT", "1m", 40), ("BUSDT", "1m", 40))
    fill(table, "AUSDT", 0, 40)
    fill(table, "BUSDT", 0, 5)
    table.configure([Stream("BUSDT", "1m", 4), Stream("AUSDT", "1m", 4)])
    assert table.closes("AUSDT", "1m", 100) == tuple(float(n) for n in range(28, 40))
    assert table.last_open_ms("BUSDT", "1m") is None


def test_the_same_streams_again_change_nothing() -> None:
    table = a_table(("AUSDT", "1m", 4))
    fill(table, "AUSDT", 0, 4)
    view = table.panel("1m", closed_ms=T0 + 4 * MINUTE_MS, bars=4).values["close"]
    table.configure([Stream("AUSDT", "1m", 2), Stream("AUSDT", "1m", 4)])
    assert np.shares_memory(
        view, table.panel("1m", closed_ms=T0 + 4 * MINUTE_MS, bars=4).values["close"]
    )


def test_a_new_ring_of_an_empty_one_is_empty() -> None:
    table = a_table(("AUSDT", "1m", 4))
    table.configure([Stream("AUSDT", "1m", 9)])
    assert table.closes("AUSDT", "1m", 9) == ()
    assert table.candles("AUSDT", "1m", 9) == ()


def test_candles_come_oldest_first_without_the_gaps() -> None:
    table = a_table(("AUSDT", "1m", 4))
    fill(table, "AUSDT", 0, 2)
    fill(table, "AUSDT", 3, 1)
    candles = table.candles("AUSDT", "1m", 100)
    assert [candle.open_ms for candle in candles] == [T0 + n * MINUTE_MS for n in (0, 1, 3)]
    assert candles[-1].row == a_row(3.0)
    assert candles[-1].closed
    assert table.candles("ZUSDT", "1m", 5) == ()
    assert table.closes("ZUSDT", "1m", 5) == ()


def test_weeks_open_on_monday() -> None:
    table = a_table(("AUSDT", "1w", 4))
    monday = WEEK_OFFSET_MS + 7 * 86_400_000 * 2800
    assert table.write("AUSDT", "1w", monday, a_row(1.0))
    assert not table.write("AUSDT", "1w", monday + 86_400_000, a_row(1.0))
    panel = table.panel("1w", closed_ms=monday + 7 * 86_400_000, bars=2)
    assert panel.open_ms.tolist()[-1] == monday
    assert panel.values["close"][0, -1] == 1.0


def test_a_hundred_symbols_in_two_intervals_take_eight_megabytes() -> None:
    names = [f"S{number}USDT" for number in range(100)]
    table = a_table(*[(name, interval, 600) for name in names for interval in ("1m", "5m")])
    assert table.nbytes == 0
    for interval in ("1m", "5m"):
        table.write(names[0], interval, T0, a_row(1.0))
    assert table.nbytes < 8 * 1024 * 1024


def test_many_rows_are_written_as_one_by_one() -> None:
    one, many = a_table(("AUSDT", "1m", 6)), a_table(("AUSDT", "1m", 6))
    fill(one, "AUSDT", 0, 30)
    rows = [(T0 + n * MINUTE_MS, a_row(float(n))) for n in range(30)]
    fill(many, "AUSDT", 0, 3)
    assert many.write_many("AUSDT", "1m", [*rows, (T0 + 1, a_row(1.0))]) == 6 + SPARE_ROWS
    assert many.candles("AUSDT", "1m", 99) == one.candles("AUSDT", "1m", 99)
    assert many.last_open_ms("AUSDT", "1m") == one.last_open_ms("AUSDT", "1m")
    assert many.write_many("AUSDT", "1m", rows[20:25]) == 5
    assert many.write_many("AUSDT", "1m", rows[:2]) == 0
    assert many.write_many("AUSDT", "1m", []) == 0
    assert many.write_many("ZUSDT", "1m", rows) == 0
    assert many.candles("AUSDT", "1m", 99) == one.candles("AUSDT", "1m", 99)
