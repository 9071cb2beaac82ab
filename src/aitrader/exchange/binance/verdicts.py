"""What an answer of the exchange means for the order that was sent: yes, no, or nobody knows.

Only a clear word of the exchange is a no. A server error, a timeout inside the exchange and
whatever we do not understand leave the order's fate open: it may exist.
"""

from __future__ import annotations

from aitrader.exchange.binance.wire import WireError
from aitrader.model.errors import OutcomeUnknown, Refused, Transient

TOO_MANY, TOO_MANY_ORDERS = -1003, -1015
BAD_TIME, BAD_SIGNATURE = -1021, -1022
BAD_KEY_FORMAT, BAD_KEY = -2014, -2015
ORDER_REJECTED, CANCEL_REJECTED, NO_SUCH_ORDER, ARCHIVED = -2010, -2011, -2013, -2026
BAD_SYMBOL = -1121
NEVER_LEFT = 0
"""The code of an order that never left: the exchange has not spoken."""

_NOBODY_KNOWS = frozenset({-1000, -1001, -1006, -1007})
_DUPLICATE = "Duplicate order sent"
_NOT_CARRIED_OUT = frozenset({401, 403, 418, 429})
"""Said before a request is carried out, whatever the body: key, firewall, ban, limit."""
_UNWELL = frozenset({403, 408, 418, 429, 451})


def judge_order(name: str, status: int, said: WireError) -> None:
    """Return if the order `name` was accepted.

    Raises:
        Refused: The exchange said no: the order does not exist.
        OutcomeUnknown: It may exist.
    """
    if status == 200:
        return
    words = said.msg or f"answered {status}"
    if status in _NOT_CARRIED_OUT:
        raise Refused(said.code or TOO_MANY, words)
    is_clear = 400 <= status < 500 and status not in {408, 409} and said.code < 0
    if not is_clear or said.code in _NOBODY_KNOWS:
        raise OutcomeUnknown(name, f"the exchange answered {status} {said.msg}".rstrip())
    if said.code == ORDER_REJECTED and _DUPLICATE in said.msg:
        # An id of ours is never used twice: what is open under it is this very order.
        raise OutcomeUnknown(name, said.msg)
    raise Refused(said.code, words)


def judge_question(what: str, status: int, said: WireError, away_s: float | None) -> None:
    """Return if a question was answered; it, or a cancel, may be asked again.

    Raises:
        Transient: The exchange may answer later; not before `away_s`.
        Refused: It said no.
    """
    if status == 200:
        return
    reason = f"{what} was answered {status} {said.msg}".rstrip()
    if status >= 500 or status in _UNWELL or said.code in _NOBODY_KNOWS:
        raise Transient(reason, retry_after_s=away_s)
    raise Refused(said.code, reason)
