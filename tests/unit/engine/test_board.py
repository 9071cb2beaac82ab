"""What the facts add up to."""

from __future__ import annotations

from decimal import Decimal

from tests.builders import AT_MS, POSITION, SIGNAL, TRADER, a_plan, a_position, a_signal, a_trader

from aitrader.engine.board import MOST_CLOSED, MOST_SIGNALS, Board
from aitrader.engine.rows import state_of
from aitrader.model.candle import DAY_MS
from aitrader.model.decision import Choice, Decision
from aitrader.model.events import (
    CandlesClosed,
    CashChanged,
    DecisionMade,
    EntriesPaused,
    Event,
    FeedChanged,
    FilterFailed,
    OpenOrdersReported,
    OrderAccepted,
    PositionClosed,
    PositionOpened,
    PositionUpdated,
    Quarantined,
    Saved,
    SavedAccount,
    ScreenDone,
    SignalRaised,
    SignalUpdated,
    Started,
    TraderRemoved,
    TraderSaved,
    UniverseChanged,
)
from aitrader.model.found import FoundOrder
from aitrader.model.ids import ClientOrderId, PositionId, SignalId, TraderId
from aitrader.model.order import Side
from aitrader.model.position import PositionStatus
from aitrader.model.signal import SignalStatus

ADDED = TraderSaved(at_ms=AT_MS, trader=a_trader())
OPENED = PositionOpened(at_ms=AT_MS, position=a_position())
UP = FeedChanged(at_ms=AT_MS, is_up=True, reason="")
CLOSE = CandlesClosed(at_ms=AT_MS, intervals=("1m", "5m"))


def told(*facts: Event) -> Board:
    board = Board(Decimal(10_000))
    board.update(facts)
    return board


def state(board: Board) -> str:
    trader = board.traders[TRADER]
    return state_of(trader, board.tally_of(TRADER), board.around(trader))


def a_round(closed_ms: int = AT_MS, **changes: object) -> ScreenDone:
    fields = {"matches": (), "exit_matches": (), "warming": (), "faults": ()}
    return ScreenDone(
        at_ms=closed_ms, closed_ms=closed_ms, checks=7, cpu_ms=1.5, **{**fields, **changes}
    )


def closed(number: int = 1, pnl: str = "2", at_ms: int = AT_MS) -> PositionClosed:
    position = a_position(
        position_id=PositionId(f"p-{number}"),
        status=PositionStatus.CLOSED,
        realized_pnl=Decimal(pnl),
    )
    return PositionClosed(at_ms=at_ms, position=position)


def test_a_start_brings_back_everything_that_was() -> None:
    saved = Saved(
        traders=(a_trader(),),
        signals=(a_signal(),),
        positions=(a_position(),),
        universes=((a_plan().universe, ("BTCUSDT",)),),
        accounts=(
            SavedAccount(cash=Decimal(5), day_pnl=Decimal(3)),
            SavedAccount("live", cash=Decimal(8), day_pnl=Decimal(4)),
        ),
        last_event_ms=AT_MS,
        is_paused=True,
        results=((TRADER, 9, Decimal("-2")),),
    )
    board = told(Started(at_ms=AT_MS, saved=saved))
    tally = board.tally_of(TRADER)
    assert (tally.signals, tally.realized_pnl, tally.open_positions) == (9, Decimal("-2"), 1)
    assert (board.accounts.cash(), board.accounts.day_pnl(AT_MS), board.is_paused) == (
        Decimal(5),
        Decimal(3),
        True,
    )
    assert (board.accounts.cash("live"), board.accounts.day_pnl(AT_MS, "live")) == (
        Decimal(8),
        Decimal(4),
    )
    assert board.around(board.traders[TRADER]).symbols == 1
    assert [p.position_id for p in board.open_positions()] == [POSITION]
    assert list(board.signals) == [SIGNAL]


def test_a_new_account_has_its_start_cash() -> None:
    assert told(Started(at_ms=AT_MS, saved=Saved())).accounts.cash() == Decimal(10_000)


