import numpy as np
import pytest

from aitrader.exchange.simulated.history import closed_candles, is_served, merged_by, summed
from aitrader.exchange.simulated.market import SeededMarket
from aitrader.model.candle import DAY_MS, INTERVAL_MS

MONDAY_MS = 20_458 * DAY_MS


@pytest.fixture(scope="module")
def market() -> SeededMarket:
    return SeededMarket.of_size(1, seed=4)


def test_a_slower_candle_holds_what_its_minutes_held(market: SeededMarket) -> None:
    minutes = market.rows(0, MONDAY_MS, MONDAY_MS + 3_600_000)
    (hour,) = merged_by(minutes, 60, market.listings[0])
    assert hour[0] == minutes[0, 0]
    assert hour[1] == minutes[:, 1].max()
    assert hour[2] == minutes[:, 2].min()
    assert hour[3] == minutes[-1, 3]
    assert hour[4:] == pytest.approx(minutes[:, 4:].sum(axis=0))


@pytest.mark.parametrize("interval", list(INTERVAL_MS))
def test_every_interval_is_made_of_the_same_minutes(market: SeededMarket, interval: str) -> None:
    length = INTERVAL_MS[interval]
    rows = closed_candles(market, 0, interval, first_ms=MONDAY_MS - 2 * length, end_ms=MONDAY_MS)
    assert len(rows) == 2
    assert rows[1, 0] == rows[0, 3]
    last = market.rows(0, MONDAY_MS - 60_000, MONDAY_MS)
    assert rows[1, 3] == last[0, 3]


def test_a_long_span_equals_its_parts(market: SeededMarket) -> None:
    first = MONDAY_MS - 20 * DAY_MS
    whole = closed_candles(market, 0, "4h", first_ms=first, end_ms=MONDAY_MS)
    parts = [
        closed_candles(market, 0, "4h", first_ms=start, end_ms=start + DAY_MS)
        for start in range(first, MONDAY_MS, DAY_MS)
    ]
    assert np.array_equal(whole, np.concatenate(parts))


def test_only_multiples_of_the_base_interval_are_served(market: SeededMarket) -> None:
    assert is_served(market, "1h")
    assert not is_served(market, "1s")
    assert not is_served(market, "7m")


def test_sums_are_rounded_to_their_decimals() -> None:
    volumes = np.array([[0.1 + 0.2, 1.00004, 3.0, 0.7000000001]])
    assert summed(volumes, 10.0).tolist() == [[0.3, 1.0, 3.0, 0.7]]
