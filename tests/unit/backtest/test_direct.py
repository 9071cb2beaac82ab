from decimal import Decimal

import msgspec
import pytest
from tests.builders import AT_MS, an_instrument
from tests.two_roads import both_roads, told
from tests.unit.backtest.worlds import FREE, MINUTES_5, Candle, a_job, a_series, a_trader, flat

from aitrader.backtest.direct import may_do
from aitrader.backtest.history import History
from aitrader.backtest.job import Terms
from aitrader.backtest.record import Record
from aitrader.backtest.resting import NeedsStages
from aitrader.backtest.run import run
from aitrader.filters.traderfile import compile_trader
from aitrader.model.trader import Brakes, Mode, Trader

QUIET: list[Candle] = [flat(100.0)] * 3
SIGNAL: Candle = (100.0, 101.0, 100.0, 101.0)
OPENS_AT: Candle = (101.0, 101.5, 100.5, 101.0)
LEAVES = "\n\ndef exit_conditions(m):\n    return {{{conditions}}}\n"


def done(
    *candles: Candle | None,
    trader: Trader | None = None,
    terms: Terms = FREE,
    rules: dict[str, object] | None = None,
) -> Record:
    """What a direct run comes to; the stages come to the same."""
    job, history = a_job([a_series([*QUIET, SIGNAL, *candles])], trader or a_trader(), terms=terms)
    job = msgspec.structs.replace(job, instruments=(an_instrument(**(rules or {})),))
    direct, staged = both_roads(job, history)
    assert told(direct) == told(staged)
    return direct


def after(candles: int) -> int:
    return AT_MS + candles * MINUTES_5


@pytest.mark.parametrize(
    "changes",
    [
        {"is_enabled": False},
        {"mode": Mode.LIVE},
        {"plan": msgspec.structs.replace(a_trader().plan, analyst="a friend")},
    ],
    ids=["switched off", "live", "analyst"],
)
def test_some_files_are_left_to_the_stages(changes: dict[str, object]) -> None:
    trader = a_trader()
    job, _history = a_job([a_series(QUIET)], trader)
    assert may_do(job)
    job, _history = a_job([a_series(QUIET)], msgspec.structs.replace(trader, **changes))
    assert not may_do(job)


def test_limits_that_count_what_was_lost_are_left_to_the_stages() -> None:
    brakes = Brakes(loss_streak=2)
    limits = msgspec.structs.replace(a_trader().plan.limits, brakes=brakes)
    plan = msgspec.structs.replace(a_trader().plan, limits=limits)
    job, _history = a_job([a_series(QUIET)], msgspec.structs.replace(a_trader(), plan=plan))
    assert not may_do(job)
    terms = msgspec.structs.replace(FREE, brakes=brakes)
    assert not may_do(a_job([a_series(QUIET)], terms=terms)[0])


def test_a_stop_that_moves_needs_the_stages() -> None:
    even = '{"stop_loss": "2%", "take_profit": "4%", "break_even": "1%"}'
    with pytest.raises(NeedsStages):
        done(OPENS_AT, trader=a_trader(even))


def test_a_part_too_small_to_be_protected_needs_the_stages() -> None:
    gap: Candle = (3.0, 3.1, 2.9, 3.0)  # bought for 100 a unit, and worth less than an order takes
    with pytest.raises(NeedsStages, match="too little to be protected"):
        done(gap, rules={"min_notional": Decimal(80)})


def test_a_rest_too_small_to_be_sold_needs_the_stages() -> None:
    fall = '{"take_profit": "400%", "max_age": "10m"}'
    with pytest.raises(NeedsStages, match="too little is left"):
        done(OPENS_AT, (3.0, 3.1, 2.9, 3.0), flat(3.0), trader=a_trader(fall))


def test_an_exit_condition_that_changes_while_it_is_sold_needs_the_stages() -> None:
    more = LEAVES.format(conditions='"low": m.close < 101.5')
    rows = [*QUIET, SIGNAL, *[OPENS_AT] * 4]
    minutes: list[Candle | None] = [row for row in rows for _minute in range(5)]
    minutes[25:35] = [None] * 10  # it leaves at the close before, and its condition holds on
    job, _history = a_job([a_series(rows)], a_trader(more=more))
    job = msgspec.structs.replace(job, detail="1m")
    whole = History(
        [a_series(rows), a_series([row for row in rows for _minute in range(5)], interval="1m")]
    )
    direct, staged = both_roads(job, whole)
    assert told(direct) == told(staged)
    assert [row.exit_condition for row in direct.trades] == ["low"]
    with pytest.raises(NeedsStages, match="another exit condition"):
        both_roads(job, History([a_series(rows), a_series(minutes, interval="1m")]))


def slow(amount: str) -> Trader:
    """A trader that looks at 15m candles of one symbol."""
    trader = a_trader()
    source = trader.source.replace('"5m"', '"15m"').replace('"all USDT"', '["BTCUSDT"]')
    source = source.replace('"amount": 100', f'"amount": {amount}')
    return msgspec.structs.replace(trader, source=source, plan=compile_trader(source).plan)


