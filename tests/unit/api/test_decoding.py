"""JSON from outside: a struct or one kind of error, whatever it is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from tests.api_room import Room, ask
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from aitrader.api.decoding import decoded
from aitrader.model.control import Hello

DEEP = b"[" * 30_000 + b"]" * 30_000


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"token":"\xff"}', "not UTF-8"),
        (b'{"x":' + DEEP + b"}", "nested too deeply"),
        (b'{"token":1}', "Expected `str`"),
        (b"{", "truncated"),
    ],
)
def test_whatever_does_not_fit_is_one_kind_of_error(data: bytes, words: str) -> None:
    with pytest.raises(msgspec.DecodeError, match=words):
        decoded(msgspec.json.Decoder(Hello), data)


def test_what_fits_is_returned() -> None:
    found = decoded(msgspec.json.Decoder(Hello), b'{"type":"hello","token":"x","hz":2}')
    assert found == Hello("x", 2.0)


@pytest.mark.parametrize("body", [b'{"source":' + DEEP + b"}", b'{"source":"\xff"}'])
def test_over_http_it_is_the_callers_fault(tmp_path: Path, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = ask(Room(tmp_path), "POST", "/api/check", content=body, headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize("data", [b'{"token":"\xff","hz":1}', b'{"hz":1,"x":' + DEEP + b"}"])
@pytest.mark.parametrize("path", ["/engine", "/ws"])
def test_a_stranger_who_sends_it_is_sent_away_and_leaves_no_trace(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str, data: bytes
) -> None:
    code = 1003 if path == "/engine" else 1008

    async def story() -> None:
        async with (
            Room(tmp_path).served() as port,
            connect(f"ws://127.0.0.1:{port}{path}") as socket,
        ):
            await socket.send(data if path == "/engine" else data.decode("latin-1"))
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == code

    asyncio.run(asyncio.wait_for(story(), 10))
    assert not [row for row in caplog.records if row.levelname == "ERROR"]
