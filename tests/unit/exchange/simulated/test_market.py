import numpy as np
import pytest

from aitrader.exchange.simulated.market import SeededMarket
from aitrader.exchange.simulated.source import CLOSE, HIGH, LOW, OPEN, VOLUME
from aitrader.model.candle import DAY_MS, MINUTE_MS

AT_MS = 20_000 * DAY_MS + 7 * 3_600_000


def test_the_same_time_is_the_same_market_wherever_one_comes_from() -> None:
    one, other = SeededMarket.of_size(3, seed=7), SeededMarket.of_size(8, seed=7)
    whole = one.rows(2, AT_MS - DAY_MS, AT_MS + DAY_MS)
    later = other.rows(2, AT_MS, AT_MS + DAY_MS)
    assert np.array_equal(whole[1440:], later)


def test_another_seed_is_another_market() -> None:
    one, other = SeededMarket.of_size(1, seed=7), SeededMarket.of_size(1, seed=8)
    assert not np.array_equal(one.rows(0, 0, DAY_MS), other.rows(0, 0, DAY_MS))


def test_candles_are_sound_and_join_across_midnight() -> None:
    market = SeededMarket.of_size(20, seed=1)
    for index in range(20):
        rows = market.rows(index, AT_MS - 2 * DAY_MS, AT_MS)
        assert len(rows) == 2 * 1440
        assert np.isfinite(rows).all()
        assert (rows[:, LOW] > 0).all()
        assert (rows[:, LOW] <= rows[:, [OPEN, CLOSE]].min(axis=1)).all()
        assert (rows[:, HIGH] >= rows[:, [OPEN, CLOSE]].max(axis=1)).all()
        assert (rows[1:, OPEN] == rows[:-1, CLOSE]).all()
        assert (rows[:, VOLUME] > 0).all()


def test_prices_and_quantities_are_on_the_symbols_grid() -> None:
    market = SeededMarket.of_size(40, seed=3)
    for index, listing in enumerate(market.listings):
        rows = market.rows(index, AT_MS, AT_MS + 60 * MINUTE_MS)
        ticks = rows[:, :4] * 10**listing.price_decimals
        steps = rows[:, VOLUME] * 10**listing.quantity_decimals
        assert np.abs(ticks - np.rint(ticks)).max() < 1e-5
        assert np.abs(steps - np.rint(steps)).max() < 1e-3


def test_symbols_move_with_the_market_but_not_in_step() -> None:
    market = SeededMarket.of_size(6, seed=5)
    closes = [market.rows(index, AT_MS - 5 * DAY_MS, AT_MS)[:, CLOSE] for index in range(6)]
    moves = np.diff(np.log(closes), axis=1)
    together = np.corrcoef(moves)[np.triu_indices(6, 1)]
    assert together.min() > 0.15
    assert together.max() < 0.95


def test_a_symbol_is_lively_enough_to_trade_within_the_hour() -> None:
    market = SeededMarket.of_size(30, seed=2)
    ranges = []
    for index in range(30):
        rows = market.rows(index, AT_MS - DAY_MS, AT_MS).reshape(24, 60, 8)
        ranges.append((rows[:, :, HIGH].max(axis=1) / rows[:, :, LOW].min(axis=1) - 1).mean())
    assert 0.008 < float(np.mean(ranges)) < 0.03


def test_an_empty_span_has_no_candles() -> None:
    assert SeededMarket.of_size(1, seed=1).rows(0, AT_MS, AT_MS).shape == (0, 8)


def test_rows_cannot_be_changed_by_who_reads_them() -> None:
    rows = SeededMarket.of_size(1, seed=1).rows(0, AT_MS, AT_MS + MINUTE_MS)
    with pytest.raises(ValueError, match="read-only"):
        rows[0, 0] = 1.0


def test_a_day_that_was_forgotten_is_made_again_the_same() -> None:
    market = SeededMarket.of_size(1, seed=1)
    first = market.rows(0, 0, DAY_MS)
    market.rows(0, DAY_MS, 60 * DAY_MS)
    again = market.rows(0, 0, DAY_MS)
    assert again.base is not first.base
    assert np.array_equal(again, first)
