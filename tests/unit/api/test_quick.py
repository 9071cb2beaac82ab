"""Answers of a moment ago: who gets them, who does not, and that they are the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import pytest
from tests.api_room import EXPIRED, FULL, READ, Room, run

from aitrader.api.quick import MOST_KEPT, QuickAnswers
from aitrader.api.tokens import LOCAL
from aitrader.model.control import PauseEntries

PATH = "/api/markets"


def a_scope(
    path: str = PATH, query: str = "", token: str = FULL, **more: object
) -> dict[str, object]:
    headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())]
    scope: dict[str, object] = {
        "type": "http",
        "method": "GET",
        "http_version": "1.1",
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
    }
    return {**scope, **more}


def told(room: Room, story: Callable[[httpx2.AsyncClient, QuickAnswers], Awaitable[None]]) -> None:
    """Tell a story about an application, asked without a server, and its quick answers."""

    async def whole() -> None:
        app = room.made()
        transport = httpx2.ASGITransport(app=app.asgi)
        headers = {"authorization": f"Bearer {FULL}"}
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        ) as client:
            await story(client, app.quick)

    run(whole)


def test_a_young_answer_is_given_again_byte_by_byte(tmp_path: Path) -> None:
    async def story(client: httpx2.AsyncClient, quick: QuickAnswers) -> None:
        assert quick.find(a_scope()) is None
        answer = await client.get(PATH)
        found = quick.find(a_scope(token=READ))
        assert found is not None
        head, _, body = found.partition(b"\r\n\r\n")
        assert body == answer.content
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        assert lines == dict(answer.headers)
        assert quick.find(a_scope(query="x=1")) is None
        assert quick.find(a_scope("/status")) is None

    told(Room(tmp_path, is_quick=True), story)


@pytest.mark.parametrize("token", ["", "wrong", EXPIRED])
def test_a_stranger_is_left_to_the_application(tmp_path: Path, token: str) -> None:
    room = Room(tmp_path, is_quick=True, wrong_per_min=1)

    async def story(client: httpx2.AsyncClient, quick: QuickAnswers) -> None:
        await client.get(PATH)
        for _ in range(3):
            assert quick.find(a_scope(token=token)) is None
        headers = {"authorization": f"Bearer {token}"}
        assert (await client.get(PATH, headers=headers)).status_code == 401  # counted once

    told(room, story)


def test_what_needs_no_token_is_given_to_anybody(tmp_path: Path) -> None:
    async def story(client: httpx2.AsyncClient, quick: QuickAnswers) -> None:
        await client.get("/health")
        assert quick.find(a_scope("/health", token="wrong")) is not None

    told(Room(tmp_path, is_quick=True), story)


def test_quick_answers_count_against_the_limit(tmp_path: Path) -> None:
    async def story(client: httpx2.AsyncClient, quick: QuickAnswers) -> None:
        await client.get(PATH)
        assert quick.find(a_scope()) is not None
        assert quick.find(a_scope()) is None
        assert (await client.get(PATH)).status_code == 429
        assert quick.find(a_scope(token=READ)) is not None

    told(Room(tmp_path, is_quick=True, data_per_min=2), story)


@pytest.mark.parametrize(
    "more",
    [
        {"method": "HEAD"},
        {"method": "POST"},
        {"http_version": "1.0"},
        {"headers": [(b"host", b"localhost"), (b"content-length", b"5")]},
        {"headers": [(b"host", b"localhost"), (b"transfer-encoding", b"chunked")]},
        {"headers": [(b"host", b"localhost"), (b"origin", b"http://evil.example")]},
        {"headers": [(b"host", b"localhost")]},
    ],
)
def test_an_unusual_request_is_left_to_the_application(
    tmp_path: Path, more: dict[str, object]
) -> None:
    async def story(client: httpx2.AsyncClient, quick: QuickAnswers) -> None:
        await client.get(PATH)
        assert quick.find({**a_scope(), **more}) is None

    told(Room(tmp_path, is_quick=True), story)


def test_the_first_of_two_tokens_counts(tmp_path: Path) -> None:
    async def story(client: httpx2.AsyncClient, quick: QuickAnswers) -> None:
        await client.get(PATH)
        wrong, right = ((b"authorization", f"Bearer {t}".encode()) for t in ("wrong", FULL))
        host = (b"host", b"localhost")
        assert quick.find(a_scope(headers=[host, wrong, right])) is None
        assert quick.find(a_scope(headers=[host, right, wrong])) is not None

    told(Room(tmp_path, is_quick=True), story)


def test_an_old_frame_and_a_change_end_it(tmp_path: Path) -> None:
    room = Room(tmp_path, is_quick=True)

    async def story(client: httpx2.AsyncClient, quick: QuickAnswers) -> None:
        await client.get("/status")
        assert quick.find(a_scope("/status")) is not None
        await room.inside.ask(LOCAL, PauseEntries(True))
        assert quick.find(a_scope("/status")) is None

    told(room, story)

    async def slow(client: httpx2.AsyncClient, quick: QuickAnswers) -> None:
        await client.get("/status")
        assert quick.find(a_scope("/status")) is None

    told(Room(tmp_path), slow)


def test_only_shared_answers_are_kept_and_only_a_few(tmp_path: Path) -> None:
    async def story(client: httpx2.AsyncClient, quick: QuickAnswers) -> None:
        await client.get("/api/orders")
        assert quick.find(a_scope("/api/orders")) is None
        await client.get("/api/signals?limit=0")
        assert quick.find(a_scope("/api/signals", "limit=0")) is None
        for limit in range(1, MOST_KEPT + 2):
            await client.get(f"/api/signals?limit={limit}")
        assert quick.find(a_scope("/api/signals", "limit=1")) is None
        assert quick.find(a_scope("/api/signals", f"limit={MOST_KEPT + 1}")) is not None

    told(Room(tmp_path, is_quick=True), story)


def test_over_a_socket_they_are_given_in_order_also_in_one_pipe(tmp_path: Path) -> None:
    room = Room(tmp_path, is_quick=True)
    head = f"Host: localhost\r\nAuthorization: Bearer {FULL}\r\n\r\n"
    texts = [f"GET {path} HTTP/1.1\r\n{head}" for path in (PATH, "/api/orders", PATH, "/status")]

    async def story() -> None:
        async with room.served() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            bodies = []
            for piped in (texts[:1], texts * 3):
                writer.write("".join(piped).encode())
                for _ in piped:
                    said = await reader.readuntil(b"\r\n\r\n")
                    assert said.startswith(b"HTTP/1.1 200")
                    length = int(said.lower().split(b"content-length: ")[1].split(b"\r")[0])
                    bodies.append(await reader.readexactly(length))
            writer.close()
            kinds = [body[:9] for body in bodies[1:]]
            assert kinds == [b'{"markets', b'{"orders"', b'{"markets', b'{"version'] * 3
            assert len({body for body in bodies if body.startswith(b'{"markets')}) == 1

    run(story)
    text = room.metrics.text(asyncio.run(room.inside.frame()), room.vitals, connections=0)
    assert b'method="GET",route="/api/markets",status="200"} 7.0' in text


def a_request(path: str = PATH, token: str = FULL) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )


async def asked(port: int, *pieces: bytes, answers: int) -> list[tuple[int, bytes]]:
    """Send pieces one by one on one connection; return so many answers, status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(0.01)  # so that each piece is read by itself
    for _ in range(answers):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r")[0])
        found.append((int(head.split(b" ")[1]), await reader.readexactly(length)))
    writer.close()
    return found


