from decimal import Decimal

import msgspec
import numpy as np
import pytest
from tests.builders import AT_MS
from tests.two_roads import told
from tests.unit.backtest.worlds import (
    FREE,
    MINUTES_5,
    Candle,
    a_job,
    a_series,
    a_trader,
    flat,
)

from aitrader.backtest.history import History
from aitrader.backtest.job import Job, Terms
from aitrader.backtest.record import Recorder, Trade
from aitrader.backtest.run import run, run_in_stages

QUIET: list[Candle] = [flat(100.0)] * 3
SIGNAL: Candle = (100.0, 101.0, 100.0, 101.0)
"""Closes above 100 where the candle before did not."""
OPENS_AT: Candle = (101.0, 101.5, 100.5, 101.0)


def played(
    *candles: Candle | None, exits: str = "", side: str = "LONG", more: str = ""
) -> Recorder:
    rows = [*QUIET, SIGNAL, *candles]
    trader = a_trader(exits, side=side, more=more) if exits else a_trader(side=side, more=more)
    return on_both_roads(*a_job([a_series(rows)], trader))


def on_both_roads(job: Job, history: History) -> Recorder:
    """The run in stages; the one that a person gets is the same, whichever road it took."""
    staged = run_in_stages(job, history)
    assert told(run(job, history)) == told(staged)
    return staged


def the_trade(record: Recorder) -> Trade:
    (trade,) = record.trades
    return trade


def after(candles: int) -> int:
    return AT_MS + candles * MINUTES_5


def test_a_signal_is_filled_at_the_next_open_and_a_target_at_its_price() -> None:
    trade = the_trade(played(OPENS_AT, (101.0, 106.0, 101.0, 105.0)))
    assert (trade.entry_ms, trade.entry_price) == (after(4), Decimal("101.0"))
    assert (trade.exit_ms, trade.exit_price) == (after(6), Decimal("105.04"))
    assert trade.exit_reason == "TAKE_PROFIT"
    assert trade.pnl > 0


def test_a_stop_is_tested_in_the_entry_candle() -> None:
    trade = the_trade(played((101.0, 101.5, 90.0, 95.0)))
    assert (trade.exit_ms, trade.exit_price) == (after(5), Decimal("98.98"))
    assert trade.exit_reason == "STOP_LOSS"


def test_a_stop_comes_before_a_target_in_one_candle() -> None:
    assert the_trade(played(OPENS_AT, (101.0, 120.0, 90.0, 119.0))).exit_reason == "STOP_LOSS"


def test_a_gap_through_the_stop_is_filled_at_the_open() -> None:
    trade = the_trade(played(OPENS_AT, (95.0, 96.0, 94.0, 95.0)))
    assert (trade.exit_ms, trade.exit_price) == (after(5), Decimal("95.0"))


def test_a_short_earns_when_the_price_falls() -> None:
    trade = the_trade(played(OPENS_AT, (101.0, 101.0, 95.0, 96.0), side="SHORT"))
    assert trade.exit_reason == "TAKE_PROFIT"
    assert trade.pnl > 0


def test_the_greatest_age_leaves_at_the_open_that_it_falls_on() -> None:
    trade = the_trade(played(*[OPENS_AT] * 4, exits='{"stop_loss": "5%", "max_age": "10m"}'))
    assert (trade.entry_ms, trade.exit_ms) == (after(4), after(6))
    assert trade.exit_reason == "MAX_AGE"


def test_an_age_between_two_opens_waits_for_the_later_one() -> None:
    trade = the_trade(played(*[OPENS_AT] * 4, exits='{"stop_loss": "5%", "max_age": "7m"}'))
    assert trade.exit_ms == after(6)


def test_a_trailing_stop_follows_the_highs_and_leaves_at_the_next_open() -> None:
    candles = (OPENS_AT, (101.0, 110.0, 101.0, 110.0), (110.0, 110.0, 107.0, 108.0), flat(107.5))
    trade = the_trade(played(*candles, exits='{"trailing": "2%"}'))
    assert (trade.exit_ms, trade.exit_price) == (after(7), Decimal("107.5"))
    assert trade.exit_reason == "TRAILING"


