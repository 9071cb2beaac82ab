"""What every store promises; the suite is run on the one on disk and on the one in memory."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from tests.builders import (
    AT_MS,
    POSITION,
    SIGNAL,
    TRADER,
    a_fill,
    a_filled_order,
    a_plan,
    a_position,
    a_signal,
    a_trader,
    an_order,
)
from tests.memory_store import MemoryStore

from aitrader.model.account import LIVE, PAPER
from aitrader.model.decision import Choice, Decision
from aitrader.model.events import (
    CandlesClosed,
    CashChanged,
    CloseAllAsked,
    DecisionMade,
    EntriesPaused,
    EntryRefused,
    EquityMarked,
    Event,
    OrderAccepted,
    OrderPlanned,
    OrderUpdated,
    PositionClosed,
    PositionOpened,
    PositionUpdated,
    Quarantined,
    Saved,
    SavedAccount,
    SignalRaised,
    SignalUpdated,
    TraderRemoved,
    TraderSaved,
    UniverseChanged,
)
from aitrader.model.ids import ClientOrderId, PositionId, SignalId, TraderId
from aitrader.model.order import ExitReason, Leg, OrderStatus
from aitrader.model.ports import Store
from aitrader.model.position import PositionStatus, TargetPrice
from aitrader.model.signal import Finding, SignalStatus
from aitrader.model.trader import Brakes, Limits, SizeKind, Universe
from aitrader.storage.rows.statement import Owner
from aitrader.storage.sqlite import SqliteStore

DAY_MS = 86_400_000

Life = Callable[[Store], Awaitable[None]]


class Disk:
    """Where stores are opened, one after the other, on the same data."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind = kind
        self._path = folder / "aitrader.sqlite"
        self._memory = MemoryStore()

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """Give the store for the length of one run of the engine."""
        if self._kind == "memory":
            yield self._memory
            return
        store = await SqliteStore.open(self._path, Owner("me", "paper"))
        try:
            yield store
        finally:
            await store.close()

    def after(self, *lives: Life) -> Saved:
        """Return what a new run finds after these."""

        async def story() -> Saved:
            for life in lives:
                async with self.store() as store:
                    await life(store)
            async with self.store() as store:
                return await store.load()

        return asyncio.run(story())

    def after_facts(self, *facts: object) -> Saved:
        """Return what a new run finds after these facts, each recorded on its own."""

        async def life(store: Store) -> None:
            for fact in facts:
                await store.record([fact])  # type: ignore[list-item]

        return self.after(life)


