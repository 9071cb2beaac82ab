from __future__ import annotations

from decimal import Decimal

from aitrader.market.universe import RANK_TIMER, UniverseStage
from aitrader.model.candle import DAY_MS, open_of
from aitrader.model.commands import Command, RankMarket, StartTimer
from aitrader.model.events import (
    Event,
    InstrumentsLoaded,
    MarketRanked,
    Saved,
    Started,
    TimerDue,
    TraderRemoved,
    TraderSaved,
    UniverseChanged,
)
from aitrader.model.ids import TimerId, TraderId
from aitrader.model.instrument import Instrument
from aitrader.model.trader import (
    Limits,
    Mode,
    PositionSide,
    SizeKind,
    Trader,
    TraderPlan,
    Universe,
)

DAY = open_of(1_700_000_000_000, "1d")
NOON = DAY + DAY_MS // 2
TOP5 = Universe(quote="USDT", top=5)


def a_trader(universe: Universe, name: str = "t") -> Trader:
    plan = TraderPlan(
        name=name,
        universe=universe,
        interval="1m",
        side=PositionSide.LONG,
        limits=Limits(SizeKind.AMOUNT, Decimal(100)),
        analyst=None,
        description="",
    )
    return Trader(
        trader_id=TraderId(name),
        source="",
        plan=plan,
        mode=Mode.PAPER,
        is_enabled=True,
        rank=0,
        version=1,
        created_ms=0,
    )


def an_instrument(symbol: str, quote: str = "USDT", is_trading: bool = True) -> Instrument:
    one = Decimal(1)
    return Instrument(
        symbol, symbol.removesuffix(quote), quote, one, one, one, one, one, is_trading
    )


def loaded(*extra: Instrument, at_ms: int = NOON) -> InstrumentsLoaded:
    rows = tuple(an_instrument(f"S{n}USDT") for n in range(20))
    return InstrumentsLoaded(at_ms=at_ms, instruments=rows + extra)


def ranked(order: str, at_ms: int = NOON) -> MarketRanked:
    """Rank the symbols S<n>USDT in the order of these numbers."""
    names = [f"S{n}USDT" for n in order.split()]
    return MarketRanked(
        at_ms=at_ms, volumes=tuple((name, 1e9 - place) for place, name in enumerate(names))
    )


def short(symbols: tuple[str, ...]) -> str:
    return " ".join(symbol[1:].removesuffix("USDT") for symbol in symbols)


def told(stage: UniverseStage, *events: Event) -> list[Event | Command]:
    return [message for event in events for message in stage.handle(event)]


def changes(messages: list[Event | Command]) -> list[str]:
    return [short(m.symbols) for m in messages if isinstance(m, UniverseChanged)]


def a_stage(*traders: Trader, max_symbols: int = 100, **saved: object) -> UniverseStage:
    stage = UniverseStage(max_symbols=max_symbols)
    first = Saved(traders=traders, last_event_ms=NOON - 1, **saved)  # type: ignore[arg-type]
    told(stage, Started(at_ms=NOON, saved=first), loaded())
    return stage


def test_starting_sets_the_timer_of_the_next_midnight() -> None:
    stage = UniverseStage(max_symbols=9)
    assert told(stage, Started(at_ms=NOON, saved=Saved())) == [
        StartTimer(timer_id=RANK_TIMER, due_ms=DAY + DAY_MS)
    ]


def test_a_fixed_list_means_what_exists_and_trades_and_names_the_rest() -> None:
    universe = Universe(
        symbols=("S3USDT", "HALTUSDT", "S1USDT", "NOUSDT", "S3USDT", "S2USDT"), excluded=("S2USDT",)
    )
    stage = UniverseStage(max_symbols=1)
    told(stage, Started(at_ms=NOON, saved=Saved()))
    messages = told(
        stage,
        TraderSaved(at_ms=NOON, trader=a_trader(universe)),
        loaded(an_instrument("HALTUSDT", is_trading=False)),
    )
    assert messages == [
        UniverseChanged(
            at_ms=NOON,
            universe=universe,
            symbols=("S3USDT", "S1USDT"),
            left_out=("HALTUSDT", "NOUSDT"),
        )
    ]
    assert told(stage, loaded(an_instrument("HALTUSDT", is_trading=False))) == []


def test_a_new_ranked_universe_asks_for_a_ranking_once() -> None:
    stage = a_stage()
    saved = TraderSaved(at_ms=NOON, trader=a_trader(TOP5))
    assert told(stage, saved, saved) == [RankMarket()]
    assert changes(told(stage, ranked("4 1 2 9 7 3 5"))) == ["4 1 2 9 7"]


