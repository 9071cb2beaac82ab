from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cache

import msgspec
import pytest
from tests.unit.backtest.studies import SOURCE, a_study

from aitrader.backtest.batch import trader_of
from aitrader.backtest.record import Recorder
from aitrader.backtest.replay import UNPROVEN, Row, Sides, compared, symbols_at
from aitrader.backtest.run import answers_of, run_in_stages
from aitrader.model.candle import closing_intervals
from aitrader.model.events import CandlesClosed, EntriesPaused, TraderSaved
from aitrader.model.order import ExitReason
from aitrader.model.position import Position
from aitrader.model.signal import SignalStatus
from aitrader.model.trader import Universe
from aitrader.storage.recorded import Recorded

STEP = 300_000


@cache
def a_day() -> Sides:
    """A run, and records that say exactly the same."""
    study, loaded = a_study(300)
    trader = trader_of(SOURCE, None)
    job = msgspec.structs.replace(study.job, traders=(trader,))
    answers = answers_of(job, loaded.history)
    tested = run_in_stages(job, loaded.history, answers)
    assert len(tested.closed) > 10
    instants = range(job.from_ms, job.to_ms, STEP)
    recorded = Recorded(
        positions=tuple(tested.closed),
        signals=tuple(tested.raised.values()),
        traders=(trader,),
        saved=(TraderSaved(at_ms=job.from_ms, trader=trader),),
        universes=((job.from_ms, trader.plan.universe, loaded.history.symbols),),
        closes=tuple(CandlesClosed(at_ms=n, intervals=closing_intervals(n)) for n in instants),
    )
    return Sides(
        recorded=recorded,
        tested=tested,
        traders=(trader,),
        answers=answers,
        history=loaded.history,
        detail="5m",
        from_ms=job.from_ms,
        to_ms=job.to_ms,
    )


def with_records(sides: Sides, **changes: object) -> Sides:
    recorded = msgspec.structs.replace(sides.recorded, **changes)
    return msgspec.structs.replace(sides, recorded=recorded)


def without_first(sides: Sides) -> tuple[Sides, Position]:
    """Records that lack the second trade and its signal."""
    gone = sides.recorded.positions[1]
    return with_records(
        sides,
        positions=tuple(row for row in sides.recorded.positions if row is not gone),
        signals=tuple(r for r in sides.recorded.signals if r.signal_id != gone.signal_id),
    ), gone


def row_of(rows: Iterable[Row], position: Position) -> Row:
    key = position.position_id
    return next(r for r in rows if key in {p.position_id for p in (r.recorded, r.tested) if p})


def test_the_same_day_differs_in_nothing() -> None:
    sides = a_day()
    rows = compared(sides)
    assert len(rows) >= len(sides.recorded.positions)
    closed = [row for row in rows if row.recorded is not None]
    assert all(row.is_same and not row.why and row.is_explained for row in closed)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"entry_price": Decimal("100.5")}, "entered 2.0 s after the open at 100.5"),
        ({"entry_quantity": Decimal(7)}, "bought 7, the backtest"),
        ({"exit_reason": ExitReason.MANUAL}, "a person closed it at 2025-01-01"),
        ({"exit_reason": ExitReason.UNPROTECTED}, "left by UNPROTECTED at 2025"),
        ({"exit_reason": None, "closed_ms": None}, "left by nothing, it is still open"),
        ({"exit_price": Decimal(99)}, "left at 99, the backtest at"),
        ({"closed_ms": 1_735_700_000_000}, "left at 2025-01-01 02:53; the backtest at"),
    ],
)
def test_two_sides_of_a_trade_are_told_apart(changes: dict[str, object], why: str) -> None:
    sides = a_day()
    first, *rest = sides.recorded.positions
    other = msgspec.structs.replace(first, opened_ms=first.opened_ms + 2000, **changes)
    row = row_of(compared(with_records(sides, positions=(other, *rest))), first)
    assert any(text.startswith(why) for text in row.why), row.why


def test_the_same_reason_while_both_are_open_is_the_same() -> None:
    sides = a_day()
    tested = Recorder()
    first = msgspec.structs.replace(sides.recorded.positions[0], exit_reason=None, closed_ms=None)
    tested.open = {first.position_id: first}
    found = compared(
        msgspec.structs.replace(with_records(sides, positions=(first,)), tested=tested)
    )
    assert found[0].is_same and not found[0].why


def refused(sides: Sides, gone: Position) -> Sides:
    signals = [
        msgspec.structs.replace(row, status=SignalStatus.SKIPPED, note="no cash")
        for row in a_day().recorded.signals
        if row.signal_id == gone.signal_id
    ]
    return with_records(sides, signals=(*sides.recorded.signals, *signals))


def not_running(sides: Sides, _gone: Position) -> Sides:
    return with_records(sides, closes=())


def missed(sides: Sides, gone: Position) -> Sides:
    key = (gone.symbol, "5m")
    closes = [msgspec.structs.replace(row, missed=(key,)) for row in sides.recorded.closes]
    return with_records(sides, closes=tuple(closes))


def not_there_yet(sides: Sides, gone: Position) -> Sides:
    (saved,) = sides.recorded.saved
    return with_records(sides, saved=(msgspec.structs.replace(saved, at_ms=sides.to_ms),))


