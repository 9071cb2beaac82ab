"""What is asked about the account, one order or all that is open, and what is said then.

Theory of operation. A question is repeated until it is answered, ever later; at most one about an
order is under way. "Not found" ends an order's story only once it is proven: the exchange itself
has said a time beyond the order's window, and was asked after that for the order and for what is
open. Whoever's clock is off, an order that may still arrive is never given up. What was given up
and is open after all is told again.

An answer that tells more filled than has been heard of is followed by the order's executions. What
cannot be had now stays on the list of live orders, which `look` goes through every few seconds. An
order whose fills lag behind is asked after ever later (`question_pace`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence

from aitrader.exchange.binance import reports
from aitrader.exchange.binance.account_rest import MAX_WINDOW_MS, AccountRest
from aitrader.exchange.binance.balance_reports import BalanceReports
from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.executions import fetch_fills
from aitrader.exchange.binance.links import wait_at_most
from aitrader.exchange.binance.live_orders import LiveOrders
from aitrader.exchange.binance.orders import (
    asking,
    asking_open,
)
from aitrader.exchange.binance.question_pace import Patience, QuestionPace
from aitrader.exchange.binance.strangers import Strangers
from aitrader.exchange.binance.verdicts import ARCHIVED, BAD_SYMBOL, NO_SUCH_ORDER
from aitrader.exchange.binance.wire_orders import (
    AccountPosition,
    BalanceUpdate,
    LockUpdate,
    OrderAnswer,
    UserEvent,
    read_order,
    read_orders,
)
from aitrader.model.errors import Refused, Transient
from aitrader.model.events import (
    Event,
    OrderExpired,
    OrderNotFound,
    Quarantined,
)
from aitrader.model.ids import ClientOrderId
from aitrader.model.money import ZERO
from aitrader.model.order import Leg, Order
from aitrader.model.ports import Clock

log = logging.getLogger(__name__)

SETTLE_MS = 250
"""An order that was let in at the last instant may take so long to be found."""

PUT_AWAY = "it ended so long ago that the exchange has put it away"

_MOST_SYMBOLS = 13
"""To ask which orders are open costs 6 for each symbol, or 80 for all of them."""

_AT_ONCE = 8
"""So many questions are under way at once."""

Post = Callable[[Event], None]


class Inquiries:
    """Asks the exchange about one account and posts what it says."""

    def __init__(
        self,
        post: Post,
        rest: AccountRest,
        *,
        clock: Clock,
        time: ExchangeTime,
        account: str,
        patience: Patience,
    ) -> None:
        """`post` is handed every answer; what is said of money bears the exchange's `time`."""
        self._sink = post
        self._rest = rest
        self._clock = clock
        self._pace = QuestionPace(patience)
        self._asking: set[ClientOrderId] = set()
        self.live = LiveOrders()
        self.balances = BalanceReports(self.post, rest, account=account, time=time)
        self._strangers = Strangers(self.post, clock=clock, account=account)
        self.closed = asyncio.Event()

    def post(self, *events: Event) -> None:
        """Say something of orders or the account; after the end nothing is said any more."""
        for event in events if not self.closed.is_set() else ():
            self.live.note(event)
            self._sink(event)

    def hear(self, event: UserEvent) -> bool:
        """Post what one event of the account says; return whether the balances are open by it."""
        if isinstance(event, AccountPosition):
            return self.balances.hear(event)
        self.post(*reports.heard(event, at_ms=self._clock.now_ms()))
        return isinstance(event, BalanceUpdate | LockUpdate)

    # -- one order ------------------------------------------------------------------------------

    async def ask(self, order: Order) -> None:
        """Tell what is known of one order; asks until the exchange answers."""
        name, pause_s, patience = order.client_order_id, 0.0, self._pace.patience
        if name in self._asking:
            return
        self._asking.add(name)
        try:
            if lag_s := self._pace.lag_s(name):
                await wait_at_most(self.closed, lag_s)
            while not await self._is_answered(order) and not self.closed.is_set():
                pause_s = patience.longer_s(pause_s)
                await wait_at_most(self.closed, pause_s)
        finally:
            self._asking.discard(name)

    async def ask_once(self, order: Order) -> bool:
        """Tell what is known of one order; False if the exchange said nothing."""
        return order.client_order_id in self._asking or await self._is_answered(order)

    async def tell(self, answer: OrderAnswer, order: Order | None) -> None:
        """Post all that is known of an order, its executions fetched if some are untold."""
        fills = [reports.fill_of_placed(answer, row) for row in answer.fills]
        known = {} if order is None else {fill.fill_id: fill.quantity for fill in order.fills}
        known |= {fill.fill_id: fill.quantity for fill in fills}
        if sum(known.values(), ZERO) < answer.executed_qty:
            fills = await fetch_fills(self._rest, answer) or fills
            known |= {fill.fill_id: fill.quantity for fill in fills}
        is_whole = sum(known.values(), ZERO) >= answer.executed_qty
        self._pace.told(ClientOrderId(answer.name), is_whole=is_whole)
        self.post(*reports.told(answer, fills, at_ms=self._clock.now_ms()))

    async def _is_answered(self, order: Order) -> bool:
        """Tell what the exchange says of an order; False if it said nothing."""
        name, asked_ms = order.client_order_id, self._clock.now_ms()
        try:
            answer = await self._status(order)
            if answer is None and asked_ms > order.not_after_ms:
                await self._window_over(order)
                asked_ms = self._clock.now_ms()
                answer = await self._status(order) or await _listed(self._rest, order)
        except Transient as transient:
            log.warning("order %s cannot be asked after now: %s", name, transient)
            return False
        except Refused as refused:
            return self._is_told(order, refused, at_ms=asked_ms)
        if answer is None:
            if asked_ms > order.not_after_ms:
                self.live.forget(
                    name
                )  # before that it may still arrive, and is then to be followed
            self.post(OrderNotFound(at_ms=asked_ms, client_order_id=name))
        else:
            self.live.keep((order,))
            await self.tell(answer, self.live.find(name) or order)
        return True

    def _is_told(self, order: Order, refused: Refused, *, at_ms: int) -> bool:
        """Take in that an order is not told about; True if that says what became of it."""
        name = order.client_order_id
        if refused.code == ARCHIVED:
            self.post(OrderExpired(at_ms=at_ms, client_order_id=name, reason=PUT_AWAY))
            return True
        if refused.code != BAD_SYMBOL:
            log.error("the exchange does not tell about order %s: %s", name, refused)
        elif self._pace.refused(name):
            reason = f"the exchange tells nothing about order {name} any more: {refused.reason}"
            self.post(
                Quarantined(
                    at_ms=at_ms, trader_id=order.trader_id, symbol=order.symbol, reason=reason
                )
            )
        return False

    async def _status(self, order: Order) -> OrderAnswer | None:
        """Return an order as it stands, None if the exchange does not know it."""
        try:
            return read_order(await self._rest.ask(asking(order)))
        except Refused as refused:
            if refused.code == NO_SUCH_ORDER:
                return None
            raise

    async def _window_over(self, order: Order) -> None:
        """Return when the exchange itself says that an order cannot arrive any more."""
        exchange_ms = await self._rest.fetch_time()
        over_ms = min(order.not_after_ms, exchange_ms + MAX_WINDOW_MS) + SETTLE_MS
        while exchange_ms <= over_ms:
            await wait_at_most(self.closed, (over_ms - exchange_ms + 1) / 1000)
            if self.closed.is_set():
                raise Transient("the venue was closed")
            exchange_ms = await self._rest.fetch_time()

    # -- all of them ----------------------------------------------------------------------------

    async def look(self, *, entries_alone: bool = False) -> None:
        """Ask once after every order that the exchange has; after the balances if one changed."""
        known = self.live.accepted()
        if entries_alone:
            known = [row for row in known if row.leg is Leg.ENTRY]
        if not known:
            return
        try:
            rows = await _fetch_open(self._rest, {row.symbol for row in known})
            found = {row.name: row for row in rows}
        except Refused as refused:
            log.warning("open orders are not told, each is asked after by itself: %s", refused)
            found = {}
        except Transient as error:
            log.warning("open orders cannot be asked after now: %s", error)
            return
        changed = [
            order
            for order in known
            if (answer := found.get(order.client_order_id)) is None
            or answer.executed_qty > order.filled
        ]
        # The next look asks again after the silent ones: one must not hold up the others.
        if len(await self.ask_all(changed)) < len(changed):
            await self.balances.ask()

    async def fetch_open(self) -> list[OrderAnswer]:
        """Return every open order of the account, whoever's it is.

        Raises:
            Transient: The exchange is not reachable, or unwell.
            Refused: It said no.
        """
        return await _fetch_open(self._rest, ())

    async def report_open(self, found: Collection[OrderAnswer], known: Collection[Order]) -> None:
        """Tell of these open orders, first of those that nobody here knows."""
        by_name = {str(order.client_order_id): order for order in known}
        told = [(row, by_name[row.name]) for row in found if row.name in by_name]
        self._strangers.meet(row for row in found if row.name not in by_name)
        await asyncio.gather(*(self.tell(row, order) for row, order in told))

    async def look_around(self) -> None:
        """Tell which open orders are not ours, if they are others by now, and the balances.

        Also those of ours that were given up.
        """
        try:
            rows = await self.fetch_open()
        except (Transient, Refused) as error:
            log.warning("the account's open orders cannot be had now: %s", error)
            return
        self._strangers.look(rows)
        for row in rows:
            if reports.is_ours(row.name) and self.live.find(ClientOrderId(row.name)) is None:
                await self.tell(row, None)
        await self.balances.ask()

    async def ask_all(self, orders: Sequence[Order]) -> list[Order]:
        """Ask once after each of these, a few at once; return those that were not told about."""
        silent: list[Order] = []
        for first in range(0, len(orders), _AT_ONCE):
            batch = orders[first : first + _AT_ONCE]
            told = await asyncio.gather(*(self.ask_once(order) for order in batch))
            silent += [order for order, is_told in zip(batch, told, strict=True) if not is_told]
        return silent


async def _fetch_open(rest: AccountRest, symbols: Collection[str]) -> list[OrderAnswer]:
    """Return the open orders of some symbols; of none of them: of all.

    A symbol that is gone has none: each order that may be there is then asked after by itself.
    """
    wanted = ("",) if not symbols or len(symbols) > _MOST_SYMBOLS else sorted(symbols)
    rows: list[OrderAnswer] = []
    for symbol in wanted:
        try:
            rows += read_orders(await rest.ask(asking_open(symbol)))
        except Refused as refused:
            if not symbol or refused.code != BAD_SYMBOL:
                raise
    return rows


async def _listed(rest: AccountRest, order: Order) -> OrderAnswer | None:
    """Return an order that the exchange denies, if it is among those that it says are open."""
    rows = await _fetch_open(rest, (order.symbol,))
    return next((row for row in rows if row.name == order.client_order_id), None)
