"""`/ws`: who may come in, what is sent, and that no client hurts another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

import httpx2
import pytest
from tests.api_room import EXPIRED, FULL, READ, Room
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from aitrader.api.hub import CHANNELS
from aitrader.api.sockets import (
    MESSAGES_PER_MIN,
    MOST_CONNECTIONS,
    MOST_ERRORS,
    TRY_AGAIN,
    Channel,
)
from aitrader.model.control import ClosePosition

Story = Callable[[Room, str], Awaitable[None]]


def on_a_room(folder: Path, story: Story, **options: Any) -> None:  # noqa: ANN401 - Room's own
    async def told() -> None:
        room = Room(folder, **options)
        async with asyncio.timeout(10), room.served() as port:
            await story(room, f"ws://127.0.0.1:{port}/ws")

    asyncio.run(told())


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def said(socket: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await socket.recv())
    return found


async def until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        message = await said(socket)
        if message["type"] == kind:
            return message


async def tell(socket: ClientConnection, **message: object) -> None:
    await socket.send(json.dumps(message))


async def closed(socket: ClientConnection) -> int | None:
    try:
        while True:
            await socket.recv()
    except ConnectionClosed:
        return socket.close_code


def test_subscribing_brings_a_snapshot_and_changes(tmp_path: Path) -> None:
    async def story(room: Room, url: str) -> None:
        async with connect(url, additional_headers=bearer(READ)) as socket:
            assert (await said(socket))["epoch"] == "life-1"
            await tell(socket, type="subscribe", channels=["signals", "tickers"])
            snapshots = [await said(socket), await said(socket)]
            assert [each["channel"] for each in snapshots] == ["signals", "tickers"]
            room.fake.add_signal(50)
            room.fake.commit()
            assert (await until(socket, "signal_created"))["data"]["id"] == "s-50"
            await tell(socket, type="unsubscribe", channels=["signals"])
            await tell(socket, type="ping", id=4)
            assert (await until(socket, "pong"))["id"] == 4

    on_a_room(tmp_path, story)


def test_a_client_that_reconnects_goes_on_where_it_was(tmp_path: Path) -> None:
    async def story(room: Room, url: str) -> None:
        async with connect(url, additional_headers=bearer(READ)) as socket:
            await tell(socket, type="subscribe", channels=["signals"])
            last = (await until(socket, "snapshot"))["seq"]
        room.fake.add_signal(50)
        room.fake.commit()
        async with connect(url, additional_headers=bearer(READ)) as socket:
            resume = {"epoch": "life-1", "after": last}
            await tell(socket, type="subscribe", channels=["signals"], **resume)
            await said(socket)
            message = await said(socket)
            assert (message["type"], message["data"]["id"]) == ("signal_created", "s-50")

    on_a_room(tmp_path, story)


def test_a_token_comes_by_header_subprotocol_message_or_address(tmp_path: Path) -> None:
    async def story(room: Room, url: str) -> None:
        async with connect(url, additional_headers=bearer(FULL)) as socket:
            assert (await said(socket))["name"] == "full"
        protocols = [Subprotocol("aitrader"), Subprotocol(f"bearer.{READ}")]
        async with connect(url, subprotocols=protocols) as socket:
            assert socket.subprotocol == "aitrader"
            assert (await said(socket))["scope"] == "read"
        async with connect(f"{url}?api_key={READ}") as socket:
            assert (await said(socket))["name"] == "read"
        async with connect(url) as socket:
            await tell(socket, type="auth", token=READ)
            assert (await said(socket))["name"] == "read"

    on_a_room(tmp_path, story)


@pytest.mark.parametrize(
    "first",
    [
        {"type": "auth", "token": "wrong"},
        {"type": "auth", "token": EXPIRED},
        {"type": "subscribe", "channels": ["tickers"]},
        {"type": "nonsense"},
    ],
)
def test_without_a_valid_token_nothing_is_shown(tmp_path: Path, first: dict[str, object]) -> None:
    async def story(room: Room, url: str) -> None:
        async with connect(url) as socket:
            await tell(socket, **first)
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 1008

    on_a_room(tmp_path, story)


def test_where_no_token_is_needed_none_is_waited_for(tmp_path: Path) -> None:
    async def story(room: Room, url: str) -> None:
        async with connect(url) as socket:
            assert (await said(socket))["name"] == "local"
        with pytest.raises(Exception, match="403"):
            await connect(url, origin="http://evil.example")  # type: ignore[arg-type]

    on_a_room(tmp_path, story, has_tokens=False)


def test_a_request_is_answered_with_its_id(tmp_path: Path) -> None:
    request = {"type": "ClosePosition", "position_id": "p-1"}

    async def story(room: Room, url: str) -> None:
        async with connect(url, additional_headers=bearer(FULL)) as socket:
            await tell(socket, type="ask", id=7, request=request)
            assert await until(socket, "answer") == {
                "type": "answer",
                "id": 7,
                "ok": True,
                "text": "done",
            }
            await tell(socket, type="ask", id=8, request=request)
            error = await until(socket, "error")
            assert (error["status"], error["id"]) == (429, 8)
            await tell(socket, type="ask", id=10, request={"type": "Dance"})
            error = await until(socket, "error")
            assert (error["status"], error["id"]) == (400, 10)
            await socket.send("{")
            assert "id" not in await until(socket, "error")
        async with connect(url, additional_headers=bearer(READ)) as socket:
            await tell(socket, type="ask", id=9, request=request)
            assert (await until(socket, "error"))["status"] == 403
        assert room.desk.asked == [ClosePosition("p-1")]

    on_a_room(tmp_path, story, orders_per_min=1)


def test_what_a_request_reads_comes_with_its_answer(tmp_path: Path) -> None:
    request = {"type": "ReadCandles", "symbol": "BTCUSDT", "interval": "1m", "bars": 2}

    async def story(room: Room, url: str) -> None:
        async with connect(url, additional_headers=bearer(READ)) as socket:
            await tell(socket, type="ask", id=1, request=request)
            answer = await until(socket, "answer")
            over_http = await asyncio.to_thread(
                httpx2.get,
                url.replace("ws", "http", 1).replace("/ws", "/api/candles/BTCUSDT/1m?bars=2"),
                headers=bearer(READ),
            )
            assert answer["data"] == over_http.json()["candles"] != []

    on_a_room(tmp_path, story)


def test_nonsense_is_answered_and_too_much_of_it_ends(tmp_path: Path) -> None:
    async def story(room: Room, url: str) -> None:
        async with connect(url, additional_headers=bearer(READ)) as socket:
            await said(socket)
            for _ in range(MOST_ERRORS):
                await socket.send(b"\xff\x00")
                assert (await said(socket))["type"] == "error"
            await tell(socket, type="subscribe", channels=["nothing"])
            assert await closed(socket) == 1008

    on_a_room(tmp_path, story)


def test_a_flood_ends_its_own_connection_alone(tmp_path: Path) -> None:
    async def story(room: Room, url: str) -> None:
        async with (
            connect(url, additional_headers=bearer(READ)) as good,
            connect(url, additional_headers=bearer(READ)) as bad,
        ):
            for _ in range(MESSAGES_PER_MIN + 10):
                await tell(bad, type="ping")
            assert await closed(bad) == 1008
            await tell(good, type="ping", id=1)
            assert (await until(good, "pong"))["id"] == 1

    on_a_room(tmp_path, story)


def test_a_message_that_is_too_large_ends_its_connection(tmp_path: Path) -> None:
    async def story(room: Room, url: str) -> None:
        async with connect(url, additional_headers=bearer(READ)) as socket:
            await socket.send("x" * 70_000)
            assert await closed(socket) == 1009

    on_a_room(tmp_path, story)


def test_the_end_of_the_engine_ends_the_connections(tmp_path: Path) -> None:
    async def story(room: Room, url: str) -> None:
        async with connect(url, additional_headers=bearer(READ)) as socket:
            await said(socket)
            room.fake.end()
            assert await closed(socket) == 1001

    on_a_room(tmp_path, story)


@pytest.mark.slow
def test_a_revoked_token_ends_the_connections_that_it_opened(tmp_path: Path) -> None:
    async def story(room: Room, url: str) -> None:
        async with (
            connect(url, additional_headers=bearer(FULL)) as asker,
            connect(url, additional_headers=bearer(READ)) as hearer,
        ):
            await until(asker, "welcome")
            await tell(hearer, type="subscribe", channels=["signals"])
            await until(hearer, "snapshot")
            room.tokens.write_bytes(b"[]")
            await tell(asker, type="ask", id=1, request={"type": "CloseAll"})
            assert await closed(asker) == 1008
            room.fake.add_signal(50)
            room.fake.commit()
            with pytest.raises(ConnectionClosed):
                await hearer.recv()
            assert hearer.close_code == 1008
        assert room.desk.asked == []

    on_a_room(tmp_path, story)


def test_there_are_only_so_many_connections(tmp_path: Path) -> None:
    async def story(room: Room, url: str) -> None:
        headers = bearer(READ)
        sockets = [await connect(url, additional_headers=headers) for _ in range(MOST_CONNECTIONS)]
        async with connect(url, additional_headers=headers) as socket:
            assert await closed(socket) == TRY_AGAIN
        for socket in sockets:
            await socket.close()

    on_a_room(tmp_path, story)


def test_the_channels_are_those_of_the_hub() -> None:
    assert get_args(Channel) == CHANNELS
