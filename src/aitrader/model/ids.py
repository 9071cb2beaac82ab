"""Identities. What must survive a crash is computed from what it names, never drawn at random."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from hashlib import blake2b
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

_LETTERS = bytes(b"abcdefghijklmnopqrstuvwxyz234567"[place & 31] for place in range(256))


def _halvings() -> Iterator[tuple[int, int]]:
    """Yield the masks of the upper halves of a row of groups, and what moves these up.

    First the row of 32 groups of 5 bits is halved, then its halves are, until each group has a byte
    of its own. `number += (number & upper) * factor` puts each upper half where its byte begins.
    """
    groups = 16
    while groups:
        bits, lane = 5 * groups, 16 * groups
        upper = sum(((1 << bits) - 1 << bits) << start for start in range(0, 256, lane))
        yield upper, (1 << lane // 2 - bits) - 1
        groups //= 2


_HALVINGS = tuple(_halvings())


def _digest(*parts: str) -> str:
    """Return 26 lower-case base32 characters (128 bits) that name these parts in this order.

    The standard library's base32 takes three times as long.
    """
    digest = blake2b("|".join(parts).encode(), digest_size=16).digest()
    spread = int.from_bytes(digest) << 2  # 26 groups of 5 bits
    for upper, factor in _HALVINGS:
        spread += (spread & upper) * factor
    return spread.to_bytes(26).translate(_LETTERS).decode()


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