@pytest.fixture(params=["sqlite", "memory"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    return Disk(request.param, tmp_path)


def test_a_new_store_remembers_nothing(disk: Disk) -> None:
    assert disk.after() == Saved()


def test_what_is_not_durable_leaves_no_trace(disk: Disk) -> None:
    saved = disk.after_facts(OrderAccepted(at_ms=AT_MS, client_order_id=ClientOrderId("at1-x")))
    assert saved == Saved()


def test_a_trader_comes_back_as_it_was_saved(disk: Disk) -> None:
    trader = a_trader(
        is_enabled=False, plan=a_plan(analyst="volume", universe=Universe(quote="USDT", top=50))
    )
    assert disk.after_facts(TraderSaved(at_ms=AT_MS, trader=trader)).traders == (trader,)


def test_the_newest_version_of_a_trader_counts(disk: Disk) -> None:
    newer = a_trader(source="NAME = 'Dip'  # new\n", version=2)
    saved = disk.after_facts(
        TraderSaved(at_ms=AT_MS, trader=a_trader()), TraderSaved(at_ms=AT_MS + 1, trader=newer)
    )
    assert saved.traders == (newer,)


def test_traders_come_back_in_their_rank(disk: Disk) -> None:
    last, first = a_trader(rank=2), a_trader(trader_id=TraderId("z"), rank=1)
    saved = disk.after_facts(
        TraderSaved(at_ms=AT_MS, trader=last), TraderSaved(at_ms=AT_MS, trader=first)
    )
    assert saved.traders == (first, last)


def test_a_removed_trader_is_gone_and_may_come_back(disk: Disk) -> None:
    added = TraderSaved(at_ms=AT_MS, trader=a_trader())
    removed = TraderRemoved(at_ms=AT_MS + 1, trader_id=TRADER)
    assert disk.after_facts(added, removed).traders == ()
    assert disk.after_facts(added).traders == (a_trader(),)


def test_a_signal_waits_for_its_answer_across_a_restart(disk: Disk) -> None:
    waiting = a_signal(status=SignalStatus.WAITING, note="again at noon")
    decision = Decision(signal_id=SIGNAL, choice=Choice.WAIT, reason="too early")
    saved = disk.after_facts(
        SignalRaised(at_ms=AT_MS, signal=a_signal()),
        DecisionMade(at_ms=AT_MS, decision=decision),
        SignalUpdated(at_ms=AT_MS, signal=waiting),
    )
    assert saved.signals == (waiting,)


def test_an_answered_signal_is_not_asked_again(disk: Disk) -> None:
    done = a_signal(status=SignalStatus.SKIPPED, note="no cash")
    saved = disk.after_facts(
        SignalRaised(at_ms=AT_MS, signal=a_signal()),
        EntryRefused(at_ms=AT_MS, signal_id=SIGNAL, reason="no cash"),
        SignalUpdated(at_ms=AT_MS, signal=done),
    )
    assert saved.signals == ()


def test_a_value_that_was_no_number_does_not_spoil_its_signal(disk: Disk) -> None:
    finding = Finding(condition="either", values=(("rsi(14)", 20.5), ("atr(14)", math.nan)))
    saved = disk.after_facts(SignalRaised(at_ms=AT_MS, signal=a_signal(findings=(finding,))))
    names = [(name, math.isnan(value)) for name, value in saved.signals[0].findings[0].values]
    assert names == [("rsi(14)", False), ("atr(14)", True)]


def test_an_order_comes_back_with_every_fill_once(disk: Disk) -> None:
    first, second = a_fill(2), a_fill(1, quantity=Decimal("0.25"), fee_asset="BTC")
    partly = an_order(status=OrderStatus.OPEN, quantity=Decimal(5), fills=(first,))
    more = an_order(status=OrderStatus.OPEN, quantity=Decimal(5), fills=(first, second))
    saved = disk.after_facts(
        OrderPlanned(at_ms=AT_MS, order=an_order(quantity=Decimal(5))),
        OrderUpdated(at_ms=AT_MS, order=partly, fill=first),
        OrderUpdated(at_ms=AT_MS, order=more, fill=second),
        OrderUpdated(at_ms=AT_MS, order=more, fill=second),
    )
    assert saved.orders == (more,)


def test_an_order_keeps_everything_that_was_planned(disk: Disk) -> None:
    stop = an_order(
        Leg.EXIT,
        stop_price=Decimal("98.70"),
        price=Decimal("1E+2"),
        list_id="l-1",
        reason=ExitReason.STOP_LOSS,
        note="planned again",
    )
    assert disk.after_facts(OrderPlanned(at_ms=AT_MS, order=stop)).orders == (stop,)


def test_a_done_order_is_remembered_while_its_position_is_open(disk: Disk) -> None:
    entry = a_filled_order()
    saved = disk.after_facts(
        OrderUpdated(at_ms=AT_MS, order=entry, fill=entry.fills[0]),
        PositionOpened(at_ms=AT_MS, position=a_position()),
    )
    assert saved.orders == (entry,)


def test_a_filled_order_comes_back_with_the_mate_that_is_still_open(disk: Disk) -> None:
    stop = a_filled_order(Leg.EXIT, list_id="l-1")
    mate = an_order(Leg.EXIT, 2, list_id="l-1", status=OrderStatus.OPEN)
    closed = a_position(status=PositionStatus.CLOSED, quantity=Decimal(0), closed_ms=AT_MS + 1)
    saved = disk.after_facts(
        PositionOpened(at_ms=AT_MS, position=a_position()),
        OrderUpdated(at_ms=AT_MS, order=mate),
        OrderUpdated(at_ms=AT_MS, order=stop, fill=stop.fills[0]),
        PositionClosed(at_ms=AT_MS, position=closed),
    )
    assert {order.client_order_id for order in saved.orders} == {
        stop.client_order_id,
        mate.client_order_id,
    }
    assert saved.positions == ()


def test_a_done_order_without_a_position_is_not_loaded(disk: Disk) -> None:
    expired = an_order(status=OrderStatus.EXPIRED, note="never arrived")
    assert disk.after_facts(OrderUpdated(at_ms=AT_MS, order=expired)).orders == ()


def test_a_position_comes_back_as_it_was_left(disk: Disk) -> None:
    position = a_position(
        status=PositionStatus.CLOSING,
        targets=(TargetPrice(price=Decimal("102.5"), quantity=Decimal("0.5")),),
        trail_price=Decimal("103.25"),
        exit_reason=ExitReason.TRAILING,
    )
    saved = disk.after_facts(
        PositionOpened(at_ms=AT_MS, position=a_position()),
        PositionUpdated(at_ms=AT_MS + 1, position=position),
    )
    assert saved.positions == (position,)


def test_a_closed_position_is_not_watched_again(disk: Disk) -> None:
    closed = a_position(status=PositionStatus.CLOSED, quantity=Decimal(0), closed_ms=AT_MS + 1)
    entry = a_filled_order()
    saved = disk.after_facts(
        OrderUpdated(at_ms=AT_MS, order=entry, fill=entry.fills[0]),
        PositionOpened(at_ms=AT_MS, position=a_position()),
        PositionClosed(at_ms=AT_MS + 1, position=closed),
    )
    assert (saved.positions, saved.orders) == ((), ())


def test_cash_is_exact_to_the_last_digit(disk: Disk) -> None:
    cash = Decimal("9899.123456789012345678901234")
    assert disk.after_facts(CashChanged(at_ms=AT_MS, cash=cash)).account(PAPER).cash == cash


def test_the_best_of_a_trader_with_a_limit_outlives_the_process_until_it_counts_anew(
    disk: Disk,
) -> None:
    def ended(name: str, closed_ms: int, pnl: str, who: TraderId = TRADER) -> PositionClosed:
        position = a_position(
            position_id=PositionId(name),
            trader_id=who,
            status=PositionStatus.CLOSED,
            closed_ms=closed_ms,
            realized_pnl=Decimal(pnl),
        )
        return PositionClosed(at_ms=closed_ms, position=position)

    def highs(*facts: Event) -> tuple[tuple[TraderId, Decimal, Decimal], ...]:
        return disk.after_facts(*facts).account(PAPER).highs

    brakes = Brakes(max_drawdown_pct=Decimal(10))
    limited = a_trader(plan=a_plan(limits=Limits(SizeKind.AMOUNT, Decimal(9), 1, brakes)))
    free = TraderId("other")
    found = highs(
        ended("p-before", AT_MS - 1, "99"),
        TraderSaved(at_ms=AT_MS, trader=limited),
        TraderSaved(at_ms=AT_MS, trader=a_trader(trader_id=free)),
        ended("p-3", AT_MS + 3, "-4"),
        ended("p-2", AT_MS + 2, "7"),
        ended("p-1", AT_MS + 1, "-2"),
        ended("p-other", AT_MS + 1, "5", free),
    )
    assert found == ((TRADER, Decimal(1), Decimal(5)),)
    pause = EntriesPaused(at_ms=AT_MS + 8, is_paused=True)
    assert highs(pause) == found
    resume = EntriesPaused(at_ms=AT_MS + 9, is_paused=False)
    assert highs(resume, ended("p-4", AT_MS + 10, "-3")) == ((TRADER, Decimal(-3), Decimal(0)),)
    assert highs(msgspec.structs.replace(pause, at_ms=AT_MS + 11)) == (
        (TRADER, Decimal(-3), Decimal(0)),
    )
    assert highs(TraderSaved(at_ms=AT_MS + 12, trader=limited)) == ()


def test_the_worth_of_a_fee_in_a_third_coin_comes_back(disk: Disk) -> None:
    fill = a_fill(fee_asset="BNB", fee_quote=Decimal("0.61"))
    order = an_order(fills=(fill, a_fill(2, fee_asset="BNB")), status=OrderStatus.OPEN)
    saved = disk.after_facts(OrderUpdated(at_ms=AT_MS, order=order, fill=fill))
    assert saved.orders == (order,)


def test_what_no_fill_explains_outlives_the_process(disk: Disk) -> None:
    cash = CashChanged(at_ms=AT_MS, cash=Decimal(5), unexplained=Decimal("-0.5"))
    assert disk.after_facts(cash).account(PAPER) == SavedAccount(
        cash=Decimal(5), unexplained=Decimal("-0.5")
    )
    known = CashChanged(at_ms=AT_MS, cash=Decimal(5))
    assert disk.after_facts(known).account(PAPER) == SavedAccount(cash=Decimal(5))


def test_a_pause_outlives_the_process_and_leaves_the_cash_alone(disk: Disk) -> None:
    saved = disk.after_facts(
        CashChanged(at_ms=AT_MS, cash=Decimal(5)), EntriesPaused(at_ms=AT_MS, is_paused=True)
    )
    assert (saved.is_paused, saved.account(PAPER).cash) == (True, Decimal(5))
    assert not disk.after_facts(EntriesPaused(at_ms=AT_MS, is_paused=False)).is_paused


def test_closing_all_outlives_the_process_until_entries_are_resumed(disk: Disk) -> None:
    asked = CloseAllAsked(at_ms=AT_MS)
    saved = disk.after_facts(asked, EntriesPaused(at_ms=AT_MS, is_paused=True))
    assert (saved.is_closing_all, saved.is_paused) == (True, True)
    resumed = EntriesPaused(at_ms=AT_MS, is_paused=False)
    paused_again = EntriesPaused(at_ms=AT_MS, is_paused=True)
    saved = disk.after_facts(resumed, paused_again)
    assert (saved.is_closing_all, saved.is_paused) == (False, True)
    saved = disk.after_facts(CashChanged(at_ms=AT_MS, cash=Decimal(5)), resumed, asked)
    assert (saved.is_closing_all, saved.is_paused) == (True, True)


def test_a_pause_alone_makes_no_cash(disk: Disk) -> None:
    assert disk.after_facts(EntriesPaused(at_ms=AT_MS, is_paused=True)).account(PAPER).cash is None


def test_each_account_has_its_own_money_orders_and_positions(disk: Disk) -> None:
    other = PositionId("p-live")
    saved = disk.after_facts(
        CashChanged(at_ms=AT_MS, cash=Decimal(5)),
        CashChanged(at_ms=AT_MS, cash=Decimal(7), account=LIVE),
        OrderPlanned(at_ms=AT_MS, order=an_order()),
        OrderUpdated(at_ms=AT_MS, order=a_filled_order(attempt=2, account=LIVE, position_id=other)),
        PositionOpened(
            at_ms=AT_MS,
            position=a_position(account=LIVE, position_id=other, realized_pnl=Decimal("-0.1")),
        ),
    )
    assert saved.accounts == (
        SavedAccount(PAPER, Decimal(5)),
        SavedAccount(LIVE, Decimal(7), Decimal("-0.1"), Decimal("-0.1")),
    )
    assert [row.account for row in saved.of(PAPER).orders] == [PAPER]
    live = saved.of(LIVE)
    assert [row.account for row in (*live.orders, *live.positions)] == [LIVE, LIVE]
    assert live.orders[0].fills == (a_fill(2),)


def test_the_newest_list_of_a_universe_counts(disk: Disk) -> None:
    top = Universe(quote="USDT", top=2)
    saved = disk.after_facts(
        UniverseChanged(at_ms=AT_MS, universe=top, symbols=("BTCUSDT", "ETHUSDT")),
        UniverseChanged(at_ms=AT_MS + DAY_MS, universe=top, symbols=("SOLUSDT", "BTCUSDT")),
    )
    assert saved.universes == ((top, ("SOLUSDT", "BTCUSDT")),)


def test_the_days_pnl_counts_from_midnight(disk: Disk) -> None:
    def closed(pnl: str, key: str, at_ms: int) -> PositionClosed:
        position = a_position(
            position_id=PositionId(key),
            status=PositionStatus.CLOSED,
            realized_pnl=Decimal(pnl),
            closed_ms=at_ms,
        )
        return PositionClosed(at_ms=at_ms, position=position)

    saved = disk.after_facts(
        closed("50", "p-yesterday", AT_MS - 1),
        PositionOpened(at_ms=AT_MS - 5, position=a_position(realized_pnl=Decimal("-0.1"))),
        PositionUpdated(at_ms=AT_MS + 1, position=a_position(realized_pnl=Decimal("2.4"))),
        PositionUpdated(at_ms=AT_MS + 2, position=a_position(realized_pnl=Decimal("2.4"))),
        closed("-1", "p-today", AT_MS + 3),
    )
    assert saved.account(PAPER).day_pnl == Decimal("1.5")


def test_results_count_signals_and_pnl_of_each_trader(disk: Disk) -> None:
    other = TraderId("other")
    saved = disk.after_facts(
        SignalRaised(at_ms=AT_MS, signal=a_signal()),
        SignalRaised(at_ms=AT_MS, signal=a_signal(signal_id=SignalId("s-2"))),
        PositionOpened(at_ms=AT_MS, position=a_position(realized_pnl=Decimal("-0.1"))),
        PositionOpened(
            at_ms=AT_MS,
            position=a_position(
                position_id=PositionId("p-2"), trader_id=other, realized_pnl=Decimal(3)
            ),
        ),
    )
    assert saved.results == ((TRADER, 2, Decimal("-0.1")), (other, 0, Decimal(3)))


def test_the_last_instant_is_remembered(disk: Disk) -> None:
    saved = disk.after_facts(
        CandlesClosed(at_ms=AT_MS + 60_000, intervals=("1m",)),
        EquityMarked(at_ms=AT_MS, equity=Decimal(1), cash=Decimal(1), open_positions=0),
        EquityMarked(at_ms=AT_MS, equity=Decimal(2), cash=Decimal(1), open_positions=0),
    )
    assert saved.last_event_ms == AT_MS + 60_000


def test_facts_of_one_call_and_of_many_runs_come_back_alike(disk: Disk) -> None:
    async def first(store: Store) -> None:
        await store.record(
            [
                TraderSaved(at_ms=AT_MS, trader=a_trader()),
                OrderPlanned(at_ms=AT_MS, order=an_order()),
            ]
        )

    async def second(store: Store) -> None:
        filled = a_filled_order()
        await store.record(
            [
                OrderUpdated(at_ms=AT_MS, order=filled, fill=filled.fills[0]),
                PositionOpened(at_ms=AT_MS, position=a_position()),
                CashChanged(at_ms=AT_MS, cash=Decimal("9899.9")),
            ]
        )

    saved = disk.after(first, second)
    assert saved.traders == (a_trader(),)
    assert saved.positions == (a_position(),)
    assert saved.orders[0].position_id == POSITION
    assert saved.account(PAPER).cash == Decimal("9899.9")


def test_a_quarantine_outlives_the_process_until_its_trader_is_saved_or_removed(disk: Disk) -> None:
    other = TraderId("other")
    saved = disk.after_facts(
        TraderSaved(at_ms=AT_MS, trader=a_trader()),
        Quarantined(at_ms=AT_MS, trader_id=TRADER, symbol="BTCUSDT", reason="overfill"),
        Quarantined(at_ms=AT_MS + 1, trader_id=TRADER, symbol="BTCUSDT", reason="again"),
        Quarantined(at_ms=AT_MS, trader_id=other, symbol="ETHUSDT", reason="overfill"),
    )
    assert saved.quarantined == ((TRADER, "BTCUSDT"), (other, "ETHUSDT"))
    saved = disk.after_facts(
        TraderSaved(at_ms=AT_MS + 2, trader=a_trader(version=2)),
        TraderRemoved(at_ms=AT_MS + 2, trader_id=other),
    )
    assert saved.quarantined == ()


def test_what_closed_lately_and_the_best_worth_outlive_the_process(disk: Disk) -> None:
    def ended(name: str, closed_ms: int, pnl: str) -> PositionClosed:
        position = a_position(
            position_id=PositionId(name),
            status=PositionStatus.CLOSED,
            closed_ms=closed_ms,
            realized_pnl=Decimal(pnl),
        )
        return PositionClosed(at_ms=closed_ms, position=position)

    week_ms = 7 * 86_400_000
    mark = EquityMarked(at_ms=AT_MS, equity=Decimal(5), cash=Decimal(5), open_positions=0)
    account = disk.after_facts(
        ended("p-old", AT_MS - week_ms - 1, "9"),
        ended("p-2", AT_MS - 1, "-2"),
        ended("p-1", AT_MS - 5, "1.5"),
        msgspec.structs.replace(mark, at_ms=AT_MS - 9, peak=Decimal(99)),
        msgspec.structs.replace(mark, peak=Decimal("12.5")),
    ).account(PAPER)
    assert [(row.closed_ms, row.pnl) for row in account.closed] == [
        (AT_MS - 5, Decimal("1.5")),
        (AT_MS - 1, Decimal(-2)),
    ]
    assert account.closed[0].trader_id == TRADER
    assert account.peak == Decimal("12.5")
