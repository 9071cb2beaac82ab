from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.candle_history import JANUARY_MS, a_history, same, without

from aitrader.model.candle import INTERVAL_MS, WEEK_OFFSET_MS
from aitrader.storage.candles_table import (
    CLOSE,
    HIGH,
    LOW,
    OPEN,
    QUOTE_VOLUME,
    TAKER_VOLUME,
    VOLUME,
    CandleTable,
    Faults,
    a_table,
    aggregated,
    by_year,
    cleaned,
    empty_table,
    joined,
    merged,
    merged_all,
    offset_ms,
    to_grid,
)

LATER_MS = JANUARY_MS * 2
STEP_MS = INTERVAL_MS["5m"]


def test_sound_rows_pass_as_they_are() -> None:
    table = a_history()
    rows, faults = cleaned(table, "5m", now_ms=LATER_MS)
    assert rows is table
    assert faults == Faults()
    assert faults.dropped == 0


@pytest.mark.parametrize(
    ("field", "number"),
    [
        (OPEN, np.nan),
        (CLOSE, np.nan),
        (LOW, 0.0),
        (LOW, -1.0),
        (LOW, np.nan),
        (LOW, 1e6),
        (HIGH, 1.0),
        (HIGH, np.inf),
        (HIGH, np.nan),
        (VOLUME, -1.0),
        (VOLUME, np.nan),
        (VOLUME, np.inf),
        (QUOTE_VOLUME, -1.0),
        (TAKER_VOLUME, np.inf),
    ],
)
def test_an_impossible_number_drops_its_row(field: int, number: float) -> None:
    table = a_history()
    table.values[field, 3] = number
    rows, faults = cleaned(table, "5m", now_ms=LATER_MS)
    assert faults == Faults(wrong_numbers=1)
    assert same(rows, without(table, 3))


def test_a_volume_detail_may_be_unknown() -> None:
    table = a_history()
    table.values[QUOTE_VOLUME:] = np.nan
    assert cleaned(table, "5m", now_ms=LATER_MS)[1] == Faults()


def test_a_candle_that_has_not_closed_is_dropped() -> None:
    rows, faults = cleaned(a_history(12), "5m", now_ms=JANUARY_MS + 12 * STEP_MS - 1)
    assert faults == Faults(out_of_time=1)
    assert len(rows) == 11


def test_a_time_before_any_market_is_dropped() -> None:
    table = a_history()
    table.open_ms[0] = 0
    rows, faults = cleaned(table, "5m", now_ms=LATER_MS)
    assert faults == Faults(out_of_time=1)
    assert same(rows, without(table, 0))


def test_a_candle_beside_the_grid_is_dropped() -> None:
    table = a_history()
    table.open_ms[5] += 1000
    rows, faults = cleaned(table, "5m", now_ms=LATER_MS)
    assert faults == Faults(off_grid=1)
    assert faults.dropped == 1
    assert len(rows) == 11


def test_a_week_begins_on_monday() -> None:
    assert offset_ms("1w") == WEEK_OFFSET_MS
    monday = a_history(3, first_ms=1_735_516_800_000, interval="1w")
    assert cleaned(monday, "1w", now_ms=LATER_MS)[1] == Faults()


def test_of_repeated_rows_the_last_one_counts() -> None:
    old, new = a_history(4), a_history(4, seed=2)
    rows, faults = cleaned(joined([old, new]), "5m", now_ms=LATER_MS)
    assert faults == Faults(repeated=4, out_of_order=1)
    assert same(rows, new)


def test_rows_out_of_order_are_put_in_order() -> None:
    table = a_history()
    shuffled = table.take(np.array([3, 0, 1, 2, 4, 5, 6, 7, 8, 9, 11, 10]))
    rows, faults = cleaned(shuffled, "5m", now_ms=LATER_MS)
    assert faults == Faults(out_of_order=2)
    assert same(rows, table)


def test_nothing_is_clean() -> None:
    rows, faults = cleaned(empty_table(), "5m", now_ms=LATER_MS)
    assert (len(rows), faults) == (0, Faults())


def test_faults_add_up() -> None:
    both = Faults(1, 2, 3, 4, 5).plus(Faults(10, 20, 30, 40, 50))
    assert both == Faults(11, 22, 33, 44, 55)


def test_rows_become_columns_and_what_a_source_lacks_is_unknown() -> None:
    table = a_table([JANUARY_MS], [(1.0, 2.0, 0.5, 1.5, 9.0)])
    assert table.values[: VOLUME + 1, 0].tolist() == [1.0, 2.0, 0.5, 1.5, 9.0]
    assert np.isnan(table.values[QUOTE_VOLUME:, 0]).all()
    assert len(a_table([], [])) == 0


@pytest.mark.parametrize("is_first_empty", [True, False])
def test_merging_with_nothing_changes_nothing(is_first_empty: bool) -> None:
    table, nothing = a_history(), empty_table()
    both = merged(nothing, table) if is_first_empty else merged(table, nothing)
    assert both is table


def test_stretches_that_do_not_touch_are_joined_in_order() -> None:
    table = a_history(12)
    early, late = table.take(slice(0, 5)), table.take(slice(5, 12))
    assert same(merged(early, late), table)
    assert same(merged(late, early), table)


def test_where_both_have_an_instant_the_newer_row_wins() -> None:
    table, other = a_history(12), a_history(6, seed=2)
    both = merged(table, other)
    assert same(both.take(slice(0, 6)), other)
    assert same(both.take(slice(6, 12)), table.take(slice(6, 12)))


