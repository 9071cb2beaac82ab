from decimal import Decimal

import msgspec
import pytest
from tests.builders import AT_MS, a_signal, an_instrument, some_exits
from tests.unit.backtest.worlds import FREE, MINUTES_5, a_job, a_series, a_trader, flat

from aitrader.backtest.direct_account import DirectAccount
from aitrader.backtest.job import Terms
from aitrader.backtest.record import Record
from aitrader.backtest.resting import NeedsStages
from aitrader.backtest.round_trip import RoundTrip
from aitrader.backtest.timers import VirtualClock
from aitrader.filters.traderfile import compile_trader
from aitrader.model.order import Side
from aitrader.model.trader import Trader


class Room:
    """An account of a run over two symbols that stand at 100, at the close of the third candle."""

    def __init__(self, terms: Terms = FREE, **rules: object) -> None:
        series = [a_series([flat()] * 5, name) for name in ("AUSDT", "BUSDT")]
        self.trader = a_trader()
        job, history = a_job(series, self.trader, terms=terms)
        instruments = tuple(an_instrument(symbol=name, **rules) for name in history.symbols)
        job = msgspec.structs.replace(job, instruments=instruments)
        self.record, self.clock = Record(), VirtualClock(AT_MS + 3 * MINUTES_5)
        self.account = DirectAccount(job, history, self.record, self.clock)

    def asks(
        self, symbol: str = "AUSDT", trader: Trader | None = None, **changes: object
    ) -> RoundTrip | None:
        who = trader or self.trader
        signal = a_signal(
            trader_id=who.trader_id,
            symbol=symbol,
            candle_open_ms=AT_MS + 2 * MINUTES_5,
            raised_ms=self.clock.at_ms,
            **changes,
        )
        self.account.close_candle()
        return self.account.admit(signal, who)

    def enters(self, symbol: str = "AUSDT", trader: Trader | None = None) -> RoundTrip:
        trip = self.asks(symbol, trader)
        assert trip is not None
        trip.find_open(self.clock.at_ms)
        side = Side.BUY if (trader or self.trader).plan.side.value == "LONG" else Side.SELL
        trip.enter(*self.account.fill_at_market(trip, side, trip.quantity))
        self.account.release(trip)
        return trip


def sized(risk: str, side: str = "LONG") -> Trader:
    trader = a_trader(side=side)
    source = trader.source.replace('{"amount": 100, "max_open": 20}', risk)
    return msgspec.structs.replace(trader, source=source, plan=compile_trader(source).plan)


def test_what_is_promised_cannot_be_spent_twice() -> None:
    room = Room(msgspec.structs.replace(FREE, start_cash=Decimal(150)))
    first = room.asks("AUSDT")
    assert first is not None
    assert first.quantity == 1
    assert room.asks("BUSDT") is None
    (reason,) = room.record.refusals
    assert reason.startswith("not enough cash")
    room.account.release(first)
    room.account.forget(first)
    assert room.asks("BUSDT") is not None


def test_fills_move_the_cash_that_there_is() -> None:
    room = Room(msgspec.structs.replace(FREE, start_cash=Decimal(150)))
    trip = room.enters()
    assert room.asks("BUSDT") is None
    trip.exit(*room.account.fill(trip, Side.SELL, Decimal(1), Decimal(160)))
    assert room.asks("BUSDT") is not None
    assert [move.quote for move in room.record.moves] == [-100, 160]


def test_a_symbol_that_is_held_or_awaited_is_taken() -> None:
    room = Room()
    trip = room.asks()
    assert trip is not None
    assert room.asks() is None
    assert list(room.record.refusals) == ["the trader already holds or awaits AUSDT"]
    room.account.forget(trip)
    assert room.account.open == {}
    assert room.asks() is not None


def test_places_are_counted_for_the_trader_and_the_account() -> None:
    room = Room()
    one = sized('{"amount": 100, "max_open": 1}')
    assert room.asks("AUSDT", one) is not None
    assert room.asks("BUSDT", one) is None
    full = Room(msgspec.structs.replace(FREE, max_open_positions=1))
    assert full.asks("AUSDT") is not None
    assert full.asks("BUSDT") is None
    assert [*room.record.refusals, *full.record.refusals] == [
        "the trader is full: 1 of 1 open",
        "the account is full: 1 of 1 open",
    ]


def test_stop_orders_take_the_places_of_their_symbol() -> None:
    room = Room(max_stops=1)
    other = msgspec.structs.replace(a_trader(name="other"), rank=2)
    trip = room.asks()
    assert trip is not None
    assert room.asks(trader=other) is None
    room.account.count_stops(trip, 0)
    assert room.asks(trader=other) is not None


def test_a_size_is_a_share_of_all_that_the_account_is_worth() -> None:
    room = Room(msgspec.structs.replace(FREE, start_cash=Decimal(1000)))
    room.enters("AUSDT")
    half = room.asks("BUSDT", sized('{"size": "50%", "max_open": 9}'))
    assert half is not None
    assert half.quantity == 5


def test_shorts_bind_their_proceeds_and_as_much_again() -> None:
    room = Room(msgspec.structs.replace(FREE, start_cash=Decimal(190)))
    room.enters("AUSDT", sized('{"amount": 100, "max_open": 9}', "SHORT"))
    assert room.asks("BUSDT") is None
    assert "90 free" in next(iter(room.record.refusals))


def test_a_stop_that_moves_needs_the_stages() -> None:
    with pytest.raises(NeedsStages):
        Room().asks(exits=some_exits(break_even_pct=Decimal(1)))


def test_costs_are_those_of_the_terms() -> None:
    room = Room(Terms(fee_bps=Decimal(10), slippage_bps=Decimal(100)))
    trip = room.enters()
    assert trip.position is not None
    assert trip.position.entry_price == 101
    assert room.record.fees == Decimal("0.101")
    assert room.account.last_price("AUSDT") == 100
    assert room.account.last_price("XUSDT") is None
