"""Open orders that nobody here knows: told once as they are found, and again when others are there.

At a start all of them are told, since an earlier run of ours may have sent some. Later those alone
that do not bear our ids: what has just ended or begun is no stranger.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from aitrader.exchange.binance import reports
from aitrader.exchange.binance.wire_orders import OrderAnswer
from aitrader.model.events import OpenOrdersReported
from aitrader.model.found import FoundOrder
from aitrader.model.ports import Clock

log = logging.getLogger(__name__)


class Strangers:
    """What was last told of open orders that are not ours."""

    def __init__(
        self, post: Callable[[OpenOrdersReported], None], *, clock: Clock, account: str
    ) -> None:
        """`post` is handed each change."""
        self._post = post
        self._clock = clock
        self._account = account
        self._foreign: tuple[FoundOrder, ...] = ()

    def meet(self, unknown: Iterable[OrderAnswer]) -> None:
        """Tell of open orders that are not remembered, whoever's they are."""
        strange = _found(unknown)
        self._foreign = _not_ours(strange)
        if strange:
            self._tell(strange)
            _log(strange)

    def look(self, still_open: Iterable[OrderAnswer]) -> None:
        """Tell which of the open orders are not ours, if they are others than before."""
        foreign = _not_ours(_found(still_open))
        before, self._foreign = self._foreign, foreign
        if foreign != before:
            self._tell(foreign)
            known = {row.client_order_id for row in before}
            _log(row for row in foreign if row.client_order_id not in known)

    def _tell(self, orders: tuple[FoundOrder, ...]) -> None:
        at_ms = self._clock.now_ms()
        self._post(OpenOrdersReported(at_ms=at_ms, account=self._account, orders=orders))


def _found(answers: Iterable[OrderAnswer]) -> tuple[FoundOrder, ...]:
    return tuple(row for row in map(reports.found_order, answers) if row is not None)


def _not_ours(orders: Iterable[FoundOrder]) -> tuple[FoundOrder, ...]:
    return tuple(row for row in orders if not row.is_ours)


def _log(found: Iterable[FoundOrder]) -> None:
    for each in found:
        ids = {"order": each.client_order_id, "symbol": each.symbol}
        ours = "bears our id but is unknown here"
        whose = ours if each.is_ours else "is not ours and is left alone"
        log.warning("an open order %s", whose, extra=ids)
