"""Everything that can happen. An event is a fact: past tense, never changed, never refused.

`at_ms` is when it was true (UTC epoch ms, exchange time where the exchange said so). The store
gives each durable event its `seq`. Events come from edges into the inbox, or from a stage as the
consequence of another event; `DURABLE` names those that are on disk before anything follows.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from aitrader.model.account import PAPER
from aitrader.model.decision import Decision
from aitrader.model.found import Balance, FoundOrder
from aitrader.model.ids import BandId, ClientOrderId, PositionId, SignalId, TimerId, TraderId
from aitrader.model.instrument import Instrument
from aitrader.model.order import ExitReason, Fill, Order
from aitrader.model.position import Position
from aitrader.model.signal import ExitMatch, Match, Signal
from aitrader.model.trader import Trader, Universe


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The common part of every fact."""

    at_ms: int


class ClosedBefore(msgspec.Struct, frozen=True):
    """A position that is closed; `pnl` in quote, net of fees."""

    trader_id: TraderId
    symbol: str
    closed_ms: int
    pnl: Decimal


class SavedAccount(msgspec.Struct, frozen=True):
    """One account as it was: `cash` in quote, None when it is new; `day_pnl` as in `Saved`.

    `realized_pnl` is what all its positions ever realized.
    `closed`: what closed in the seven days before the last event, oldest first. `peak`: its best
    worth that drawdown counts from, 0 when there is none. `unexplained`: as in `CashChanged`.
    `highs`: per trader with a limit of drawdown, what its closed positions made in all since it was
    saved or entries were resumed, and the best of it.
    """

    account: str = PAPER
    cash: Decimal | None = None
    day_pnl: Decimal = Decimal(0)
    realized_pnl: Decimal = Decimal(0)
    closed: tuple[ClosedBefore, ...] = ()
    peak: Decimal = Decimal(0)
    unexplained: Decimal = Decimal(0)
    highs: tuple[tuple[TraderId, Decimal, Decimal], ...] = ()


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What was on disk when the engine started.

    `positions` are those not closed; `orders` are all orders of these, and all orders of every
    position that has an order not done (its list may have a mate that filled); `signals` are those
    RAISED or WAITING; `accounts` have the money of each account that has begun, where `day_pnl`
    is what was realized since 00:00 UTC of the last event. `is_paused` is the person's last word
    on new entries, `is_closing_all` whether it was to close everything; `results` are, per trader,
    its signals so far and what its positions realized. `quarantined` are the (trader, symbol) pairs
    that were put aside since the trader was last saved.
    """

    traders: tuple[Trader, ...] = ()
    signals: tuple[Signal, ...] = ()
    orders: tuple[Order, ...] = ()
    positions: tuple[Position, ...] = ()
    universes: tuple[tuple[Universe, tuple[str, ...]], ...] = ()
    accounts: tuple[SavedAccount, ...] = ()
    last_event_ms: int = 0
    is_paused: bool = False
    is_closing_all: bool = False
    results: tuple[tuple[TraderId, int, Decimal], ...] = ()
    quarantined: tuple[tuple[TraderId, str], ...] = ()

    def account(self, account: str) -> SavedAccount:
        """Return the money of one account, a new one if it has not begun."""
        found = (row for row in self.accounts if row.account == account)
        return next(found, SavedAccount(account))

    def of(self, *accounts: str) -> Saved:
        """Return the same with the orders, positions and money of these accounts alone."""
        return msgspec.structs.replace(
            self,
            orders=tuple(row for row in self.orders if row.account in accounts),
            positions=tuple(row for row in self.positions if row.account in accounts),
            accounts=tuple(row for row in self.accounts if row.account in accounts),
        )


class Started(Event, frozen=True):
    """The engine starts; `saved` is all it remembers. Every stage rebuilds itself from this."""

    saved: Saved


class Stopping(Event, frozen=True):
    """The engine ends in order; nothing may rest that would buy while nobody watches."""


# -- the market -------------------------------------------------------------------------------


class InstrumentsLoaded(Event, frozen=True):
    """The exchange's rules for every symbol we may meet, at start and whenever they change."""

    instruments: tuple[Instrument, ...]


class MarketRanked(Event, frozen=True):
    """Quote volume of the last 24 h per symbol, highest first; the base of "top N" universes."""

    volumes: tuple[tuple[str, float], ...]


