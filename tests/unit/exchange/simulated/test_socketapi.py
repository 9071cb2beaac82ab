import asyncio
import hashlib
import hmac
import json
from typing import Any

import httpx2
from picows import WSMsgType
from tests.unit.exchange.simulated.test_server import Client, connected, tell
from tests.unit.exchange.simulated.test_web import switch

from aitrader.exchange.simulated.options import Address

BUY = {"symbol": "ETHUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1"}


class Api:
    """A client of the WebSocket API; what is no answer it keeps as events."""

    def __init__(self, client: Client, http: httpx2.AsyncClient) -> None:
        self.client, self.http = client, http
        self.events: list[dict[str, Any]] = []

    def send(self, text: str) -> None:
        self.client.transport.send(WSMsgType.TEXT, text.encode())

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        self.send(json.dumps({"id": "q", "method": method, "params": params}))
        while True:
            message = await self.client.next()
            if "event" not in message:
                return message
            self.events.append(message["event"])

    async def signed(self, method: str, **params: object) -> dict[str, Any]:
        now = (await self.http.get("/api/v3/time")).json()["serverTime"]
        given = {**params, "apiKey": "demo", "timestamp": now, "recvWindow": 60000}
        text = "&".join(f"{name}={value}" for name, value in sorted(given.items()))
        made = hmac.new(b"demo", text.encode(), hashlib.sha256).hexdigest()
        return await self.ask(method, **given, signature=made)

    async def event(self, kind: str) -> dict[str, Any]:
        while True:
            for number, event in enumerate(self.events):
                if event["e"] == kind:
                    return self.events.pop(number)
            self.events.append((await self.client.next())["event"])


async def an_api(address: Address, http: httpx2.AsyncClient, query: str = "") -> Api:
    return Api(await connected(address, f"/ws-api/v3{query}"), http)


def test_anybody_may_ask_for_the_market() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        api = await an_api(address, http)
        pong = await api.ask("ping")
        assert (pong["id"], pong["status"], pong["result"]) == ("q", 200, {})
        assert pong["rateLimits"][0]["count"] >= 3
        assert "rateLimits" not in await api.ask("time", returnRateLimits=False)
        some = await api.ask("ticker.price", symbols=["ETHUSDT"])
        assert [row["symbol"] for row in some["result"]] == ["ETHUSDT"]

    tell(story)


def test_what_makes_no_sense_is_answered_with_an_error() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        api = await an_api(address, http, "?returnRateLimits=false")
        api.send("nonsense")
        wrong = await api.client.next()
        assert (wrong["id"], wrong["status"], wrong["error"]["code"]) == (None, 400, -1135)
        assert "rateLimits" in wrong
        assert (await api.ask("dance"))["error"]["code"] == -1000
        assert (await api.ask("klines", symbol="NOPE"))["error"]["code"] == -1121

    tell(story)


def test_an_order_is_placed_and_told_to_who_has_subscribed() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        api = await an_api(address, http)
        subscribed = await api.signed("userDataStream.subscribe.signature")
        assert subscribed["result"] == {"subscriptionId": 0}
        again = await api.signed("userDataStream.subscribe.signature")
        assert again["error"]["code"] == -2035
        placed = await api.signed("order.place", **BUY)
        assert placed["result"]["status"] == "FILLED"
        assert (await api.event("executionReport"))["x"] == "NEW"
        assert (await api.event("executionReport"))["x"] == "TRADE"
        await api.event("outboundAccountPosition")
        told = await api.signed(
            "order.status", symbol="ETHUSDT", orderId=placed["result"]["orderId"]
        )
        assert told["result"]["status"] == "FILLED"
        assert (await api.ask("session.subscriptions"))["result"] == [{"subscriptionId": 0}]
        assert (await api.ask("userDataStream.unsubscribe"))["status"] == 200
        assert (await api.ask("userDataStream.unsubscribe"))["error"]["code"] == -2036

    tell(story)


def test_an_unsigned_order_is_refused() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        api = await an_api(address, http)
        assert (await api.ask("order.place", **BUY))["error"]["code"] == -1102
        assert (await api.ask("userDataStream.subscribe"))["status"] == 401
        logon = await api.signed("session.logon")
        assert logon["error"]["code"] == -4056
        status = await api.ask("session.status")
        assert status["result"]["apiKey"] is None
        assert (await api.ask("session.logout"))["status"] == 200

    tell(story)


def test_a_lost_answer_ends_the_connection_or_is_just_missing() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        api = await an_api(address, http)
        await switch(http, kind="lost_answer", is_silent=True, times=1)
        api.send('{"id":1,"method":"ping"}')
        assert (await api.ask("time"))["id"] == "q"
        await switch(http, kind="lost_answer", times=1)
        api.send('{"id":1,"method":"ping"}')
        async with asyncio.timeout(5):
            await api.client.closed.wait()

    tell(story)


def test_the_exchange_may_end_a_subscription() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        api = await an_api(address, http)
        await api.signed("userDataStream.subscribe.signature")
        await switch(http, kind="end_user_stream")
        await api.event("eventStreamTerminated")

    tell(story)
