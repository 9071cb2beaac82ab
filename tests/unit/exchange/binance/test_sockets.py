from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import pytest
from picows import (
    WSCloseCode,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)
from tests.unit.exchange.binance.stub import StubExchange, StubLink, until

from aitrader.exchange.binance import sockets
from aitrader.model.errors import Transient


class User:
    def __init__(self) -> None:
        self.frames = 0
        self.texts: list[bytes] = []
        self.reasons: list[str] = []

    def on_frame(self) -> None:
        self.frames += 1

    def on_text(self, payload: bytes) -> None:
        self.texts.append(payload)

    def on_closed(self, reason: str) -> None:
        self.reasons.append(reason)


class Taker(User):
    """A user of data: what starts with a `!`."""

    def __init__(self) -> None:
        super().__init__()
        self.data: list[bytes] = []

    def take(self, payload: bytes) -> bool:
        if payload.startswith(b"!"):
            self.data.append(payload)
            return True
        return False


def tell(
    story: Callable[[Any, sockets.Socket, StubLink], Awaitable[None]],
    make_user: Callable[[], User] = User,
) -> None:
    async def play() -> None:
        async with StubExchange() as stub:
            user = make_user()
            own = await sockets.connect(stub.stream_url + "/stream", user)
            await until(lambda: bool(stub.links))
            await story(user, own, stub.links[0])
            own.close()

    asyncio.run(play())


def wired(link: StubLink) -> WSTransport:
    assert link.transport is not None
    return link.transport


def test_fragments_become_one_message() -> None:
    async def story(user: User, own: sockets.Socket, link: StubLink) -> None:
        transport = wired(link)
        transport.send(WSMsgType.TEXT, b'{"a":', fin=False)
        transport.send(WSMsgType.PING, b"between")
        transport.send(WSMsgType.CONTINUATION, b"1", fin=False)
        transport.send(WSMsgType.CONTINUATION, b"}")
        transport.send(WSMsgType.TEXT, b"whole")
        await until(lambda: len(user.texts) == 2)
        assert user.texts == [b'{"a":1}', b"whole"]
        assert user.frames >= 3

    tell(story)


def test_data_are_offered_first_and_everything_else_is_text() -> None:
    async def story(user: Taker, own: sockets.Socket, link: StubLink) -> None:
        transport = wired(link)
        transport.send(WSMsgType.TEXT, b"!1")
        transport.send(WSMsgType.TEXT, b"!in ", fin=False)
        transport.send(WSMsgType.CONTINUATION, b"!pieces")
        transport.send(WSMsgType.TEXT, b"said")
        await until(lambda: len(user.texts) == 2)
        assert (user.data, user.texts) == ([b"!1"], [b"!in !pieces", b"said"])

    tell(story, Taker)


def test_a_ping_is_answered_with_its_payload() -> None:
    async def story(user: User, own: sockets.Socket, link: StubLink) -> None:
        wired(link).send(WSMsgType.PING, b"1770123456789")
        await until(lambda: link.pongs == [b"1770123456789"])
        assert user.frames == 1

    tell(story)


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ([(WSMsgType.TEXT, b"x", True, True)], "reserved bits"),
        ([(WSMsgType.CONTINUATION, b"x", True, False)], ""),
        ([(WSMsgType.TEXT, b"x", False, False), (WSMsgType.TEXT, b"y", True, False)], ""),
        ([(WSMsgType.BINARY, b"x", True, False)], "binary"),
    ],
)
def test_frames_against_the_protocol_end_the_connection(frames: list[Any], reason: str) -> None:
    async def story(user: User, own: sockets.Socket, link: StubLink) -> None:
        for kind, payload, fin, rsv1 in frames:
            wired(link).send(kind, payload, fin=fin, rsv1=rsv1)
        await until(lambda: bool(user.reasons))
        assert reason in user.reasons[0]
        assert user.texts == []
        own.send(b"into the void")

    tell(story)


def test_a_message_without_end_is_cut_off() -> None:
    async def story(user: User, own: sockets.Socket, link: StubLink) -> None:
        part = b"x" * (sockets.MAX_MESSAGE_BYTES // 3)
        wired(link).send(WSMsgType.TEXT, part, fin=False)
        for _ in range(3):
            wired(link).send(WSMsgType.CONTINUATION, part, fin=False)
        await until(lambda: bool(user.reasons))
        assert "no end" in user.reasons[0]

    tell(story)


def test_a_close_frame_names_its_code() -> None:
    async def story(user: User, own: sockets.Socket, link: StubLink) -> None:
        wired(link).send_close(WSCloseCode.POLICY_VIOLATION, b"too many")
        await until(lambda: bool(user.reasons))
        assert "1008" in user.reasons[0]
        assert "too many" in user.reasons[0]

    tell(story)


def test_a_reset_and_our_own_close_are_told_once() -> None:
    async def reset(user: User, own: sockets.Socket, link: StubLink) -> None:
        link.abort()
        await until(lambda: user.reasons == ["the connection was lost"])

    async def close(user: User, own: sockets.Socket, link: StubLink) -> None:
        own.close()
        own.close()
        await until(lambda: user.reasons == ["we closed the connection"])

    tell(reset)
    tell(close)


def test_nobody_there_and_no_answer_are_transient() -> None:
    async def story() -> None:
        with pytest.raises(Transient, match="did not accept a stream"):
            await sockets.connect("ws://127.0.0.1:9/stream", User())
        silent = socket.create_server(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with pytest.raises(Transient, match="did not accept a stream"):
            await sockets.connect(f"ws://127.0.0.1:{port}/", User(), handshake_timeout_s=0.05)
        silent.close()
        with pytest.raises(Transient, match="did not accept a stream"):
            await sockets.connect("nonsense", User())

    asyncio.run(story())


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 101 Switching Protocols\r\nUpgr"])
def test_a_handshake_that_is_cut_in_the_middle_is_transient(said: bytes) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.transport.abort() if not said else writer.close()

    async def story() -> None:
        server = await asyncio.start_server(cut, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Transient, match="did not accept a stream"):
            await sockets.connect(f"ws://127.0.0.1:{port}/stream", User())
        server.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("status", "headers", "away_s"),
    [
        (429, {"Retry-After": "17"}, 17.0),
        (429, {}, 60.0),
        (418, {}, 120.0),
        (503, {}, None),
    ],
)
def test_a_refused_handshake_says_how_long_to_stay_away(
    status: int, headers: dict[str, str], away_s: float | None
) -> None:
    async def story() -> None:
        answer = WSUpgradeResponse.create_error_response(HTTPStatus(status), b"", headers)
        server = await ws_create_server(
            lambda _: WSUpgradeResponseWithListener(answer, None),
            "127.0.0.1",
            0,
            use_aiofastnet=False,
        )
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Transient, match=str(status)) as found:
            await sockets.connect(f"ws://127.0.0.1:{port}/stream", User())
        assert found.value.retry_after_s == away_s
        server.close()

    asyncio.run(story())


def test_a_proxy_is_asked_first_and_its_refusal_is_transient() -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async def story() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        proxy_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(Transient, match="did not accept a stream"):
            await sockets.connect("ws://far.away/stream", User(), proxy_url=proxy_url)
        server.close()

    asyncio.run(story())
    assert asked[0].startswith(b"CONNECT far.away:80 ")


def test_a_listener_before_its_connection_sends_and_closes_nothing() -> None:
    listener = sockets._Listener(User())
    assert isinstance(listener, WSListener)
    listener.send(b"x")
    listener.close()
