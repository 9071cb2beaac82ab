"""An API on a made-up engine, served on loopback as in a daemon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import httpx2
import msgspec
from starlette.types import ASGIApp
from tests.builders import a_position, a_signal, an_order
from tests.fake_engine import FakeEngine

from aitrader.api.app import App, make_app
from aitrader.api.heads import Limits
from aitrader.api.hub import Hub
from aitrader.api.inside import END_OF_TIME_MS, Inside
from aitrader.api.metrics import Metrics
from aitrader.api.policy import Policy
from aitrader.api.server import USUAL, bound, serving_app
from aitrader.api.tokens import Gate, Scope, Token, TokenFile, digest_of
from aitrader.model.account import PAPER
from aitrader.model.control import (
    Answer,
    AnyRequest,
    CancelJob,
    ReadCandles,
    ReadJob,
    ReadJobs,
    ReadReport,
    ReadTrader,
    StartBacktest,
)
from aitrader.model.history import EquityPoint, PastEvent, PositionStory
from aitrader.model.order import Order
from aitrader.model.position import Position
from aitrader.model.signal import Signal

NOW_MS = 1_735_689_600_000
FULL, READ, EXPIRED = "full-secret-of-the-tests", "read-secret-of-the-tests", "expired-secret"
EPOCH = "life-1"
DONE = Answer(0, True, "done")
OWN_ANSWERS = (ReadTrader, ReadCandles, StartBacktest, ReadJob, ReadJobs, ReadReport, CancelJob)
"""Requests whose answer holds more than a sentence: the fake engine's is taken."""


Row = TypeVar("Row", Order, Position, Signal)


class Cost(msgspec.Struct, frozen=True):
    """What a made-up process uses."""

    cpu_s: float = 1.5
    rss_mb: float = 60.0
    lag_ms: float = 0.4


class FakeVitals:
    """How a made-up engine is."""

    waiting = 3
    reconnects = 2

    def __init__(self) -> None:
        self.store_fault = ""
        self.dropped: Mapping[str, int] = {"unfit": 4}

    def counts(self) -> Mapping[str, int]:
        return {"unwritten_dropped": 2, "error_wire": 1}

    def cost(self) -> Cost:
        return Cost()


def _page(all_rows: Sequence[Row], field: str, rows: int, before_ms: int) -> tuple[Row, ...]:
    """Return the newest rows before an instant, those of the last one's instant too."""
    found = [row for row in all_rows if getattr(row, field) < before_ms]
    oldest_ms = getattr(found[rows - 1], field) if len(found) >= rows else 0
    return tuple(row for row in found if getattr(row, field) >= oldest_ms)


class FakeArchive:
    """A disk with the rows it was given."""

    def __init__(self) -> None:
        self.all_orders: tuple[Order, ...] = (an_order(),)
        self.all_positions: tuple[Position, ...] = (a_position(),)
        self.all_signals: tuple[Signal, ...] = (a_signal(),)

    async def orders(self, rows: int, *, before_ms: int = END_OF_TIME_MS) -> tuple[Order, ...]:
        return _page(self.all_orders, "planned_ms", rows, before_ms)

    async def positions(
        self, rows: int, *, before_ms: int = END_OF_TIME_MS
    ) -> tuple[Position, ...]:
        return _page(self.all_positions, "opened_ms", rows, before_ms)

    async def signals(self, rows: int, *, before_ms: int = END_OF_TIME_MS) -> tuple[Signal, ...]:
        return _page(self.all_signals, "raised_ms", rows, before_ms)

    async def equity(
        self,
        rows: int,
        *,
        before_ms: int = END_OF_TIME_MS,
        every_ms: int = 1,
        account: str = PAPER,
    ) -> tuple[EquityPoint, ...]:
        worth = Decimal("10000.5") if account == PAPER else Decimal("512.25")
        point = EquityPoint(NOW_MS, worth, Decimal(9000), 1)
        return (point,) if before_ms > NOW_MS else ()

    async def events(
        self, rows: int, *, before_seq: int = END_OF_TIME_MS, kind: str = ""
    ) -> tuple[PastEvent, ...]:
        event = PastEvent(7, NOW_MS, "EntriesPaused", '{"type":"EntriesPaused"}')
        return (event,) if kind in ("", event.kind) and before_seq > 7 else ()

    async def find_story(self, position_id: str) -> PositionStory | None:
        for position in self.all_positions:
            if position.position_id == position_id:
                return PositionStory(position, a_signal(), self.all_orders)
        return None


