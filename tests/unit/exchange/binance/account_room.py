"""A live venue on the simulated exchange, and everything a story looks at."""

# ruff: noqa: ANN401 - settings and faults are of any kind here

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import httpx2
from msgspec import structs
from tests.builders import an_order
from tests.unit.exchange.binance.stub import ListInbox, TestTasks, until

from aitrader.exchange.binance.account_rest import AccountTiming
from aitrader.exchange.binance.question_pace import Patience
from aitrader.exchange.binance.signing import HmacSigner, signed_query
from aitrader.exchange.binance.venue import BinanceVenue, VenueSettings
from aitrader.exchange.simulated.options import ExchangeOptions
from aitrader.exchange.simulated.server import running
from aitrader.model.account import LIVE
from aitrader.model.commands import CancelOrders, QueryOrder, SubmitOrder
from aitrader.model.events import Saved
from aitrader.model.order import Leg, Order, OrderKind, OrderStatus

KEY = "demo"
QUICK = AccountTiming(
    answer_s=0.3, question_s=5.0, attempts=2, backoff_first_s=0.005, reconnect_s=0.01
)


class WallClock:
    """The computer's clock, off by so much; it may be put right or wrong in the middle."""

    def __init__(self, off_ms: int = 0) -> None:
        self.off_ms = off_ms

    def now_ms(self) -> int:
        return int(time.time() * 1000) + self.off_ms  # noqa: TID251 - the exchange runs on it


class AccountRoom:
    """A venue, what it says, and the exchange it says it of."""

    def __init__(self, url: str, stream_url: str, **changes: Any) -> None:
        self.url = url
        self.clock = changes.pop("clock", None) or WallClock()
        self.inbox = ListInbox()
        self.tasks = TestTasks()
        self.http = httpx2.AsyncClient(base_url=url, trust_env=False)
        ws = {"ws_api_url": f"{stream_url}/ws-api/v3"} if changes.pop("has_socket", False) else {}
        settings = {
            "rest_url": url,
            "api_key": KEY,
            "secret": KEY,
            "timing": QUICK,
            "patience": Patience(again_s=0.02, longest_s=0.05),
            **ws,
        } | changes
        self.settings = VenueSettings(**settings)
        self.venue = self.another()

    def another(self, **changes: Any) -> BinanceVenue:
        """Another venue on the same account, as after a restart."""
        settings = VenueSettings(
            **{name: getattr(self.settings, name) for name in VenueSettings.__struct_fields__}
            | changes
        )
        return BinanceVenue(self.inbox, self.clock, tasks=self.tasks, settings=settings)

    # -- the exchange

    async def fault(self, kind: str, **how: Any) -> None:
        answer = await self.http.post("/simulator/faults", json={"kind": kind, **how})
        assert answer.status_code == 200, answer.text

    async def clear(self) -> None:
        await self.http.delete("/simulator/faults")

    async def price(self, symbol: str = "BTCUSDT") -> Decimal:
        answer = await self.http.get("/api/v3/ticker/price", params={"symbol": symbol})
        return Decimal(answer.json()["price"])

    async def signed(self, verb: str, path: str, **parameters: str) -> httpx2.Response:
        """What the account's owner does by hand."""
        stamped = {**parameters, "timestamp": str(WallClock().now_ms())}
        query = signed_query(stamped, HmacSigner(KEY))
        headers = {"X-MBX-APIKEY": KEY}
        return await self.http.request(verb, f"/api/v3/{path}?{query}", headers=headers)

    async def cancel_by_hand(self, order: Order) -> int:
        named = {"symbol": order.symbol, "origClientOrderId": order.client_order_id}
        return (await self.signed("DELETE", "order", **named)).status_code

    async def trades(self, symbol: str = "BTCUSDT") -> int:
        return len((await self.signed("GET", "myTrades", symbol=symbol)).json())

    # -- orders

    def order(self, attempt: int = 1, leg: Leg = Leg.ENTRY, **changes: Any) -> Order:
        now_ms = self.clock.now_ms()
        return an_order(
            leg,
            attempt,
            **{
                "account": LIVE,
                "quantity": Decimal("0.01"),
                "planned_ms": now_ms,
                "not_after_ms": now_ms + 5_000,
                **changes,
            },
        )

    async def protection(self, attempt: int = 1, **changes: Any) -> tuple[Order, Order]:
        """A stop 5 % under the price and a target 5 % over it, as one list."""
        price = await self.price()
        common = {"quantity": Decimal("0.005"), "list_id": f"at1-list-{attempt}", **changes}
        stop = self.order(
            attempt, Leg.EXIT, kind=OrderKind.STOP_LOSS, stop_price=_part(price, "0.95"), **common
        )
        target = self.order(
            attempt + 1, Leg.EXIT, kind=OrderKind.LIMIT, price=_part(price, "1.05"), **common
        )
        return stop, target

    @staticmethod
    def opened(order: Order) -> Order:
        """The order as it is on disk once the exchange has it."""
        return structs.replace(order, status=OrderStatus.OPEN)

    async def settle(self) -> None:
        """Wait until the venue's own tasks have done what they do at once."""
        await until(lambda: all(task.get_name() != "exchange time" for task in self.tasks.tasks))

    async def submit(self, *orders: Order) -> None:
        await self.venue.submit(SubmitOrder(orders=orders))

    async def cancel(self, *orders: Order) -> None:
        await self.venue.cancel(CancelOrders(orders=orders))

    async def query(self, order: Order) -> None:
        await self.venue.query(QueryOrder(order=order))

    # -- what was said

    def said(self, order: Order) -> list[Any]:
        """What was said of one order, balances apart."""
        name = order.client_order_id
        return [e for e in self.inbox.events if getattr(e, "client_order_id", None) == name]

    def kinds(self, order: Order) -> list[str]:
        return [type(event).__name__ for event in self.said(order)]

    async def hear(self, order: Order, kind: type) -> Any:
        """Wait until this is said of the order and return it."""

        def found() -> list[Any]:
            return [event for event in self.said(order) if type(event) is kind]

        await until(found)
        return found()[-1]


def _part(price: Decimal, share: str) -> Decimal:
    return (price * Decimal(share)).quantize(Decimal("0.01"))


@asynccontextmanager
async def an_account(**changes: Any) -> AsyncIterator[AccountRoom]:
    start_ms = WallClock().now_ms()
    options = ExchangeOptions(symbols=3, start_ms=start_ms)
    async with running(options) as address:
        room = AccountRoom(address.exchange, address.stream, **changes)
        try:
            yield room
        finally:
            await room.venue.close()
            await room.tasks.close()
            await room.http.aclose()
        assert room.tasks.deaths == []


def tell(story: Callable[[AccountRoom], Awaitable[None]], **changes: Any) -> None:
    """Play a story on a venue that has recovered from nothing."""

    async def play() -> None:
        async with an_account(**changes) as room:
            await room.venue.recover(Saved())
            await story(room)

    asyncio.run(play())
