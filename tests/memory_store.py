"""A store in memory for tests; it passes the same contract as the one on disk.

It can be told to refuse, as a full disk does, and to die, as a process does: what was recorded
before is there for the next engine that is given it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from aitrader.model.account import ACCOUNTS
from aitrader.model.candle import DAY_MS
from aitrader.model.errors import Transient
from aitrader.model.events import (
    DURABLE,
    CashChanged,
    CloseAllAsked,
    ClosedBefore,
    EntriesPaused,
    EquityMarked,
    Event,
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
from aitrader.model.ids import PositionId, TraderId
from aitrader.model.order import Order
from aitrader.model.position import Position, PositionStatus
from aitrader.model.signal import Signal, SignalStatus
from aitrader.model.trader import Trader, Universe


class MemoryStore:
    """The `Store` port on a list of facts; `refusal` is why it takes nothing, "" while it does."""

    def __init__(self) -> None:
        self.facts: list[Event] = []
        self.transactions = 0
        self.refusal = ""

    async def record(self, facts: Sequence[Event]) -> None:
        durable = [fact for fact in facts if isinstance(fact, DURABLE)]
        if durable and self.refusal:
            raise Transient(self.refusal)
        if durable:
            self.transactions += 1
            self.facts += durable

    async def load(self) -> Saved:
        return saved_from(self.facts)


def saved_from(facts: Sequence[Event]) -> Saved:
    """Return what a store that was told these facts remembers."""
    traders: dict[TraderId, Trader] = {}
    signals: dict[str, Signal] = {}
    orders: dict[str, Order] = {}
    positions: dict[PositionId, Position] = {}
    universes: dict[Universe, tuple[str, ...]] = {}
    raised: dict[TraderId, set[str]] = {}
    cash: dict[str, Decimal] = {}
    for fact in facts:
        match fact:
            case TraderSaved(trader=trader):
                traders[trader.trader_id] = trader
            case TraderRemoved(trader_id=trader_id):
                traders.pop(trader_id, None)
            case SignalRaised(signal=signal) | SignalUpdated(signal=signal):
                signals[signal.signal_id] = signal
                raised.setdefault(signal.trader_id, set()).add(signal.signal_id)
            case OrderPlanned(order=order) | OrderUpdated(order=order):
                orders[order.client_order_id] = order
            case (
                PositionOpened(position=position)
                | PositionUpdated(position=position)
                | PositionClosed(position=position)
            ):
                positions[position.position_id] = position
            case UniverseChanged(universe=universe, symbols=symbols):
                universes[universe] = symbols
            case CashChanged(cash=found, account=account):
                cash[account] = found
            case _:
                pass
    held = {key for key, p in positions.items() if p.status is not PositionStatus.CLOSED}
    is_paused, is_closing_all = _wishes(facts)
    awaited = held | {order.position_id for order in orders.values() if not order.is_done}
    live = (SignalStatus.RAISED, SignalStatus.WAITING)
    return Saved(
        traders=tuple(sorted(traders.values(), key=lambda t: (t.rank, t.trader_id))),
        signals=tuple(s for s in signals.values() if s.status in live),
        orders=tuple(o for o in orders.values() if o.position_id in awaited),
        positions=tuple(positions[key] for key in positions if key in held),
        universes=tuple(universes.items()),
        accounts=_accounts(facts, cash),
        last_event_ms=max((fact.at_ms for fact in facts), default=0),
        is_paused=is_paused,
        is_closing_all=is_closing_all,
        results=_results(positions, raised),
        quarantined=_quarantined(facts),
    )


def _wishes(facts: Sequence[Event]) -> tuple[bool, bool]:
    """Return whether entries are paused, and whether everything is to be closed."""
    is_paused = is_closing_all = False
    for fact in facts:
        match fact:
            case EntriesPaused():
                is_paused, is_closing_all = fact.is_paused, is_closing_all and fact.is_paused
            case CloseAllAsked():
                is_paused = is_closing_all = True
            case _:
                pass
    return is_paused, is_closing_all


def _quarantined(facts: Sequence[Event]) -> tuple[tuple[TraderId, str], ...]:
    pairs: set[tuple[TraderId, str]] = set()
    for fact in facts:
        match fact:
            case Quarantined(trader_id=trader_id, symbol=symbol):
                pairs.add((trader_id, symbol))
            case TraderSaved(trader=Trader(trader_id=owner)) | TraderRemoved(trader_id=owner):
                pairs = {pair for pair in pairs if pair[0] != owner}
            case _:
                pass
    return tuple(sorted(pairs))


def _accounts(facts: Sequence[Event], cash: dict[str, Decimal]) -> tuple[SavedAccount, ...]:
    realized = {
        fact.position.position_id: (fact.position.account, fact.position.realized_pnl)
        for fact in facts
        if isinstance(fact, PositionOpened | PositionUpdated | PositionClosed)
    }
    unexplained = {f.account: f.unexplained for f in facts if isinstance(f, CashChanged)}
    limited = {
        fact.trader.trader_id
        for fact in facts
        if isinstance(fact, TraderSaved) and fact.trader.plan.limits.brakes.max_drawdown_pct
    }
    found = (
        SavedAccount(
            name,
            cash.get(name),
            _day_pnl(facts, name),
            sum((pnl for owner, pnl in realized.values() if owner == name), Decimal(0)),
            _closed(facts, name),
            _peak(facts, name),
            unexplained.get(name, Decimal(0)),
            tuple(
                (trader_id, *high)
                for trader_id in sorted(limited)
                if (high := _high(facts, name, trader_id)) != (0, 0)
            ),
        )
        for name in ACCOUNTS
    )
    return tuple(row for row in found if row != SavedAccount(row.account))


def _high(facts: Sequence[Event], account: str, trader_id: TraderId) -> tuple[Decimal, Decimal]:
    """Return what a trader's closed positions made since it counts, and the best of it."""
    since_ms = 0
    closed: dict[int, Decimal] = {}
    for fact in facts:
        match fact:
            case TraderSaved(trader=Trader(trader_id=owner)) if owner == trader_id:
                since_ms = fact.at_ms
            case EntriesPaused(is_paused=False):
                since_ms = fact.at_ms
            case PositionClosed(position=p) if (p.account, p.trader_id) == (account, trader_id):
                closed[p.closed_ms or 0] = p.realized_pnl
            case _:
                pass
    made = best = Decimal(0)
    for closed_ms, pnl in sorted(closed.items()):
        if closed_ms >= since_ms:
            made += pnl
            best = max(best, made)
    return made, best


