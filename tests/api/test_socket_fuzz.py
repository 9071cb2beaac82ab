"""The WebSockets against clients that lie, shout, stall and vanish: others notice nothing."""

from __future__ import annotations

import asyncio
import json
import random
import resource
from pathlib import Path

import pytest
from tests.api_room import FULL, Room
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from aitrader.api.server import MAX_MESSAGE_BYTES

HEADERS = {"Authorization": f"Bearer {FULL}"}
SEED = 7
ROUNDS = 150
MOST_GROWN_KB = 24 * 1024
WORDS = (
    '{"type":"subscribe","channels":["tickers"]}', '{"type":"ping","id":1}',
    '{"type":"ask","id":1,"request":{"type":"ReadTrader","trader_id":"x"}}',
    '{"type":"subscribe","channels":["nothing"]}', '{"type":"ask","id":1}', "[]", "null", "",
    '{"type":"hello","token":"","hz":1e308}', '{"ask_id":1,"request":{"type":"CloseAll"}}',
    '{"type":"ping","id":1e999}', "\x00\x01", "\N{PILE OF POO}" * 9, "{" * 500,
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


DEEP = b"[" * 30_000 + b"]" * 30_000
BROKEN = (
    b'{"token":"\xff","hz":1}', b'{"type":"auth","token":"\xff"}', b'{"ask_id":1,"x":"\xff"}',
    b'{"hz":1,"x":' + DEEP + b"}",
    b'{"type":"ask","id":1,"request":{"type":"ReadTrader","x":' + DEEP + b"}}",
)  # fmt: skip
"""No UTF-8 within JSON, and what is nested deeper than a parser goes."""


FLOODS = (
    ("/ws", '{"type":"ping","id":1}'),
    ("/engine", '{"ask_id":1,"request":{"type":"ReadTrader","trader_id":"x"}}'),
)


def mutated(chance: random.Random) -> str | bytes:
    """Return a message that is right, nearly right, or nonsense."""
    text = chance.choice(WORDS)
    kind = chance.randrange(5)
    if kind == 2:
        return chance.choice(BROKEN)
    if kind == 0:
        return chance.randbytes(chance.randrange(200))
    if kind == 1 and text:
        place = chance.randrange(len(text))
        return text[:place] + chr(chance.randrange(32, 0x2FF)) + text[place + 1 :]
    return text


async def speak(port: int, chance: random.Random) -> None:
    """Be a client that sends nonsense and leaves, in order or not."""
    path = chance.choice(("/ws", "/engine"))
    try:
        socket = await connect(
            f"ws://127.0.0.1:{port}{path}", additional_headers=HEADERS, close_timeout=0.05
        )
        for _ in range(chance.randrange(30)):
            await socket.send(mutated(chance))
        if chance.random() < 0.2:
            await socket.send("x" * (MAX_MESSAGE_BYTES + 1))
        if chance.random() < 0.5:
            socket.transport.abort()  # half-open: no farewell
        else:
            await socket.close()
    except (ConnectionClosed, InvalidStatus, OSError):
        return


async def flood(port: int, path: str, message: str) -> None:
    """Send as fast as it goes and read nothing, until sent away."""
    try:
        async with connect(
            f"ws://127.0.0.1:{port}{path}", additional_headers=HEADERS, close_timeout=0.05
        ) as socket:
            await socket.send('{"type":"hello","token":"","hz":0}')
            for _ in range(2000):
                await socket.send(message)
    except (ConnectionClosed, OSError):
        return


async def answered(socket: ClientConnection, number: int) -> None:
    """Ask and wait for the answer among whatever else comes."""
    await socket.send(f'{{"type":"ping","id":{number}}}')
    while True:
        message = json.loads(await socket.recv())
        if message["type"] == "pong" and message["id"] == number:
            return


def test_a_well_behaved_client_is_served_beside_all_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(SEED)

    async def story() -> None:
        room = Room(tmp_path)
        async with room.served() as port:
            url = f"ws://127.0.0.1:{port}/ws"
            async with (
                connect(url, additional_headers=HEADERS) as good,
                connect(url, additional_headers=HEADERS) as silent,  # never reads
            ):
                await silent.send('{"type":"subscribe","channels":["tickers","signals"]}')
                await good.send('{"type":"subscribe","channels":["signals"]}')
                await asyncio.gather(*(speak(port, chance) for _ in range(20)))
                before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                for number in range(ROUNDS // 10):
                    crowd = [speak(port, chance) for _ in range(10)]
                    path, message = FLOODS[number % len(FLOODS)]
                    await asyncio.gather(flood(port, path, message), *crowd)
                    room.fake.step()
                    await asyncio.wait_for(answered(good, number), 10)
                grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
                assert grown_kb < MOST_GROWN_KB, f"{grown_kb} kB grown"

    asyncio.run(asyncio.wait_for(story(), 100))
    assert not [row.getMessage() for row in caplog.records if row.levelname == "ERROR"]


def test_what_is_not_websocket_after_the_upgrade_ends_that_connection_alone(
    tmp_path: Path,
) -> None:
    chance = random.Random(SEED)
    upgrade = (
        f"GET /ws HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {FULL}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()

    async def shout(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(upgrade)
            await reader.readuntil(b"\r\n\r\n")
            writer.write(chance.randbytes(chance.randrange(1, 4000)))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def story() -> None:
        async with Room(tmp_path).served() as port:
            for _ in range(10):
                await asyncio.gather(*(shout(port) for _ in range(10)))
            url = f"ws://127.0.0.1:{port}/ws"
            async with connect(url, additional_headers=HEADERS) as good:
                await asyncio.wait_for(answered(good, 1), 10)

    asyncio.run(asyncio.wait_for(story(), 60))