def test_exit_conditions_are_asked_at_every_close_while_something_is_held() -> None:
    more = '\n\ndef exit_conditions(m):\n    return {"falls back": m.close < 100.8}\n'
    weak: Candle = (101.0, 101.0, 100.5, 100.7)
    trade = the_trade(played(OPENS_AT, OPENS_AT, weak, flat(100.7), more=more))
    assert (trade.exit_ms, trade.exit_price) == (after(7), Decimal("100.7"))
    assert trade.exit_reason == "EXIT_CONDITIONS"


def test_no_signal_is_raised_while_the_symbol_is_held() -> None:
    again = [flat(100.0), SIGNAL] * 3
    record = played(OPENS_AT, *again)
    assert record.signals == 1
    assert len(record.open) == 1


def test_a_market_order_waits_for_a_candle_that_is_there() -> None:
    (position,) = played(None, OPENS_AT).open.values()
    assert position.opened_ms == after(5)


def test_an_entry_is_given_up_when_its_candle_and_the_next_are_missing() -> None:
    record = played(None, None, OPENS_AT)
    assert record.open == {}
    assert list(record.refusals) == ["the order was canceled before it filled"]


def test_a_signal_at_the_end_has_no_open_to_fill_it() -> None:
    record = played()
    assert record.trades == []
    assert record.open == {}


def test_costs_are_charged() -> None:
    rows = [*QUIET, SIGNAL, OPENS_AT, (101.0, 106.0, 101.0, 105.0)]
    free = the_trade(on_both_roads(*a_job([a_series(rows)])))
    dear = the_trade(on_both_roads(*a_job([a_series(rows)], terms=Terms())))
    assert dear.entry_price > free.entry_price
    assert dear.fees > 0
    assert dear.pnl < free.pnl


def test_cash_that_does_not_suffice_refuses_the_later_symbol() -> None:
    rows = [*QUIET, SIGNAL, OPENS_AT]
    series = [a_series(rows, "BTCUSDT"), a_series(rows, "ETHUSDT")]
    terms = msgspec.structs.replace(FREE, start_cash=Decimal(150))
    record = on_both_roads(*a_job(series, terms=terms))
    assert [row.symbol for row in record.open.values()] == ["BTCUSDT"]
    assert sum(record.refusals.values()) == 1


def test_two_traders_on_one_symbol_have_a_position_each() -> None:
    rows = [*QUIET, SIGNAL, OPENS_AT, (101.0, 106.0, 101.0, 105.0)]
    first, second = a_trader(name="one"), a_trader(name="two", rank=2)
    record = on_both_roads(*a_job([a_series(rows)], first, second))
    assert {trade.trader for trade in record.trades} == {"one", "two"}


def random_walk(symbol: str, seed: int, count: int = 900) -> list[Candle]:
    rng = np.random.default_rng(seed)
    closes = np.round(100 * np.exp(np.cumsum(rng.standard_normal(count) * 0.006)), 2)
    opens = np.concatenate([[100.0], closes[:-1]])
    high = np.round(np.maximum(opens, closes) * (1 + rng.uniform(0, 0.004, count)), 2)
    low = np.round(np.minimum(opens, closes) * (1 - rng.uniform(0, 0.004, count)), 2)
    return list(zip(opens.tolist(), high.tolist(), low.tolist(), closes.tolist(), strict=True))


CROSSES = "crosses_above(m.close, sma(m.close, 10))"
LEVELS = '{"stop_loss": "1.5 atr", "take_profit": [("1%", 0.5), ("2%", 0.5)], "trailing": "1%"}'


def test_the_same_input_gives_the_same_trades() -> None:
    series = [a_series(random_walk(name, n), name) for n, name in enumerate(("AUSDT", "BUSDT"))]
    one, two = (
        on_both_roads(*a_job(series, a_trader(LEVELS, condition=CROSSES), terms=Terms()))
        for _ in range(2)
    )
    assert len(one.trades) > 10
    assert one.trades == two.trades


@pytest.mark.parametrize("cut", [300, 500, 700])
def test_what_comes_later_changes_no_earlier_trade(cut: int) -> None:
    names = ("AUSDT", "BUSDT")
    walks = {name: random_walk(name, n) for n, name in enumerate(names)}
    trader = a_trader(LEVELS, condition=CROSSES)
    whole = on_both_roads(*a_job([a_series(walks[name], name) for name in names], trader))
    part = on_both_roads(*a_job([a_series(walks[name][:cut], name) for name in names], trader))
    before = [trade for trade in part.trades if trade.exit_ms < after(cut)]
    assert before == [trade for trade in whole.trades if trade.exit_ms < after(cut)]
    assert before


