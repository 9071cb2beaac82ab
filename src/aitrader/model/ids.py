"""Identities. What must survive a crash is computed from what it names, never drawn at random."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import lru_cache
from typing import NewType

from aitrader.model.account import PAPER

TraderId = NewType("TraderId", str)
SignalId = NewType("SignalId", str)
PositionId = NewType("PositionId", str)
ClientOrderId = NewType("ClientOrderId", str)
FillId = NewType("FillId", str)
BandId = NewType("BandId", str)
TimerId = NewType("TimerId", str)

ORDER_ID_PREFIX = "at1-"
"""Every order of ours begins so; 30 characters in all, within Binance's `^[a-zA-Z0-9-_]{1,36}$`."""

LOOK_AHEAD = 32
"""How many numbers beyond the last one that is known an order of the same owner may have."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_BITS_30 = (1 << 30) - 1
_PAIRS = tuple(first + second for first in _LETTERS for second in _LETTERS)
"""Base32 two characters at a time: three times as quick as the standard library's."""


def _digest(*parts: str) -> str:
    """Return 26 lower-case base32 characters (128 bits) that name these parts in this order."""
    digest = hashlib.blake2b("|".join(parts).encode(), digest_size=16).digest()
    high, low = int.from_bytes(digest[:8]), int.from_bytes(digest[8:])
    # 30 bits at a time: small numbers are quick. Three pairs each, and one for the last 8 bits.
    a, b, c = high >> 34, high >> 4 & _BITS_30, (high & 15) << 26 | low >> 38
    d, pairs = low >> 8 & _BITS_30, _PAIRS
    return (
        f"{pairs[a >> 20]}{pairs[a >> 10 & 1023]}{pairs[a & 1023]}"
        f"{pairs[b >> 20]}{pairs[b >> 10 & 1023]}{pairs[b & 1023]}"
        f"{pairs[c >> 20]}{pairs[c >> 10 & 1023]}{pairs[c & 1023]}"
        f"{pairs[d >> 20]}{pairs[d >> 10 & 1023]}{pairs[d & 1023]}{pairs[(low & 255) << 2]}"
    )


def signal_id(trader_id: TraderId, symbol: str, *, candle_open_ms: int, source: str) -> SignalId:
    """Return the one id a signal of this trader file on this candle can have."""
    return SignalId("s-" + _digest(trader_id, symbol, str(candle_open_ms), source))


@lru_cache(maxsize=256)
def position_id(signal: SignalId, account: str = PAPER) -> PositionId:
    """Return the id of the position that this signal may open in an account.

    Ids of orders are made from it, so those of two accounts are never the same. Each stage that
    meets the signal asks for it, so the newest are kept.
    """
    owner = (signal,) if account == PAPER else (signal, account)
    return PositionId("p-" + _digest(*owner))


def client_order_id(owner: SignalId | PositionId, leg: str, attempt: int) -> ClientOrderId:
    """Return the order's id: the same owner, leg and attempt always give the same one."""
    return ClientOrderId(ORDER_ID_PREFIX + _digest(owner, leg, str(attempt)))


def last_attempt(owner: SignalId | PositionId, leg: str, known: Collection[ClientOrderId]) -> int:
    """Return the highest attempt among these ids of one owner, 0 for none; some may be missing.

    Args:
        owner: Whose orders they are.
        leg: Ids of the other leg, and others altogether, are passed over.
        known: In any order.
    """
    last, left = 0, len(known)
    number = 0
    while left and number < last + LOOK_AHEAD:
        number += 1
        if client_order_id(owner, leg, number) in known:
            last, left = number, left - 1
    return last


def trader_id(name: str, taken: frozenset[str]) -> TraderId:
    """Return a readable id for a new trader: its name in kebab case, numbered if `taken`."""
    words = "".join(c if c.isalnum() else " " for c in name.lower()).split()
    stem = "-".join(words)[:40] or "trader"
    number, found = 1, stem
    while found in taken:
        number += 1
        found = f"{stem}-{number}"
    return TraderId(found)