def test_new_rows_fill_the_holes_of_the_old_ones() -> None:
    table = a_history(12)
    assert same(merged(without(table, 2, 3, 11), table.take(np.array([2, 3, 11]))), table)


def test_a_source_that_knows_less_takes_nothing_away() -> None:
    table, poor = a_history(), a_history()
    poor.values[QUOTE_VOLUME:] = np.nan
    assert same(merged(table, poor), table)
    assert same(merged(poor, table), table)


def test_a_row_with_other_prices_stands_as_it_is() -> None:
    table, poor = a_history(), a_history(seed=2)
    poor.values[QUOTE_VOLUME:] = np.nan
    assert same(merged(table, poor), poor)


def test_tables_that_append_are_merged_at_once() -> None:
    table = a_history(12)
    parts = [table.take(slice(start, start + 4)) for start in (0, 4, 8)]
    assert same(merged_all([*parts, empty_table()]), table)
    assert len(merged_all([])) == 0


def test_tables_that_overlap_are_merged_in_their_order() -> None:
    first, second, third = a_history(12), a_history(6, seed=2), a_history(3, seed=3)
    both = merged_all([first, second, third])
    assert same(both, merged(merged(first, second), third))


@given(st.lists(st.sets(st.integers(0, 30), max_size=12), max_size=4))
def test_merging_gives_every_instant_once_with_its_newest_row(stretches: list[set[int]]) -> None:
    parts = [
        a_history(31, seed=seed).take(np.array(sorted(places), dtype=np.int64))
        for seed, places in enumerate(stretches, start=1)
    ]
    found = merged_all(parts)
    newest: dict[int, list[float]] = {}
    for part in parts:
        newest.update(zip(part.open_ms.tolist(), part.values.T.tolist(), strict=True))
    assert found.open_ms.tolist() == sorted(newest)
    assert found.values.T.tolist() == [newest[at_ms] for at_ms in sorted(newest)]


def test_rows_are_parted_by_year() -> None:
    table = a_history(6, first_ms=JANUARY_MS - 2 * STEP_MS)
    parts = dict(by_year(table))
    assert [(year, len(part)) for year, part in parts.items()] == [(2024, 2), (2025, 4)]
    assert same(joined(list(parts.values())), table)
    assert list(by_year(empty_table())) == []


def test_a_year_without_rows_is_left_out() -> None:
    table = joined([a_history(1, first_ms=JANUARY_MS - 366 * 86_400_000 * 2), a_history(1)])
    assert [year for year, _ in by_year(table)] == [2022, 2025]


def test_a_grid_has_a_column_for_every_instant() -> None:
    table = a_history(6)
    grid = to_grid(without(table, 2, 3), "5m")
    assert (grid.first_ms, grid.bars) == (JANUARY_MS, 6)
    assert np.isnan(grid.values[:, 2:4]).all()
    assert np.array_equal(grid.values[:, 4:], table.values[:, 4:])
    assert to_grid(empty_table(), "5m").bars == 0


def test_a_grid_without_holes_shares_the_tables_memory() -> None:
    table = a_history()
    assert to_grid(table, "5m").values is table.values


def test_slower_candles_are_made_of_whole_groups() -> None:
    table = a_history(8, first_ms=JANUARY_MS - STEP_MS)
    made = aggregated(to_grid(table, "5m"), "5m", "15m")
    assert (made.first_ms, made.bars) == (JANUARY_MS, 2)
    parts = table.values[:, 1:4]
    assert made.values[OPEN, 0] == parts[OPEN, 0]
    assert made.values[HIGH, 0] == parts[HIGH].max()
    assert made.values[LOW, 0] == parts[LOW].min()
    assert made.values[CLOSE, 0] == parts[CLOSE, 2]
    assert made.values[VOLUME:, 0].tolist() == parts[VOLUME:].sum(axis=1).tolist()


def test_a_part_without_a_trade_says_nothing_but_the_close() -> None:
    table = a_history(6)
    table.values[: VOLUME + 1, 0] = [7.0, 7.0, 7.0, 7.0, 0.0]
    table.values[: VOLUME + 1, 3:] = np.array([[8.0, 8.0, 8.0, 8.0, 0.0]]).T
    made = aggregated(to_grid(table, "5m"), "5m", "15m")
    assert made.values[OPEN, 0] == table.values[OPEN, 1]
    assert made.values[LOW, 0] == table.values[LOW, 1:3].min()
    assert made.values[: VOLUME + 1, 1].tolist() == [8.0, 8.0, 8.0, 8.0, 0.0]


def test_a_candle_with_a_missing_part_is_missing() -> None:
    grid = to_grid(without(a_history(6), 1), "5m")
    made = aggregated(grid, "5m", "15m")
    assert np.isnan(made.values[:, 0]).all()
    assert not np.isnan(made.values[:, 1]).any()


def test_less_than_one_group_makes_nothing() -> None:
    assert aggregated(to_grid(a_history(2), "5m"), "5m", "1h").bars == 0
    assert (
        aggregated(to_grid(a_history(1, first_ms=JANUARY_MS + STEP_MS), "5m"), "5m", "1h").bars == 0
    )


def test_days_become_weeks_from_monday_on() -> None:
    days = a_history(14, first_ms=JANUARY_MS, interval="1d")
    made = aggregated(to_grid(days, "1d"), "1d", "1w")
    assert (made.first_ms, made.bars) == (1_736_121_600_000, 1)


def test_a_table_knows_its_length() -> None:
    assert len(CandleTable(np.arange(3), np.zeros((8, 3)))) == 3
