"""The life of one signal. MOVES is the whole truth: a pair that is missing there raises.

    RAISED  -- the conditions became true; a decision or an entry is on its way
    WAITING -- the analyst wants to look again later
    ENTERED -- a position was opened by it
    SKIPPED -- decided against, or the entry was refused; the note says why
    EXPIRED -- it became too old before anything came of it

Legal oddities: a position may open after its entry was given up (a fill that came late), so SKIPPED
and EXPIRED may become ENTERED; anything said twice, or after the end, changes nothing.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from aitrader.model import ids
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.decision import Choice
from aitrader.model.errors import InvariantBroken
from aitrader.model.ids import SignalId
from aitrader.model.money import decimal_from_float
from aitrader.model.signal import Match, Signal, SignalStatus


class Turn(Enum):
    """What can happen to a signal."""

    __hash__ = object.__hash__  # members are one of a kind, and Enum's own is slow

    DECIDED_ENTER = "DECIDED_ENTER"
    DECIDED_WAIT = "DECIDED_WAIT"
    DECIDED_SKIP = "DECIDED_SKIP"
    REFUSED = "REFUSED"
    OPENED = "OPENED"
    AGED = "AGED"


S = SignalStatus
MOVES: dict[tuple[SignalStatus, Turn], SignalStatus] = {
    (S.RAISED, Turn.DECIDED_ENTER): S.RAISED,
    (S.RAISED, Turn.DECIDED_WAIT): S.WAITING,
    (S.RAISED, Turn.DECIDED_SKIP): S.SKIPPED,
    (S.RAISED, Turn.REFUSED): S.SKIPPED,
    (S.RAISED, Turn.OPENED): S.ENTERED,
    (S.RAISED, Turn.AGED): S.EXPIRED,
    (S.WAITING, Turn.DECIDED_ENTER): S.RAISED,
    (S.WAITING, Turn.DECIDED_WAIT): S.WAITING,
    (S.WAITING, Turn.DECIDED_SKIP): S.SKIPPED,
    (S.WAITING, Turn.OPENED): S.ENTERED,
    (S.WAITING, Turn.AGED): S.EXPIRED,
    (S.SKIPPED, Turn.OPENED): S.ENTERED,
    (S.EXPIRED, Turn.OPENED): S.ENTERED,
    **{
        (end, turn): end
        for end in (S.ENTERED, S.SKIPPED, S.EXPIRED)
        for turn in Turn
        if (end, turn) not in ((S.SKIPPED, Turn.OPENED), (S.EXPIRED, Turn.OPENED))
    },
}

ALIVE = frozenset({S.RAISED, S.WAITING})
"""Statuses from which something may still come; the symbol is awaited meanwhile."""

TURN_OF = {
    Choice.ENTER: Turn.DECIDED_ENTER,
    Choice.WAIT: Turn.DECIDED_WAIT,
    Choice.SKIP: Turn.DECIDED_SKIP,
}


def turned(signal: Signal, turn: Turn, *, note: str = "") -> Signal:
    """Return the signal after one turn; the same object if nothing changed.

    Raises:
        InvariantBroken: MOVES has no such move.
    """
    status = MOVES.get((signal.status, turn))
    if status is None:
        raise InvariantBroken(
            f"signal {signal.signal_id}: {turn.value} cannot follow {signal.status.value}"
        )
    if status is signal.status:
        return signal
    return msgspec.structs.replace(signal, status=status, note=note)


def raised(match: Match, *, source: str, at_ms: int) -> Signal:
    """Return the signal of a match; the same match of the same trader file gives the same id."""
    name = ids.signal_id(
        match.trader_id, match.symbol, candle_open_ms=match.candle_open_ms, source=source
    )
    return signal_of(match, name, at_ms=at_ms)


def signal_of(match: Match, signal_id: SignalId, *, at_ms: int) -> Signal:
    """Return the signal of a match under an id."""
    return Signal(
        signal_id=signal_id,
        trader_id=match.trader_id,
        symbol=match.symbol,
        interval=match.interval,
        candle_open_ms=match.candle_open_ms,
        raised_ms=at_ms,
        price=decimal_from_float(match.close),
        findings=match.findings,
        exits=match.exits,
        status=S.RAISED,
    )


def is_fresh(signal: Signal, *, at_ms: int) -> bool:
    """Return whether the candle after the signal's is not over yet: its reason still counts."""
    return at_ms < signal.candle_open_ms + 2 * INTERVAL_MS[signal.interval]