def test_cash_and_pause_are_the_newest() -> None:
    board = told(
        CashChanged(at_ms=AT_MS, cash=Decimal(1)), EntriesPaused(at_ms=AT_MS, is_paused=True)
    )
    assert (board.accounts.cash(), board.is_paused) == (Decimal(1), True)


def test_what_one_account_does_is_nothing_to_the_other() -> None:
    live = a_position(account="live", realized_pnl=Decimal(-2))
    board = told(
        CashChanged(at_ms=AT_MS, cash=Decimal(1)),
        CashChanged(at_ms=AT_MS, cash=Decimal(9), account="live"),
        PositionOpened(at_ms=AT_MS, position=live),
    )
    assert (board.accounts.cash(), board.accounts.cash("live")) == (Decimal(1), Decimal(9))
    assert (board.accounts.day_pnl(AT_MS), board.accounts.day_pnl(AT_MS, "live")) == (
        Decimal(0),
        Decimal(-2),
    )
    assert (board.open_positions("paper"), board.open_positions("live")) == ([], [live])


def test_a_trader_waits_for_candles_then_watches() -> None:
    assert state(told(ADDED)) == "no candles"
    assert state(told(ADDED, UP)) == "no candles"
    assert state(told(ADDED, UP, CLOSE)) == "watching"
    down = FeedChanged(at_ms=AT_MS, is_up=False, reason="the exchange is silent")
    board = told(ADDED, UP, CLOSE, down)
    assert state(board) == "no candles"
    assert board.notices.text().endswith("no new entries: the exchange is silent")


def test_a_trader_warms_up_until_a_round_says_it_is_ready() -> None:
    warming = a_round(warming=((TRADER, 40, 223),))
    assert state(told(ADDED, UP, CLOSE, warming)) == "warming up 40/223"
    assert state(told(ADDED, UP, CLOSE, warming, a_round(AT_MS + 300_000))) == "watching"


def test_a_round_of_another_interval_says_nothing_about_a_trader() -> None:
    warming = a_round(warming=((TRADER, 40, 223),))
    board = told(ADDED, UP, CLOSE, warming, a_round(AT_MS + 60_000))
    assert state(board) == "warming up 40/223"
    assert (board.tally_of(TRADER).last_check_ms, board.checks) == (AT_MS, 14)


def test_a_fault_stays_until_the_trader_is_saved_again() -> None:
    failed = FilterFailed(at_ms=AT_MS, trader_id=TRADER, reason="line 3: too slow")
    assert state(told(ADDED, failed)) == "fault: line 3: too slow"
    assert state(told(ADDED, a_round(faults=((TRADER, "x"),)))) == "fault: x"
    assert state(told(ADDED, failed, ADDED)) == "no candles"


def test_a_removed_trader_is_named_by_its_id() -> None:
    assert told(ADDED).name_of(TRADER) == "Dip"
    board = told(ADDED, TraderRemoved(at_ms=AT_MS, trader_id=TRADER))
    assert (board.name_of(TRADER), board.traders) == (TRADER, {})


def test_a_universe_gives_a_trader_its_symbols() -> None:
    universe = a_plan().universe
    board = told(ADDED, UniverseChanged(at_ms=AT_MS, universe=universe, symbols=("A", "B")))
    assert board.around(board.traders[TRADER]).symbols == 2


def test_signals_are_counted_and_kept_up_to_a_limit() -> None:
    facts = [
        SignalRaised(at_ms=AT_MS, signal=a_signal(signal_id=SignalId(f"s-{n}")))
        for n in range(MOST_SIGNALS + 1)
    ]
    board = told(*facts)
    assert (len(board.signals), board.tally_of(TRADER).signals) == (MOST_SIGNALS, MOST_SIGNALS + 1)
    assert "s-0" not in board.signals


def test_an_update_changes_a_signal_that_is_known() -> None:
    skipped = a_signal(status=SignalStatus.SKIPPED)
    update = SignalUpdated(at_ms=AT_MS, signal=skipped)
    assert told(SignalRaised(at_ms=AT_MS, signal=a_signal()), update).signals == {SIGNAL: skipped}
    assert told(update).signals == {}


