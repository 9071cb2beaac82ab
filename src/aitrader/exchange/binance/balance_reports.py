"""What an account has, told so that what was true last is told last.

Theory of operation. The exchange tells balances in two ways: over the stream after each change, and
as the answer to a question. Whichever comes last counts, and either may have been overtaken on its
way by the other. So where the order is in doubt it is asked again: an answer is dropped when the
stream told something meanwhile, and what the stream tells late (it was true before the last
question, or before what the stream told last) is followed by a question.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from aitrader.exchange.binance import reports
from aitrader.exchange.binance.account_rest import AccountRest
from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.orders import asking_account
from aitrader.exchange.binance.wire_orders import AccountPosition, BalanceRow, read_account
from aitrader.model.errors import Refused, Transient
from aitrader.model.events import Event

log = logging.getLogger(__name__)

MOST_ASKED = 3
"""After so many overtaken answers the stream tells often enough to be believed by itself."""


class BalanceReports:
    """Asks for the balances of one account and posts them, and those that the stream tells."""

    def __init__(
        self, post: Callable[[Event], None], rest: AccountRest, *, account: str, time: ExchangeTime
    ) -> None:
        """`post` is handed each report; it bears the exchange's `time`."""
        self._post = post
        self._rest = rest
        self._account = account
        self._time = time
        self._told = 0
        self._newest_ms = 0

    async def ask(self) -> None:
        """Tell what the account has; nothing if it cannot be had now."""
        for _ in range(MOST_ASKED):
            told, asked_ms = self._told, self._time.now_ms()
            try:
                found = read_account(await self._rest.ask(asking_account()))
            except (Transient, Refused) as error:
                log.warning("the balances cannot be had now: %s", error)
                return
            if told == self._told:
                self._newest_ms = max(self._newest_ms, asked_ms)
                self.tell(found.balances)
                return

    def tell(self, found: Iterable[BalanceRow]) -> None:
        """Tell what the account has, all of it."""
        self._post(reports.balances(self._account, found, at_ms=self._time.stamp_ms()))

    def hear(self, told: AccountPosition) -> bool:
        """Tell what the stream told; return whether it is so late that it must be asked again."""
        is_late = told.at_ms < self._newest_ms
        self._newest_ms = max(self._newest_ms, told.at_ms)
        self._told += 1
        self._post(reports.balances(self._account, told, at_ms=self._time.stamp_ms()))
        return is_late