def _closed(facts: Sequence[Event], account: str) -> tuple[ClosedBefore, ...]:
    last_ms = max((fact.at_ms for fact in facts), default=0)
    closed = {
        fact.position.position_id: fact.position
        for fact in facts
        if isinstance(fact, PositionClosed) and fact.position.account == account
    }
    rows = sorted(closed.values(), key=lambda p: (p.closed_ms or 0, p.position_id))
    return tuple(
        ClosedBefore(p.trader_id, p.symbol, p.closed_ms, p.realized_pnl)
        for p in rows
        if p.closed_ms is not None and p.closed_ms >= last_ms - 7 * DAY_MS
    )


def _peak(facts: Sequence[Event], account: str) -> Decimal:
    marks = [f for f in facts if isinstance(f, EquityMarked) and f.account == account]
    return max(marks, key=lambda mark: mark.at_ms).peak if marks else Decimal(0)


def _day_pnl(facts: Sequence[Event], account: str) -> Decimal:
    day = max((fact.at_ms for fact in facts), default=0) // DAY_MS
    known: dict[PositionId, Decimal] = {}
    total = Decimal(0)
    for fact in facts:
        if isinstance(fact, PositionOpened | PositionUpdated | PositionClosed):
            key, realized = fact.position.position_id, fact.position.realized_pnl
            if fact.position.account != account:
                continue
            if fact.at_ms // DAY_MS == day:
                total += realized - known.get(key, Decimal(0))
            known[key] = realized
    return total


def _results(
    positions: dict[PositionId, Position], raised: dict[TraderId, set[str]]
) -> tuple[tuple[TraderId, int, Decimal], ...]:
    names = sorted({p.trader_id for p in positions.values()} | set(raised))
    return tuple(
        (
            name,
            len(raised.get(name, ())),
            sum((p.realized_pnl for p in positions.values() if p.trader_id == name), Decimal(0)),
        )
        for name in names
    )