def test_a_ranking_of_today_serves_the_next_trader_too() -> None:
    stage = a_stage(a_trader(TOP5))
    told(stage, ranked("4 1 2 9 7 3 5"))
    top2 = TraderSaved(at_ms=NOON + 5, trader=a_trader(Universe(quote="USDT", top=2), "u"))
    assert changes(told(stage, top2)) == ["4 1"]


def test_only_trading_symbols_of_the_quote_are_ranked() -> None:
    stage = a_stage(a_trader(Universe(quote="USDT", excluded=("S2USDT",))))
    told(stage, loaded(an_instrument("S1BTC", "BTC"), an_instrument("S77USDT", is_trading=False)))
    event = MarketRanked(
        at_ms=NOON,
        volumes=(("S1BTC", 9.0), ("S77USDT", 8.0), ("S5USDT", 7.0), ("S2USDT", 6.0), ("X", 5.0)),
    )
    assert changes(told(stage, event)) == ["5"]


def test_a_universe_is_cut_at_the_most_symbols_allowed() -> None:
    stage = a_stage(a_trader(Universe(quote="USDT")), max_symbols=3)
    assert changes(told(stage, ranked("4 1 2 9 7 3 5"))) == ["4 1 2"]


def test_a_symbol_enters_at_n_and_leaves_below_one_and_a_fifth_n() -> None:
    stage = a_stage(a_trader(TOP5))
    told(stage, ranked("0 1 2 3 4 5 6"))
    midnight = DAY + DAY_MS
    assert told(stage, TimerDue(at_ms=midnight, timer_id=RANK_TIMER)) == [
        StartTimer(timer_id=RANK_TIMER, due_ms=midnight + DAY_MS),
        RankMarket(),
    ]
    assert changes(told(stage, ranked("0 1 2 3 5 4 6", at_ms=midnight + 9))) == ["0 1 2 3 5 4"]
    told(stage, TimerDue(at_ms=midnight + DAY_MS, timer_id=RANK_TIMER))
    later = ranked("0 1 2 3 5 6 4", at_ms=midnight + DAY_MS + 9)
    assert changes(told(stage, later)) == ["0 1 2 3 5"]


def test_a_list_stands_until_midnight() -> None:
    stage = a_stage(a_trader(TOP5))
    told(stage, ranked("0 1 2 3 4 5 6"))
    assert told(stage, ranked("9 8 7 6 5 4 3", at_ms=NOON + 60_000)) == []


def test_a_list_of_today_survives_a_restart_and_one_of_yesterday_is_ranked_again() -> None:
    known = ((TOP5, ("S9USDT", "S8USDT")),)
    stage = UniverseStage(max_symbols=9)
    saved = Saved(traders=(a_trader(TOP5),), universes=known, last_event_ms=NOON - 1)
    assert len(told(stage, Started(at_ms=NOON, saved=saved), loaded())) == 1
    stage = UniverseStage(max_symbols=9)
    saved = Saved(traders=(a_trader(TOP5),), universes=known, last_event_ms=DAY - 1)
    assert told(stage, loaded(), Started(at_ms=NOON, saved=saved))[1:] == [RankMarket()]


def test_a_symbol_that_stops_trading_leaves_at_once() -> None:
    stage = a_stage(a_trader(TOP5))
    told(stage, ranked("0 1 2 3 4 5 6"))
    halted = InstrumentsLoaded(
        at_ms=NOON,
        instruments=tuple(an_instrument(f"S{n}USDT", is_trading=n != 2) for n in range(20)),
    )
    assert changes(told(stage, halted)) == ["0 1 3 4"]


def test_a_universe_without_a_trader_is_forgotten() -> None:
    stage = a_stage(a_trader(TOP5))
    told(stage, ranked("0 1 2 3 4 5 6"))
    assert told(stage, TraderRemoved(at_ms=NOON, trader_id=TraderId("t"))) == []
    midnight = TimerDue(at_ms=DAY + DAY_MS, timer_id=RANK_TIMER)
    assert [type(message) for message in told(stage, midnight)] == [StartTimer]


def test_other_events_and_timers_are_nothing() -> None:
    stage = a_stage()
    assert told(stage, TimerDue(at_ms=NOON, timer_id=TimerId("other"))) == []
    assert told(stage, TraderRemoved(at_ms=NOON, trader_id=TraderId("nobody"))) == []
    change = UniverseChanged(at_ms=NOON, universe=TOP5, symbols=())
    assert told(stage, change) == []