@pytest.mark.parametrize(
    "pieces",
    [
        (a_request(),) * 6,
        (a_request() * 2,) * 3,
        (a_request(),) * 3 + (a_request()[:30], a_request()[30:], a_request(), a_request()),
        (a_request(),) * 2 + (a_request() + a_request()[:9], a_request()[9:]) * 2,
        (a_request(), a_request(), a_request("/status"), a_request(), a_request(), a_request()),
    ],
    ids=["alike", "in pairs", "one of them broken", "one begun behind", "another between"],
)
def test_the_same_bytes_are_the_same_question_whatever_comes_between(
    tmp_path: Path, pieces: tuple[bytes, ...]
) -> None:
    room = Room(tmp_path, is_quick=True)

    async def story() -> None:
        async with room.served() as port:
            found = await asked(port, *pieces, answers=6)
            assert [status for status, _ in found] == [200] * 6
            bodies = [body for _, body in found if body.startswith(b'{"markets')]
            assert len(bodies) >= 5
            assert len(set(bodies)) == 1

    run(story)


def test_the_same_bytes_count_against_the_limit(tmp_path: Path) -> None:
    room = Room(tmp_path, is_quick=True, data_per_min=4)

    async def story() -> None:
        async with room.served() as port:
            found = await asked(port, *(a_request(),) * 6, answers=6)
            assert [status for status, _ in found] == [200] * 4 + [429] * 2

    run(story)


def test_the_same_bytes_with_a_revoked_token_are_refused(tmp_path: Path) -> None:
    room = Room(tmp_path, is_quick=True)

    async def story() -> None:
        async with room.served() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            statuses = []
            for number in range(4):
                if number == 3:
                    room.tokens.write_bytes(b"[]")
                writer.write(a_request(token=READ))
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r")[0])
                await reader.readexactly(length)
                statuses.append(int(head.split(b" ")[1]))
            writer.close()
            assert statuses == [200, 200, 200, 401]

    run(story)