def test_a_positions_life_is_in_its_traders_tally_and_the_days_pnl() -> None:
    after = a_position(realized_pnl=Decimal("4.9"))
    done = a_position(realized_pnl=Decimal("7"), status=PositionStatus.CLOSED)
    board = told(OPENED, PositionUpdated(at_ms=AT_MS, position=after))
    assert board.tally_of(TRADER).open_positions == 1
    board.update([PositionClosed(at_ms=AT_MS, position=done)])
    tally = board.tally_of(TRADER)
    assert (tally.realized_pnl, tally.open_positions) == (Decimal(7), 0)
    assert board.accounts.day_pnl(AT_MS) == Decimal(7)


def test_the_days_pnl_begins_anew_at_midnight() -> None:
    board = told(closed(1, "2"))
    assert board.accounts.day_pnl(AT_MS + DAY_MS) == 0
    board.update([closed(2, "-1", AT_MS + DAY_MS)])
    assert board.accounts.day_pnl(AT_MS + DAY_MS) == Decimal(-1)


def test_closed_positions_are_kept_up_to_a_limit_and_open_ones_always() -> None:
    board = told(OPENED, *(closed(n) for n in range(MOST_CLOSED + 5)))
    assert len(board.positions) == MOST_CLOSED + 1
    assert POSITION in board.positions
    assert "p-0" not in board.positions


def test_a_quarantine_is_told() -> None:
    board = told(
        ADDED, Quarantined(at_ms=AT_MS, trader_id=TRADER, symbol="BTCUSDT", reason="overfilled")
    )
    assert board.notices.text() == "Dip leaves BTCUSDT alone: overfilled"


def test_every_fact_is_counted_and_most_need_nothing_else() -> None:
    accepted = OrderAccepted(at_ms=AT_MS, client_order_id=ClientOrderId("at1-x"))
    board = told(accepted, accepted)
    assert board.counts[OrderAccepted] == 2
    assert board.orders_planned() == 0
    assert board.tally_of(TraderId("nobody")).signals == 0


def test_what_an_analyst_was_asked_is_kept_and_what_rules_decided_is_not() -> None:
    decided = DecisionMade(at_ms=AT_MS, decision=Decision(SIGNAL, Choice.SKIP, "no model"))
    raised = SignalRaised(at_ms=AT_MS, signal=a_signal())
    asks = a_trader(plan=a_plan(analyst="Is the trend clean?"))
    board = told(TraderSaved(at_ms=AT_MS, trader=asks), raised, decided)
    row = board.analyses[SIGNAL]
    assert (row.trader, row.choice, row.reason) == ("Dip", "SKIP", "no model")
    assert told(ADDED, raised, decided).analyses == {}
    assert told(decided).analyses == {}


def test_analyses_are_kept_up_to_a_limit() -> None:
    asks = a_trader(plan=a_plan(analyst="Is the trend clean?"))
    board = told(TraderSaved(at_ms=AT_MS, trader=asks))
    for number in range(MOST_SIGNALS + 3):
        signal_id = SignalId(f"s-{number}")
        decision = Decision(signal_id, Choice.WAIT, "not yet")
        board.update([SignalRaised(at_ms=AT_MS, signal=a_signal(signal_id=signal_id))])
        board.update([DecisionMade(at_ms=AT_MS, decision=decision)])
    assert len(board.analyses) == MOST_SIGNALS


def test_strange_orders_and_what_is_left_alone_are_told_until_a_person_acts() -> None:
    strange = FoundOrder(
        client_order_id=ClientOrderId("x"),
        symbol="ETHUSDT",
        side=Side.SELL,
        kind="LIMIT",
        quantity=Decimal(1),
        filled=Decimal(0),
    )
    report = OpenOrdersReported(at_ms=AT_MS, account="live", orders=(strange,))
    alone = Quarantined(at_ms=AT_MS, trader_id=TRADER, symbol="BTCUSDT", reason="gone")
    board = told(ADDED, report, alone, UP)
    assert board.notices.text() == "Dip leaves BTCUSDT alone: gone"
    board.update([ADDED])
    assert board.notices.text() == "open orders that are not ours are left alone: ETHUSDT"
    board.update([alone, TraderRemoved(at_ms=AT_MS, trader_id=TRADER)])
    assert "left alone: ETHUSDT" in board.notices.text()
