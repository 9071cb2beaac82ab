import numpy as np

from aitrader.exchange.simulated.market import SeededMarket
from aitrader.exchange.simulated.path import Path, four_steps, per_second
from aitrader.exchange.simulated.source import CLOSE, HIGH, LOW, OPEN, Rows
from aitrader.model.candle import DAY_MS

AT_MS = 20_000 * DAY_MS


def some_rows(count: int = 40) -> tuple[Rows, np.ndarray]:
    market = SeededMarket.of_size(count, seed=9)
    rows = [market.rows(index, AT_MS, AT_MS + 60_000) for index in range(count)]
    units = np.array([10.0**each.price_decimals for each in market.listings])
    return np.concatenate(rows), units


def assert_touches_all_four(path: Path, rows: Rows) -> None:
    assert (path.prices[:, 0] == rows[:, OPEN]).all()
    assert (path.prices[:, -1] == rows[:, CLOSE]).all()
    assert (path.highs[:, -1] == rows[:, HIGH]).all()
    assert (path.lows[:, -1] == rows[:, LOW]).all()
    assert path.shares[-1] == 1.0


def test_four_steps_go_by_the_color_of_the_candle() -> None:
    rows = np.array([[10, 12, 9, 11, 1, 1, 1, 1], [10, 12, 9, 9.5, 1, 1, 1, 1]], dtype=float)
    path = four_steps(rows, 300_000)
    assert path.prices.tolist() == [[10, 9, 12, 11], [10, 12, 9, 9.5]]
    assert path.offsets_ms == (1000, 100_000, 200_000, 300_000)
    assert path.turns is None
    assert_touches_all_four(path, rows)


def test_a_price_per_second_touches_exactly_what_the_candle_says() -> None:
    rows, units = some_rows()
    path = per_second(rows, open_ms=AT_MS, base_ms=60_000, units=units)
    assert path.prices.shape == (40, 60)
    assert path.offsets_ms[0] == 1000
    assert_touches_all_four(path, rows)


def test_turns_are_where_high_and_low_are_reached() -> None:
    rows, units = some_rows()
    path = per_second(rows, open_ms=AT_MS, base_ms=60_000, units=units)
    assert path.turns is not None
    for rank, (first, second) in enumerate(path.turns):
        assert 0 < first < second < 59
        met = {path.prices[rank, first], path.prices[rank, second]}
        assert met == {rows[rank, HIGH], rows[rank, LOW]}
    assert len(set(path.turns)) > 10


def test_prices_between_the_turns_stay_on_the_tick() -> None:
    rows, units = some_rows()
    path = per_second(rows, open_ms=AT_MS, base_ms=60_000, units=units)
    ticks = path.prices * units[:, None]
    assert np.abs(ticks - np.rint(ticks)).max() < 1e-5


def test_the_same_candle_has_the_same_path() -> None:
    rows, units = some_rows()
    one = per_second(rows, open_ms=AT_MS, base_ms=60_000, units=units)
    few = per_second(rows[:5], open_ms=AT_MS, base_ms=60_000, units=units[:5])
    assert np.array_equal(one.prices[:5], few.prices)
