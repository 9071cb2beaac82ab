import asyncio

import httpx2
import pytest
from picows import WSInvalidStatusError
from tests.unit.exchange.simulated.test_server import connected, tell
from tests.unit.exchange.simulated.test_web import switch

from aitrader.exchange.simulated.options import Address

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def test_a_reset_cuts_and_a_code_closes_all_streams() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        client = await connected(address, "/ws/ethusdt@ticker")
        await switch(http, kind="reset")
        async with asyncio.timeout(5):
            await client.closed.wait()
        assert client.close_code is None
        client = await connected(address, "/ws/ethusdt@ticker")
        await switch(http, kind="reset", close_code=1001)
        async with asyncio.timeout(5):
            await client.closed.wait()
        assert client.close_code == 1001

    tell(story)


def test_a_shutdown_is_announced_in_the_form_of_each_connection() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        raw = await connected(address, "/ws/ethusdt@ticker")
        combined = await connected(address, "/stream?streams=ethusdt@ticker")
        api = await connected(address, "/ws-api/v3")
        await switch(http, kind="shutdown_notice", close_after_s=0.01)
        await raw.until(lambda found: found.get("e") == "serverShutdown")
        notice = await combined.until(lambda found: found["stream"] == "!serverShutdown")
        assert notice["data"]["e"] == "serverShutdown"
        assert (await api.next())["event"]["e"] == "serverShutdown"
        async with asyncio.timeout(5):
            for client in (raw, combined, api):
                await client.closed.wait()

    tell(story)


@pytest.mark.parametrize("status", [429, 418, 503])
def test_a_handshake_may_be_refused(status: int) -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        await switch(http, kind="refuse_connection", status=status, retry_after_s=2, times=1)
        with pytest.raises(WSInvalidStatusError) as found:
            await connected(address, "/ws/ethusdt@ticker")
        assert found.value.response.status == status
        await connected(address, "/ws/ethusdt@ticker")

    tell(story)


def test_a_handshake_may_be_cut() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        await switch(http, kind="refuse_connection", status=0, times=1)
        port = int(address.stream.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HANDSHAKE)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

    tell(story)


def test_more_than_five_messages_a_second_close_the_connection() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        client = await connected(address, "/ws")
        for _ in range(6):
            client.ask("LIST_SUBSCRIPTIONS")
        async with asyncio.timeout(5):
            await client.closed.wait()
        assert client.close_code == 1008

    tell(story)


def test_silence_holds_back_data_and_ends_by_itself() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        client = await connected(address, "/ws/ethusdt@ticker")
        await client.next()
        await switch(http, kind="silence", pings=False, for_s=0.4)
        while not client.messages.empty():
            client.messages.get_nowait()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.15):
                await client.messages.get()
        await client.next()

    tell(story)


def test_a_subscription_may_be_refused_or_go_unanswered() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        client = await connected(address, "/ws")
        await switch(http, kind="refuse_subscribe", times=1)
        client.ask("SUBSCRIBE", "ethusdt@ticker")
        assert (await client.next())["code"] == 2
        await switch(http, kind="refuse_subscribe", is_silent=True, times=1)
        client.ask("SUBSCRIBE", "ethusdt@ticker")
        client.ask("LIST_SUBSCRIPTIONS")
        assert (await client.next())["result"] == []

    tell(story)


def test_prices_come_one_by_one_and_the_book_too() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        names = ("bookTicker", "trade", "aggTrade", "depth5@100ms", "depth")
        path = "/".join(f"ethusdt@{name}" for name in names)
        client = await connected(address, f"/stream?streams={path}/!miniTicker@arr")
        found: dict[str, object] = {}
        while len(found) < 6:
            message = await client.next()
            found[message["stream"]] = message["data"]
        depth = found["ethusdt@depth5@100ms"]
        assert isinstance(depth, dict)
        assert len(depth["bids"]) == len(depth["asks"]) == 5
        best = found["ethusdt@bookTicker"]
        assert isinstance(best, dict)
        assert set(best) == set("usbBaA")

    tell(story)
