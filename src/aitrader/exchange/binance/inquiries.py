"""What is asked about the account, one order or all that is open, and what is said then.

Theory of operation. A question is repeated until it is answered, ever later; at most one about an
order is under way. "Not found" ends an order's story only once it is proven: the exchange itself
has said a time beyond the order's window, and was asked after that. Whoever's clock is off, an
order that may still arrive is never given up.

An answer that tells more filled than has been heard of is followed by the order's executions. What
cannot be had now stays on the list of live orders, which `look` goes through every few seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

import msgspec

from aitrader.exchange.binance import reports
from aitrader.exchange.binance.account_rest import MAX_WINDOW_MS, AccountRest
from aitrader.exchange.binance.links import wait_at_most
from aitrader.exchange.binance.live_orders import LiveOrders
from aitrader.exchange.binance.orders import (
    asking,
    asking_account,
    asking_open,
    asking_trades,
)
from aitrader.exchange.binance.verdicts import ARCHIVED, NO_SUCH_ORDER
from aitrader.exchange.binance.wire_orders import (
    OrderAnswer,
    read_account,
    read_order,
    read_orders,
    read_trades,
)
from aitrader.model.errors import Refused, Transient
from aitrader.model.events import Event, OpenOrdersReported, OrderExpired, OrderNotFound
from aitrader.model.ids import ClientOrderId
from aitrader.model.money import ZERO
from aitrader.model.order import Fill, Order
from aitrader.model.ports import Clock

log = logging.getLogger(__name__)

SETTLE_MS = 250
"""An order that was let in at the last instant may take so long to be found."""

PUT_AWAY = "it ended so long ago that the exchange has put it away"

_MOST_SYMBOLS = 13
"""To ask which orders are open costs 6 for each symbol, or 80 for all of them."""

Post = Callable[[Event], None]


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """A question without an answer is asked again after `again_s`, ever later up to `longest_s`."""

    again_s: float = 0.5
    longest_s: float = 10.0


class Inquiries:
    """Asks the exchange about one account and posts what it says."""

    def __init__(
        self,
        post: Post,
        rest: AccountRest,
        *,
        clock: Clock,
        account: str,
        patience: Patience,
    ) -> None:
        """`post` is handed every answer."""
        self._sink = post
        self._rest = rest
        self._clock = clock
        self._account = account
        self._patience = patience
        self._asking: set[ClientOrderId] = set()
        self.live = LiveOrders()
        self.closed = asyncio.Event()

    def post(self, *events: Event) -> None:
        """Say something of orders or the account; after the end nothing is said any more."""
        for event in events if not self.closed.is_set() else ():
            self.live.note(event)
            self._sink(event)

    # -- one order ------------------------------------------------------------------------------

    async def ask(self, order: Order) -> None:
        """Tell what is known of one order; asks until the exchange answers."""
        name = order.client_order_id
        if name in self._asking:
            return
        self._asking.add(name)
        pause_s = self._patience.again_s
        try:
            while not await self._is_answered(order) and not self.closed.is_set():
                await wait_at_most(self.closed, pause_s)
                pause_s = min(pause_s * 2, self._patience.longest_s)
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
            fills = await self._trades(answer) or fills
        self.post(*reports.told(answer, fills, at_ms=self._clock.now_ms()))

    async def _is_answered(self, order: Order) -> bool:
        """Tell what the exchange says of an order; False if it said nothing."""
        name, asked_ms = order.client_order_id, self._clock.now_ms()
        try:
            answer = await self._status(order)
            if answer is None and asked_ms > order.not_after_ms:
                await self._window_over(order)
                asked_ms = self._clock.now_ms()
                answer = await self._status(order)
        except Transient as transient:
            log.warning("order %s cannot be asked after now: %s", name, transient)
            return False
        except Refused as refused:
            if refused.code == ARCHIVED:
                self.post(OrderExpired(at_ms=asked_ms, client_order_id=name, reason=PUT_AWAY))
                return True
            log.error("the exchange does not tell about order %s: %s", name, refused)
            return False
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

    async def _trades(self, answer: OrderAnswer) -> list[Fill]:
        """Return all executions of an order; none if they cannot be had now."""
        try:
            body = await self._rest.ask(asking_trades(answer.symbol, answer.order_id))
            rows = read_trades(body)
        except (Transient, Refused) as error:
            log.warning("the fills of order %s cannot be had now: %s", answer.name, error)
            return []
        return [reports.fill_of_trade(answer.name, row) for row in rows]

    # -- all of them ----------------------------------------------------------------------------

    async def look(self) -> None:
        """Ask once after every order that the exchange has; after the balances if one changed."""
        known = self.live.accepted()
        try:
            found = {row.name: row for row in await self._open({row.symbol for row in known})}
        except Refused as refused:
            # One symbol that is gone hides all others: each order is asked after by itself.
            log.warning("open orders are not told: %s", refused)
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
        for order in changed:
            await self.ask_once(order)  # the next look asks again: one must not hold up the others
        if changed:
            await self.report_balances()

    async def report_open(self, known: Collection[Order]) -> None:
        """Tell of every open order; those that nobody here knows are shown and left alone.

        Raises:
            Transient: The exchange is not reachable, or unwell.
            Refused: It said no.
        """
        by_name = {str(order.client_order_id): order for order in known}
        strange = []
        for answer in await self._open(set(), is_all=True):
            order = by_name.get(answer.name)
            if order is not None:
                await self.tell(answer, order)
            elif (found := reports.found_order(answer)) is not None:
                strange.append(found)
        if strange:
            at_ms, account = self._clock.now_ms(), self._account
            self.post(OpenOrdersReported(at_ms=at_ms, account=account, orders=tuple(strange)))
        for found in strange:
            ids = {"order": found.client_order_id, "symbol": found.symbol}
            whose = "bears our id but is unknown here" if found.is_ours else "is not ours"
            log.warning("an open order %s and is left alone", whose, extra=ids)

    async def report_balances(self) -> None:
        """Tell what the account has; nothing if it cannot be had now."""
        try:
            account = read_account(await self._rest.ask(asking_account()))
        except (Transient, Refused) as error:
            log.warning("the balances cannot be had now: %s", error)
            return
        at_ms = self._clock.now_ms()
        self.post(reports.balances(self._account, account.balances, at_ms=at_ms))

    async def _open(self, symbols: Collection[str], *, is_all: bool = False) -> list[OrderAnswer]:
        wanted = ("",) if is_all or len(symbols) > _MOST_SYMBOLS else sorted(symbols)
        return [
            row
            for symbol in wanted
            for row in read_orders(await self._rest.ask(asking_open(symbol)))
        ]
