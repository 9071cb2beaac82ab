"""A decision: what to do about a signal, by rule or by the analyst."""

from __future__ import annotations

from enum import Enum

import msgspec

from aitrader.model.ids import SignalId


class Choice(Enum):
    """The three answers there are."""

    __hash__ = object.__hash__  # members are one of a kind, and Enum's own is slow

    ENTER = "ENTER"
    WAIT = "WAIT"
    SKIP = "SKIP"


class Decision(msgspec.Struct, frozen=True):
    """The answer to one signal and its reason; cost in US dollars, "0" without an analyst."""

    signal_id: SignalId
    choice: Choice
    reason: str
    recheck_after_ms: int | None = None
    cost_usd: str = "0"