class UniverseChanged(Event, frozen=True):
    """From now on `universe` means these symbols, best first.

    `left_out`: symbols that a fixed list names but the exchange does not know or does not trade.
    """

    universe: Universe
    symbols: tuple[str, ...]
    left_out: tuple[str, ...] = ()


class CandlesClosed(Event, frozen=True):
    """All candles that end at `at_ms` are in the series, save `missed` (symbol, interval)."""

    intervals: tuple[str, ...]
    missed: tuple[tuple[str, str], ...] = ()


class FeedChanged(Event, frozen=True):
    """The market stream went up or down, and why, in words for a person."""

    is_up: bool
    reason: str


class PriceLeft(Event, frozen=True):
    """A price was at or beyond an armed band's edge. Fires once per band."""

    band_id: BandId
    price: Decimal


class TimerDue(Event, frozen=True):
    """A timer that was started has come."""

    timer_id: TimerId


# -- traders, screening, signals ----------------------------------------------------------------


class TraderSaved(Event, frozen=True):
    """A trader was added or changed; its text was checked before."""

    trader: Trader


class TraderRemoved(Event, frozen=True):
    """A trader is gone; its positions stay guarded until they close."""

    trader_id: TraderId


class EntriesPaused(Event, frozen=True):
    """No new entries (True) or entries again (False), by the person's will."""

    is_paused: bool


class ScreenDone(Event, frozen=True):
    """The answer to a `Screen` command for the candles that closed at `closed_ms`.

    `at_ms` is when it came, which is later: the windows of orders begin then.

    `warming`: per trader the least (bars there, bars needed) among its symbols that are not
    ready. `faults`: per trader why its filter could not be evaluated. `checks`: trader x symbol.
    """

    closed_ms: int
    matches: tuple[Match, ...]
    exit_matches: tuple[ExitMatch, ...]
    warming: tuple[tuple[TraderId, int, int], ...]
    faults: tuple[tuple[TraderId, str], ...]
    checks: int
    cpu_ms: float


class FilterMatched(Event, frozen=True):
    """One match of a screening, after ranking; asks for a signal."""

    match: Match


class FilterFailed(Event, frozen=True):
    """A trader's filter failed while it was evaluated; the trader is quarantined."""

    trader_id: TraderId
    reason: str


class ExitConditionsMet(Event, frozen=True):
    """A held position's trader says on a closed candle that it is time to leave."""

    trader_id: TraderId
    symbol: str
    condition: str


class SignalRaised(Event, frozen=True):
    """A signal is born."""

    signal: Signal


class SignalUpdated(Event, frozen=True):
    """A signal's status or note changed."""

    signal: Signal


class DecisionMade(Event, frozen=True):
    """A signal got its answer."""

    decision: Decision


# -- orders -------------------------------------------------------------------------------------


class EntryWanted(Event, frozen=True):
    """A signal was decided to enter; execution sizes it for this account or refuses it."""

    signal: Signal
    account: str = PAPER


class EntryRefused(Event, frozen=True):
    """An entry was not made, and why: a limit, a rule of the exchange, no cash."""

    signal_id: SignalId
    reason: str


class OrderPlanned(Event, frozen=True):
    """An intent is written down; only now may the order be sent."""

    order: Order


class OrderUpdated(Event, frozen=True):
    """An order as it stands after the venue's answer; `fill` is the new one, if any."""

    order: Order
    fill: Fill | None = None


class OrderAccepted(Event, frozen=True):
    """The venue has the order."""

    client_order_id: ClientOrderId
    venue_order_id: str = ""


class OrderFilled(Event, frozen=True):
    """The venue executed part or all of an order; may come twice, or before the acceptance."""

    client_order_id: ClientOrderId
    fill: Fill


class OrderCanceled(Event, frozen=True):
    """The venue took the rest of an order off, at our wish or by its list.

    `filled`: base units it had executed in all, where the venue says so; with fills still unheard
    of, the order is asked for before its end is believed.
    """

    client_order_id: ClientOrderId
    filled: Decimal | None = None


class OrderRejected(Event, frozen=True):
    """The venue said no; nothing of the order exists."""

    client_order_id: ClientOrderId
    code: int
    reason: str


class OrderExpired(Event, frozen=True):
    """The order ended unfilled by the venue's rule, or its window passed and it never arrived.

    `filled`: as in `OrderCanceled`.
    """

    client_order_id: ClientOrderId
    reason: str
    filled: Decimal | None = None