class Notebook:
    """Who asked for which change."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str]] = []

    def change_asked(self, who: str, what: str, subject: str) -> None:
        self.lines.append((who, what, subject))


class Desk:
    """The control of a made-up engine that remembers what was asked; `answer` overrules its own."""

    def __init__(self, fake: FakeEngine) -> None:
        self._fake = fake
        self.asked: list[AnyRequest] = []
        self.answer: Answer | None = None

    async def ask(self, request: AnyRequest) -> Answer:
        self.asked.append(request)
        answer = await self._fake.ask(request)
        if self.answer is not None:
            return self.answer
        return answer if isinstance(request, OWN_ANSWERS) else DONE


def an_answer(text: str = "done", *, is_ok: bool = True, **more: object) -> Answer:
    """Return an answer of an engine."""
    return msgspec.structs.replace(Answer(0, is_ok, text), **more)


class Room:
    """All that an API is made of; `per_min` 0 sets no limit."""

    def __init__(
        self,
        folder: Path,
        *,
        has_tokens: bool = True,
        data_per_min: int = 0,
        orders_per_min: int = 0,
        wrong_per_min: int = 0,
        fake: FakeEngine | None = None,
        is_quick: bool = False,
    ) -> None:
        self._is_quick = is_quick
        self.fake = fake or FakeEngine()
        if fake is None:
            self.fake.fill()
        self.desk = Desk(self.fake)
        self.archive = FakeArchive()
        self.vitals = FakeVitals()
        self.notebook = Notebook()
        self.now_s = 0.0
        self._reads = 0.0
        self.tokens = folder / "tokens.json"
        if has_tokens:
            self.tokens.write_bytes(msgspec.json.encode(some_tokens()))
        gate = Gate(TokenFile(self.tokens), api_key="", now_ms=lambda: NOW_MS)
        self.policy = Policy(
            gate,
            data_per_min=data_per_min,
            orders_per_min=orders_per_min,
            wrong_per_min=wrong_per_min,
            now_s=lambda: self.now_s,
            witness=self.notebook,
        )
        self.metrics = Metrics()
        self.inside = Inside(
            self.fake,
            self.desk if fake is None else fake,
            archive=self.archive,
            vitals=self.vitals,
            policy=self.policy,
            now_s=self._tick,
        )
        self.hub = Hub(self.fake, EPOCH)

    def _tick(self) -> float:
        """A clock of which each reading is a second later: no frame is kept, unless `is_quick`."""
        self._reads += not self._is_quick
        return self._reads

    def app(self) -> ASGIApp:
        """The application, not served."""
        return self.made().asgi

    def made(self) -> App:
        """The application and its quick answers."""
        return make_app(self.inside, self.hub, metrics=self.metrics, now_s=lambda: self.now_s)

    @asynccontextmanager
    async def served(self, *, limits: Limits = USUAL) -> AsyncIterator[int]:
        """The application on a loopback port, with its hub."""
        async with asyncio.TaskGroup() as group:
            following = group.create_task(self.hub.run())
            app = self.made()
            async with serving_app(
                app.asgi, bound("127.0.0.1", 0), quick=app.quick, limits=limits
            ) as port:
                yield port
            self.fake.end()
            following.cancel()

    @asynccontextmanager
    async def client(self, token: str = FULL) -> AsyncIterator[httpx2.AsyncClient]:
        """A program that speaks to the application without a socket."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self.app()),
            base_url="http://localhost",
            headers=headers,
        ) as client:
            yield client


def some_tokens() -> tuple[Token, ...]:
    """A full, a read-only and an expired one."""
    return (
        Token("full", Scope.FULL, digest_of(FULL), NOW_MS - 1000),
        Token("read", Scope.READ, digest_of(READ), NOW_MS - 1000),
        Token("old", Scope.FULL, digest_of(EXPIRED), NOW_MS - 1000, NOW_MS),
    )


def run(story: Callable[[], Awaitable[None]]) -> None:
    """Run a story within ten seconds."""

    async def told() -> None:
        async with asyncio.timeout(10):
            await story()

    asyncio.run(told())


def ask(room: Room, method: str, path: str, **options: object) -> httpx2.Response:
    """Return the answer to one request with the full token, or the one given as `token`."""
    token = str(options.pop("token", FULL))

    async def told() -> httpx2.Response:
        async with asyncio.timeout(10), room.client(token) as client:
            return await client.request(method, path, **options)  # type: ignore[arg-type]

    return asyncio.run(told())