AT_A_LIMIT = '\nENTRY = {"limit": "1%", "good_for": "15m"}\n'
"""99.99 after SIGNAL; the stop of 2 % lies at 98.00, the target of 4 % at 103.99."""


def limited(*candles: Candle | None, more: str = AT_A_LIMIT, exits: str = "") -> list[Trade]:
    return played(*candles, more=more, exits=exits).trades


def test_a_limit_fills_at_its_price_within_a_candle() -> None:
    trade = the_trade(played(OPENS_AT, (101.0, 101.0, 99.9, 100.5), flat(104.0), more=AT_A_LIMIT))
    assert (trade.entry_ms, trade.entry_price) == (after(6), Decimal("99.99"))
    assert (trade.exit_ms, trade.exit_price) == (after(6), Decimal("103.99"))


def test_a_limit_beyond_which_a_candle_opens_takes_the_open() -> None:
    arrived = the_trade(played((99.0, 99.5, 99.0, 99.2), flat(110.0), more=AT_A_LIMIT))
    assert (arrived.entry_ms, arrived.entry_price) == (after(4), Decimal("99.0"))
    rested = the_trade(played(OPENS_AT, (99.0, 99.5, 99.0, 99.2), flat(110.0), more=AT_A_LIMIT))
    assert (rested.entry_ms, rested.entry_price) == (after(5), Decimal("99.99"))


def test_a_limit_that_is_not_reached_in_its_time_is_canceled() -> None:
    dip = (101.0, 101.0, 99.0, 101.0)
    record = played(OPENS_AT, OPENS_AT, OPENS_AT, dip, more=AT_A_LIMIT)
    assert not record.trades
    assert not record.open
    assert list(record.refused.values()) == ["the order at 99.99 was canceled before it filled"]
    (position,) = played(OPENS_AT, OPENS_AT, dip, more=AT_A_LIMIT).open.values()
    assert position.entry_price == Decimal("99.99")


def test_a_candle_that_is_not_over_in_time_fills_no_limit() -> None:
    dip = (101.0, 101.0, 99.0, 101.0)
    more = AT_A_LIMIT.replace("15m", "7m")
    assert played(dip, more=more).open
    assert not played(OPENS_AT, dip, dip, more=more).open


def test_the_candle_of_a_limit_may_hit_its_stop_but_reaches_its_target_by_the_close_alone() -> None:
    (stopped,) = limited((101.0, 105.0, 97.0, 104.5))
    assert (stopped.entry_ms, stopped.exit_ms) == (after(5), after(5))
    assert (stopped.exit_reason, stopped.exit_price) == ("STOP_LOSS", Decimal("98.00"))
    assert not limited((101.0, 105.0, 99.0, 101.0)), "the high may have come before the entry"
    (reached,) = limited((101.0, 105.0, 99.0, 104.0))
    assert (reached.exit_ms, reached.exit_price) == (after(5), Decimal("103.99"))


def test_the_candle_of_a_limit_may_leave_by_the_trail() -> None:
    exits = '{"stop_loss": "20%", "trailing": "1%"}'
    (trade,) = limited((101.0, 102.0, 98.0, 99.5), flat(99.5), exits=exits)
    assert (trade.exit_reason, trade.exit_ms) == ("TRAILING", after(5))
    still = played((101.0, 102.0, 99.2, 99.5), flat(99.5), exits=exits, more=AT_A_LIMIT)
    assert not still.trades


def test_a_short_limit_rests_above_and_its_candle_is_read_the_other_way() -> None:
    # 102.01 with a stop at 104.05 and a target at 97.93
    def shorted(*candles: Candle) -> list[Trade]:
        return played(*candles, side="SHORT", more=AT_A_LIMIT).trades

    (stopped,) = shorted((101.0, 105.0, 96.0, 100.0))
    assert (stopped.entry_price, stopped.exit_price) == (Decimal("102.01"), Decimal("104.05"))
    assert not shorted((101.0, 103.0, 96.0, 100.0))
    (reached,) = shorted((101.0, 103.0, 96.0, 97.0))
    assert reached.exit_price == Decimal("97.93")
