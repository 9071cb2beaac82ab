"""What a run leaves behind: trades, fills, refusals. An observer of its facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from aitrader.model.events import (
    EntryRefused,
    Event,
    ExitConditionsMet,
    FilterFailed,
    OrderUpdated,
    PositionClosed,
    PositionOpened,
    Quarantined,
    SignalRaised,
    UniverseChanged,
)
from aitrader.model.ids import PositionId, SignalId, TraderId
from aitrader.model.ledger import Flow, flow_of_fill
from aitrader.model.money import ZERO
from aitrader.model.order import ExitReason, Fill
from aitrader.model.position import Position
from aitrader.model.signal import Signal
from aitrader.model.trader import PositionSide, Universe


class Trade(msgspec.Struct, frozen=True):
    """One round trip; times UTC ms, prices averages over fills, money in quote, pnl net of fees."""

    trader: TraderId
    symbol: str
    side: PositionSide
    entry_ms: int
    entry_price: Decimal
    exit_ms: int
    exit_price: Decimal
    quantity: Decimal
    fees: Decimal
    pnl: Decimal
    exit_reason: str
    exit_condition: str = ""

    @property
    def pnl_pct(self) -> float:
        """The pnl in percent of what was entered."""
        return float(self.pnl / (self.entry_price * self.quantity) * 100)


class Move(msgspec.Struct, frozen=True):
    """What one fill changed: from `from_ms` on counted closes, base units and quote units."""

    from_ms: int
    symbol: str
    base: Decimal
    quote: Decimal


class Record:
    """What a run comes to: what the report needs."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.trades: list[Trade] = []
        self.moves: list[Move] = []
        self.refusals: Counter[str] = Counter()
        self.faults: list[str] = []
        self.signals = 0
        self.still_open = 0
        self.fees = ZERO
        self.turnover = ZERO
        self.is_opening = False
        """Whether fills happen at an open: they count from the close after it."""

    def add_fill(self, fill: Fill, flow: Flow, *, symbol: str, at_ms: int) -> None:
        """Keep what a fill changed, which was heard of at `at_ms`."""
        from_ms = at_ms + 1 if self.is_opening else at_ms
        self.moves.append(Move(from_ms, symbol, flow.base, flow.quote))
        self.fees += flow.fees
        self.turnover += fill.quantity * fill.price

    def add_open(self) -> None:
        """Count a position that has opened."""
        self.still_open += 1

    def add_trade(self, trade: Trade) -> None:
        """Keep a round trip that is over."""
        self.still_open -= 1
        self.trades.append(trade)


class Recorder(Record):
    """Keeps a run's facts, and what they are about by name, so that two runs can be compared."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.open: dict[PositionId, Position] = {}
        self.closed: list[Position] = []
        self.raised: dict[SignalId, Signal] = {}
        self.refused: dict[SignalId, str] = {}
        self.held: dict[tuple[TraderId, str], PositionId] = {}
        """The position of each trader and symbol that is open."""
        self.universes: dict[Universe, frozenset[str]] = {}
        self._met: dict[tuple[TraderId, str], str] = {}
        self.takers: Mapping[type[Event], Callable[..., None]] = {
            OrderUpdated: self._updated,
            SignalRaised: self._raised,
            EntryRefused: self._refused,
            PositionOpened: self._opened,
            PositionClosed: self._closed,
            ExitConditionsMet: self._exit_met,
            UniverseChanged: self._universe_changed,
            Quarantined: self._quarantined,
            FilterFailed: self._failed,
        }

    def observe(self, fact: Event) -> None:
        """Take note of one fact."""
        take = self.takers.get(type(fact))
        if take is not None:
            take(fact)

    def _raised(self, fact: SignalRaised) -> None:
        self.signals += 1
        self.raised[fact.signal.signal_id] = fact.signal

    def _refused(self, fact: EntryRefused) -> None:
        self.refusals[fact.reason] += 1
        self.refused[fact.signal_id] = fact.reason

    def _opened(self, fact: PositionOpened) -> None:
        position = fact.position
        self.add_open()
        self.open[position.position_id] = position
        self.held[position.trader_id, position.symbol] = position.position_id

    def _universe_changed(self, fact: UniverseChanged) -> None:
        self.universes[fact.universe] = frozenset(fact.symbols)

    def _quarantined(self, fact: Quarantined) -> None:
        self.faults.append(f"{fact.trader_id} on {fact.symbol}: {fact.reason}")

    def _failed(self, fact: FilterFailed) -> None:
        self.faults.append(f"{fact.trader_id}: {fact.reason}")

    def _updated(self, fact: OrderUpdated) -> None:
        if fact.fill is None:
            return
        order = fact.order
        flow = flow_of_fill(fact.fill, symbol=order.symbol, side=order.side)
        self.add_fill(fact.fill, flow, symbol=order.symbol, at_ms=fact.at_ms)

    def _exit_met(self, fact: ExitConditionsMet) -> None:
        self._met[fact.trader_id, fact.symbol] = fact.condition

    def _closed(self, fact: PositionClosed) -> None:
        position = fact.position
        self.open.pop(position.position_id, None)
        self.held.pop((position.trader_id, position.symbol), None)
        self.closed.append(position)
        condition = self._met.pop((position.trader_id, position.symbol), "")
        is_met = position.exit_reason is ExitReason.EXIT_CONDITIONS
        self.add_trade(_trade_of(position, condition if is_met else ""))


def _trade_of(position: Position, condition: str) -> Trade:
    """Return a closed position as a round trip; `condition`: the exit condition that it met."""
    return Trade(
        trader=position.trader_id,
        symbol=position.symbol,
        side=position.side,
        entry_ms=position.opened_ms,
        entry_price=position.entry_price,
        exit_ms=position.closed_ms or 0,
        exit_price=position.exit_price,
        quantity=position.entry_quantity,
        fees=position.fees,
        pnl=position.realized_pnl,
        exit_reason=position.exit_reason.value if position.exit_reason else "",
        exit_condition=condition,
    )