@pytest.mark.parametrize(
    ("last", "first_ms", "amount", "says"),
    [
        ([flat(90.0), flat(90.0), None], AT_MS, "10.5", "NOTIONAL"),
        ([flat(130.0), flat(130.0), None], AT_MS, "900", "insufficient balance"),
        ([flat(90.0)] * 3, AT_MS, "10.5", "NOTIONAL"),
        ([flat(101.0)] * 3, AT_MS + 16 * MINUTES_5, "100", ""),
        ([flat(101.0)] * 3, AT_MS + 22 * MINUTES_5, "100", "canceled before it filled"),
    ],
    ids=["hole, too small", "hole, no cash", "other closes", "begins soon", "begins too late"],
)
def test_candles_that_fill_orders_and_close_elsewhere_need_the_stages(
    last: list[Candle | None], first_ms: int, amount: str, says: str
) -> None:
    fast = a_series([*[flat(100.0)] * 12, *last, *[flat(101.0)] * 9], first_ms=first_ms)
    coarse = [*[flat(100.0)] * 4, (100.0, 131.0, 89.0, 101.0), *[flat(101.0)] * 3]
    terms = msgspec.structs.replace(FREE, start_cash=Decimal(1000))
    job, _history = a_job([fast], slow(amount), terms=terms)
    rules = an_instrument(min_notional=Decimal(10))
    job = msgspec.structs.replace(job, from_ms=AT_MS, instruments=(rules,))
    history = History([fast, a_series(coarse, interval="15m")])
    with pytest.raises(NeedsStages, match="close elsewhere"):
        both_roads(job, history)
    reasons = list(run(job, history).refusals)
    assert [reason for reason in reasons if says in reason] == reasons
    assert bool(reasons) == bool(says)


def test_intervals_that_do_not_nest_are_left_to_the_stages() -> None:
    job, _history = a_job([a_series(QUIET)], slow("100"))
    assert may_do(job)
    assert not may_do(msgspec.structs.replace(job, detail="30m"))


def test_an_exit_that_nobody_can_fill_any_more_stays_open() -> None:
    more = LEAVES.format(conditions='"low": m.close < 100')
    rows = [*QUIET, SIGNAL, *[OPENS_AT] * 2, flat(99.5)]
    job, history = a_job([a_series(rows)], a_trader('{"stop_loss": "20%"}', more=more))
    job = msgspec.structs.replace(job, to_ms=job.to_ms + 100 * MINUTES_5)
    direct, staged = both_roads(job, history)
    assert told(direct) == told(staged)
    assert direct.still_open == 1


def test_an_entry_that_waits_fills_at_the_open_there_is_in_its_time() -> None:
    late = done(None, OPENS_AT, (101.0, 106.0, 101.0, 105.0))
    assert [row.entry_ms for row in late.trades] == [after(5)]
    never = done(None, None, OPENS_AT)
    assert (never.still_open, list(never.refusals)) == (
        0,
        ["the order was canceled before it filled"],
    )


def test_several_targets_are_one_trade_with_the_average_of_their_prices() -> None:
    targets = '{"stop_loss": "5%", "take_profit": [("1%", 0.5), ("3%", 0.5)]}'
    (trade,) = done(OPENS_AT, (101.0, 105.0, 101.0, 105.0), trader=a_trader(targets)).trades
    assert trade.exit_reason == "TAKE_PROFIT"
    assert trade.exit_price == (Decimal("102.01") + Decimal("104.03")) / 2
    (first,) = done(
        OPENS_AT, (101.0, 102.5, 101.0, 101.0), (101.0, 101.0, 90.0, 95.0), trader=a_trader(targets)
    ).trades
    assert (first.exit_reason, first.exit_ms) == ("STOP_LOSS", after(7))


def test_the_earlier_of_an_age_and_an_exit_condition_leaves() -> None:
    more = LEAVES.format(conditions='"high": m.close > 101.2')
    aged = a_trader('{"stop_loss": "9%", "max_age": "10m"}', more=more)
    (trade,) = done(OPENS_AT, OPENS_AT, OPENS_AT, flat(101.3), trader=aged).trades
    assert (trade.exit_reason, trade.exit_ms) == ("MAX_AGE", after(6))
    (trade,) = done((101.0, 101.5, 100.5, 101.3), OPENS_AT, OPENS_AT, trader=aged).trades
    assert (trade.exit_reason, trade.exit_ms) == ("EXIT_CONDITIONS", after(5))


def test_what_is_left_at_the_end_is_still_open() -> None:
    assert done(OPENS_AT).still_open == 1
    aged = a_trader('{"stop_loss": "9%", "max_age": "5m"}')
    assert done(OPENS_AT, trader=aged).still_open == 1, "no candle opens to sell it"


def test_cash_and_places_are_shared() -> None:
    poor = msgspec.structs.replace(FREE, start_cash=Decimal(150))
    rows = [*QUIET, SIGNAL, OPENS_AT]
    series = [a_series(rows, "AUSDT"), a_series(rows, "BUSDT")]
    for terms, words in (
        (poor, "not enough cash"),
        (msgspec.structs.replace(FREE, max_open_positions=1), "the account is full"),
    ):
        direct, staged = both_roads(*a_job(series, a_trader(), terms=terms))
        assert told(direct) == told(staged)
        assert direct.still_open == 1
        assert any(words in reason for reason in direct.refusals)


def test_a_short_binds_its_worth_until_it_is_bought_back() -> None:
    short = a_trader(side="SHORT")
    terms = msgspec.structs.replace(FREE, start_cash=Decimal(150))
    again: list[Candle] = [flat(100.0), SIGNAL, OPENS_AT]
    rows = [*QUIET, SIGNAL, OPENS_AT, *again]
    series = [a_series(rows, "AUSDT"), a_series([*[flat(100.0)] * 6, SIGNAL, OPENS_AT], "BUSDT")]
    direct, staged = both_roads(*a_job(series, short, terms=terms))
    assert told(direct) == told(staged)
    assert any("not enough cash" in reason for reason in direct.refusals)
