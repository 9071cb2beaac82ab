import msgspec
import numpy as np
from tests.builders import AT_MS
from tests.unit.backtest.worlds import a_job, a_series, a_trader, flat

from aitrader.backtest.daily import DailyUniverses
from aitrader.backtest.market import TIMER
from aitrader.backtest.timers import VirtualClock
from aitrader.filters.traderfile import compile_trader
from aitrader.model.candle import DAY_MS, open_of
from aitrader.model.trader import Trader

CANDLES = 800
"""More than two days."""


def busiest() -> Trader:
    trader = a_trader()
    source = trader.source.replace("all USDT", "top 1 USDT")
    return msgspec.structs.replace(trader, source=source, plan=compile_trader(source).plan)


def test_a_universe_is_ranked_at_each_midnight_by_the_day_before() -> None:
    series = [a_series([flat()] * CANDLES, name) for name in ("AUSDT", "BUSDT")]
    midnight_ms = open_of(AT_MS, "1d") + DAY_MS
    series[1].values["quote_volume"][:] = np.where(series[1].open_ms < midnight_ms, 5000.0, 1.0)
    job, history = a_job(series, busiest())
    clock = VirtualClock(job.from_ms)
    universes = DailyUniverses(job, history, clock)
    universe = job.traders[0].plan.universe
    assert universes.next == (midnight_ms, TIMER)
    universes.rank()
    assert clock.at_ms == midnight_ms
    assert universes.find(universe, "BUSDT") == 0
    assert universes.find(universe, "AUSDT") is None
    universes.rank()
    assert universes.find(universe, "AUSDT") == 0
    assert universes.next == (midnight_ms + 2 * DAY_MS, TIMER)


def test_a_universe_that_nobody_uses_has_no_symbols() -> None:
    job, history = a_job([a_series([flat()] * 3)])
    universes = DailyUniverses(job, history, VirtualClock(job.from_ms))
    assert universes.find(busiest().plan.universe, "BTCUSDT") is None
    assert universes.find(job.traders[0].plan.universe, "BTCUSDT") == 0
