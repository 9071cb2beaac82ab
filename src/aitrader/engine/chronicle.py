"""What an owner would tell of the day: the facts that matter, in the log, in plain words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, cast

from aitrader.engine.rows import money
from aitrader.model.events import (
    EntriesPaused,
    Event,
    FeedChanged,
    FilterFailed,
    MoneyMoved,
    OrderRejected,
    PositionClosed,
    PositionOpened,
    Quarantined,
    SignalRaised,
    SignalUpdated,
    TraderRemoved,
    TraderSaved,
    UniverseChanged,
)
from aitrader.model.money import trimmed
from aitrader.model.signal import SignalStatus

log = logging.getLogger(__name__)

Tell = Callable[[Event], None]
E = TypeVar("E", bound=Event)


class Chronicle:
    """An observer of the loop that writes log lines; programs read events, people read these."""

    def __init__(self) -> None:
        self._tellers: Mapping[type[Event], Tell] = dict(
            (
                _on(SignalRaised, _signal_raised),
                _on(SignalUpdated, _signal_updated),
                _on(PositionOpened, _position_opened),
                _on(PositionClosed, _position_closed),
                _on(OrderRejected, _order_rejected),
                _on(FeedChanged, _feed_changed),
                _on(FilterFailed, _filter_failed),
                _on(Quarantined, _quarantined),
                _on(TraderSaved, _trader_saved),
                _on(TraderRemoved, _trader_removed),
                _on(EntriesPaused, _entries_paused),
                _on(MoneyMoved, _money_moved),
                _on(UniverseChanged, _universe_changed),
            )
        )

    def update(self, facts: Sequence[Event]) -> None:
        """Tell what is worth telling among facts that are on disk."""
        for fact in facts:
            tell = self._tellers.get(type(fact))
            if tell is not None:
                tell(fact)


def _on(kind: type[E], tell: Callable[[E], None]) -> tuple[type[Event], Tell]:
    return kind, cast(Tell, tell)


def _signal_raised(fact: SignalRaised) -> None:
    signal = fact.signal
    why = ", ".join(finding.condition for finding in signal.findings)
    log.info(
        "signal on %s at %s: %s",
        signal.symbol,
        trimmed(signal.price),
        why,
        extra={"trader": signal.trader_id},
    )


def _signal_updated(fact: SignalUpdated) -> None:
    signal = fact.signal
    if signal.status in (SignalStatus.SKIPPED, SignalStatus.EXPIRED):
        verb = signal.status.value.lower()
        log.info("%s %s: %s", verb, signal.symbol, signal.note, extra={"trader": signal.trader_id})


def _position_opened(fact: PositionOpened) -> None:
    position = fact.position
    log.info(
        "%s %s opened: %s at %s",
        position.symbol,
        position.side.value.lower(),
        trimmed(position.entry_quantity),
        trimmed(position.entry_price),
        extra={"trader": position.trader_id, "account": position.account},
    )


def _position_closed(fact: PositionClosed) -> None:
    position = fact.position
    reason = position.exit_reason.value.replace("_", " ").lower() if position.exit_reason else "?"
    log.info(
        "%s %s closed by %s: %s",
        position.symbol,
        position.side.value.lower(),
        reason,
        money(position.realized_pnl),
        extra={"trader": position.trader_id, "account": position.account},
    )
    if position.quantity:
        log.warning(
            "%s: %s are left over, too little for an order; they stay where they are",
            position.symbol,
            trimmed(position.quantity),
            extra={"trader": position.trader_id},
        )


def _order_rejected(fact: OrderRejected) -> None:
    log.warning(
        "the venue rejected an order: %s (%d)",
        fact.reason,
        fact.code,
        extra={"order": fact.client_order_id},
    )


def _feed_changed(fact: FeedChanged) -> None:
    if fact.is_up:
        log.info("the market stream is up: %s", fact.reason)
    else:
        log.warning("the market stream is down: %s", fact.reason)


def _filter_failed(fact: FilterFailed) -> None:
    log.error("a filter failed: %s", fact.reason, extra={"trader": fact.trader_id})


def _quarantined(fact: Quarantined) -> None:
    log.error(
        "%s is left alone from now on: %s",
        fact.symbol,
        fact.reason,
        extra={"trader": fact.trader_id},
    )


def _trader_saved(fact: TraderSaved) -> None:
    trader = fact.trader
    state = "watching" if trader.is_enabled else "off"
    log.info("%s, version %d: %s", trader.plan.name, trader.version, state)


def _trader_removed(fact: TraderRemoved) -> None:
    log.info("a trader was removed", extra={"trader": fact.trader_id})


def _entries_paused(fact: EntriesPaused) -> None:
    log.info("no new entries" if fact.is_paused else "entries again")


def _money_moved(fact: MoneyMoved) -> None:
    log.info(
        "%s moved without an order of ours: neither won nor lost",
        money(fact.amount),
        extra={"account": fact.account},
    )


def _universe_changed(fact: UniverseChanged) -> None:
    if fact.left_out:
        log.warning("not traded here and left out: %s", " ".join(fact.left_out))