def off(sides: Sides, gone: Position) -> Sides:
    (saved,) = sides.recorded.saved
    trader = msgspec.structs.replace(saved.trader, is_enabled=False)
    return with_records(sides, saved=(msgspec.structs.replace(saved, trader=trader),))


def of_another_file(sides: Sides, gone: Position) -> Sides:
    (saved,) = sides.recorded.saved
    trader = msgspec.structs.replace(saved.trader, source="other")
    return with_records(sides, saved=(msgspec.structs.replace(saved, trader=trader),))


def paused(sides: Sides, gone: Position) -> Sides:
    return with_records(sides, pauses=(EntriesPaused(at_ms=sides.from_ms, is_paused=True),))


def outside(sides: Sides, gone: Position) -> Sides:
    universe = sides.traders[0].plan.universe
    return with_records(sides, universes=((sides.from_ms, universe, ("XRPUSDT",)),))


def still_held(sides: Sides, gone: Position) -> Sides:
    old = msgspec.structs.replace(
        gone, position_id="p-old", opened_ms=sides.from_ms - 1, closed_ms=sides.to_ms
    )
    return with_records(sides, positions=(*sides.recorded.positions, old))


def nothing(sides: Sides, _gone: Position) -> Sides:
    return sides


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (refused, "live the signal was SKIPPED: no cash"),
        (not_running, "it was not running"),
        (missed, "was missed"),
        (not_there_yet, "the trader did not exist yet"),
        (off, "the trader was switched off"),
        (of_another_file, "the trader's file was another one then"),
        (paused, "entries were paused"),
        (outside, "was not among the trader's symbols then"),
        (still_held, "live still held the symbol"),
        (nothing, UNPROVEN),
    ],
)
def test_a_trade_that_was_not_made_live_says_why(
    change: Callable[[Sides, Position], Sides], why: str
) -> None:
    sides, gone = without_first(a_day())
    row = row_of(compared(change(sides, gone)), gone)
    assert row.recorded is None and not row.is_same
    assert why in row.why[0], row.why
    assert row.is_explained is (why != UNPROVEN)


def run_without(sides: Sides, gone: Position) -> Sides:
    """A backtest that lacks a trade, its signal and whatever came of it."""
    tested = Recorder()
    tested.closed = [row for row in sides.tested.closed if row is not gone]
    tested.raised = {k: v for k, v in sides.tested.raised.items() if k != gone.signal_id}
    return msgspec.structs.replace(sides, tested=tested)


def test_a_trade_that_the_backtest_has_not_says_why() -> None:
    sides = a_day()
    gone = sides.tested.closed[3]
    lacking = run_without(sides, gone)

    def why(changed: Sides) -> str:
        row = row_of(compared(changed), gone)
        assert row.tested is None
        return row.why[0]

    assert "do not become true there" in why(lacking)
    nobody = msgspec.structs.replace(lacking, traders=())
    assert "was not run again" in why(nobody)
    assert "before the span" in why(with_records(lacking, signals=()))
    signal = sides.tested.raised[gone.signal_id]

    def with_signal(**changes: object) -> Sides:
        return with_records(lacking, signals=(msgspec.structs.replace(signal, **changes),))

    assert "file was another one" in why(with_signal(candle_open_ms=signal.candle_open_ms + 1))
    assert "closed at 1 live and at" in why(with_signal(price=Decimal(1)))
    lacking.tested.refused[gone.signal_id] = "no cash"
    assert why(lacking) == "the backtest refused it: no cash"
    lacking.tested.refused.clear()
    held = msgspec.structs.replace(gone, position_id="p-x", opened_ms=1, closed_ms=None)
    lacking.tested.open["p-x"] = held
    assert "the backtest still held the symbol" in why(lacking)


def test_a_candle_that_is_not_stored_is_named() -> None:
    sides = a_day()
    gone = sides.tested.closed[3]
    lacking = run_without(sides, gone)
    signal = sides.tested.raised[gone.signal_id]
    elsewhere = msgspec.structs.replace(signal, interval="1h")
    reason = row_of(compared(with_records(lacking, signals=(elsewhere,))), gone).why[0]
    assert reason.startswith("the stored candles lack the one of")


def test_too_little_history_is_named() -> None:
    sides = a_day()
    gone = sides.tested.closed[3]
    slow = trader_of(SOURCE.replace("FAST = 3", "FAST = 140"), None)
    job_traders = (msgspec.structs.replace(sides.traders[0], source=sides.traders[0].source),)
    study, loaded = a_study(300)
    answers = answers_of(msgspec.structs.replace(study.job, traders=(slow,)), loaded.history)
    lacking = msgspec.structs.replace(
        run_without(sides, gone), traders=job_traders, answers=answers
    )
    assert "too few, or have gaps" in row_of(compared(lacking), gone).why[0]


def test_a_signal_that_nobody_raised_proves_nothing() -> None:
    sides, gone = without_first(a_day())
    tested = Recorder()
    tested.closed = [gone]
    row = row_of(compared(msgspec.structs.replace(sides, tested=tested)), gone)
    assert row.why == (UNPROVEN,)


def test_a_universe_means_what_it_meant_last() -> None:
    universe = Universe(quote="USDT", top=2)
    recorded = Recorded(universes=((5, universe, ("A",)), (9, universe, ("B",))))
    assert symbols_at(recorded, universe, 4) is None
    assert symbols_at(recorded, universe, 5) == ("A",)
    assert symbols_at(recorded, universe, 99) == ("B",)