class OrderOutcomeUnknown(Event, frozen=True):
    """No clear answer: the order may exist. It is asked for until its window has passed."""

    client_order_id: ClientOrderId
    reason: str


class OrderNotFound(Event, frozen=True):
    """The venue does not know the order (now); proof only after `not_after_ms`."""

    client_order_id: ClientOrderId


class BalancesReported(Event, frozen=True):
    """The exchange says what an account has; `is_whole`: what is not named there is nothing."""

    account: str
    balances: tuple[Balance, ...]
    is_whole: bool = False


class OpenOrdersReported(Event, frozen=True):
    """Open orders that the exchange has and we do not know; they are left alone."""

    account: str
    orders: tuple[FoundOrder, ...]


class CashChanged(Event, frozen=True):
    """An account's quote balance after a fill, or as the exchange reports it.

    `unexplained`: what the exchange reports beyond it (or short of it), as no fill is known yet
    that it comes from.
    """

    cash: Decimal
    account: str = PAPER
    unexplained: Decimal = Decimal(0)


class MoneyMoved(Event, frozen=True):
    """Quote came into an account, or left it (below zero), without an order of ours."""

    amount: Decimal
    account: str = PAPER


# -- positions ----------------------------------------------------------------------------------


class PositionOpened(Event, frozen=True):
    """The entry has filled all it will; the position needs its protection now."""

    position: Position


class PositionUpdated(Event, frozen=True):
    """Quantity, protection, trail or status of a position changed."""

    position: Position


class PositionClosed(Event, frozen=True):
    """Nothing is held any more; pnl is final."""

    position: Position


class ExitWanted(Event, frozen=True):
    """A position must be left at market: cancel its protection, then sell what is left."""

    position_id: PositionId
    reason: ExitReason


class DustLeft(Event, frozen=True):
    """What is left of a position (`quantity`) cannot be sold, too little or gone: it ends.

    `moved` of it is gone, sold or moved by hand, and is booked at `price`; the rest counts as lost.
    """

    position_id: PositionId
    quantity: Decimal
    moved: Decimal = Decimal(0)
    price: Decimal = Decimal(0)


class CloseAsked(Event, frozen=True):
    """The person asks to close one position."""

    position_id: PositionId


class CloseAllAsked(Event, frozen=True):
    """The person asks to close every position, also what still opens, and to enter nothing more."""


class StopMoveAsked(Event, frozen=True):
    """The person asks to move the stop loss of one position to this price."""

    position_id: PositionId
    price: Decimal


class StopMoveRefused(Event, frozen=True):
    """A stop loss stays where it is, and why."""

    position_id: PositionId
    reason: str


class EquityMarked(Event, frozen=True):
    """An account's worth at a close, in quote; `peak`: the best since entries were resumed."""

    equity: Decimal
    cash: Decimal
    open_positions: int
    account: str = PAPER
    peak: Decimal = Decimal(0)


class Quarantined(Event, frozen=True):
    """Something impossible happened; this trader enters this symbol no more.

    It outlives a restart. Saving the trader anew (changed, or switched off and on) lifts it.
    """

    trader_id: TraderId
    symbol: str
    reason: str


class ChangeAsked(Event, frozen=True):
    """Somebody asked for a change over HTTP; what came of it follows, or was refused.

    `who`: the token's name; `what`: the request's; `subject`: the trader, position or job.
    """

    who: str
    what: str
    subject: str = ""


DURABLE: tuple[type[Event], ...] = (
    UniverseChanged,
    CandlesClosed,
    TraderSaved,
    TraderRemoved,
    EntriesPaused,
    FilterFailed,
    SignalRaised,
    SignalUpdated,
    DecisionMade,
    EntryRefused,
    OrderPlanned,
    OrderUpdated,
    CashChanged,
    MoneyMoved,
    PositionOpened,
    PositionUpdated,
    PositionClosed,
    ExitWanted,
    DustLeft,
    CloseAsked,
    CloseAllAsked,
    StopMoveAsked,
    StopMoveRefused,
    EquityMarked,
    Quarantined,
    FeedChanged,
    ChangeAsked,
)
"""Facts that are committed before their consequences leave. The rest can be asked for again."""

MONEY: tuple[type[Event], ...] = (
    OrderPlanned,
    OrderUpdated,
    CashChanged,
    PositionOpened,
    PositionUpdated,
    PositionClosed,
)
"""Facts that must survive a power cut: their transaction is synced to disk (FULL)."""
