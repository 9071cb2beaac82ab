"""The application: every route, the two WebSockets, and the guard around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

import aitrader
from aitrader.api.far import FarDoor
from aitrader.api.guard import Guard, Guarded
from aitrader.api.hub import Hub
from aitrader.api.inside import Inside
from aitrader.api.lobby import Lobby
from aitrader.api.metrics import MEDIA_TYPE, Metrics
from aitrader.api.openapi import document_of
from aitrader.api.page import PAGE_POLICY, page_of
from aitrader.api.policy import Access
from aitrader.api.problems import Failure, answer_failure
from aitrader.api.quick import QuickAnswers
from aitrader.api.router import Operation, routes_of
from aitrader.api.routes.jobs import JobRoutes
from aitrader.api.routes.past import PastRoutes
from aitrader.api.routes.state import StateRoutes
from aitrader.api.routes.traders import TraderRoutes
from aitrader.api.routes.trading import TradingRoutes
from aitrader.api.sockets import Sockets


class MetricsRoute:
    """`/metrics`, which speaks Prometheus's format and needs a token like everything else."""

    def __init__(self, inside: Inside, metrics: Metrics, sockets: Sockets) -> None:
        self._inside = inside
        self._metrics = metrics
        self._sockets = sockets

    def operations(self) -> tuple[Operation, ...]:
        """Return the route."""
        return (Operation("GET", "/metrics", self.metrics, access=Access.READ, errors=(503,)),)

    async def metrics(self) -> Response:
        """Counters, gauges and histograms in Prometheus's text format."""
        text = self._metrics.text(
            await self._inside.frame(),
            self._inside.vitals,
            connections=self._sockets.connections,
        )
        return Response(text, media_type=MEDIA_TYPE)


def operations_of(inside: Inside, metrics: Metrics, sockets: Sockets) -> tuple[Operation, ...]:
    """Return every operation of the API."""
    return (
        *StateRoutes(inside).operations(),
        *TraderRoutes(inside).operations(),
        *TradingRoutes(inside).operations(),
        *PastRoutes(inside).operations(),
        *JobRoutes(inside).operations(),
        *MetricsRoute(inside, metrics, sockets).operations(),
    )


class App(NamedTuple):
    """The application, and the answers that its server may give by itself."""

    asgi: ASGIApp
    quick: QuickAnswers


def make_app(inside: Inside, hub: Hub, *, metrics: Metrics, now_s: Callable[[], float]) -> App:
    """Return the whole application.

    Args:
        inside: The engine.
        hub: What changed; somebody must run it.
        metrics: Told of every answer.
        now_s: A stopwatch, for latencies; the loop's own time stands still within a turn.
    """
    lobby = Lobby()
    sockets = Sockets(inside, hub, lobby)
    operations = operations_of(inside, metrics, sockets)
    guarded = Guarded(lambda: inside.policy.is_open)
    on_answer = metrics.note_request
    quick = QuickAnswers(inside, guarded, on_answer=on_answer, now_s=now_s)
    routes: list[BaseRoute] = [
        *routes_of(operations, inside.policy, now_s=now_s, on_answer=on_answer, quick=quick),
        *_documents(operations),
        WebSocketRoute("/ws", sockets.receive),
        WebSocketRoute("/engine", FarDoor(inside, lobby).receive),
    ]
    handlers = {HTTPException: _not_found, 500: _broken}
    app = Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]
    return App(Guard(app, guarded), quick)


def _documents(operations: Sequence[Operation]) -> list[Route]:
    """The description of the API, for programs and for people; they need no token."""
    version = aitrader.__version__

    @cache  # made when somebody first asks: it costs a start 15 ms and half a megabyte
    def documents() -> tuple[bytes, str]:
        document = document_of(operations, title="aitrader", version=version)
        return msgspec.json.encode(document), page_of(document)

    async def openapi(_: Request) -> Response:
        return Response(documents()[0], media_type="application/json")

    async def docs(_: Request) -> Response:
        return HTMLResponse(documents()[1], headers={"content-security-policy": PAGE_POLICY})

    return [Route("/openapi.json", openapi), Route("/docs", docs)]


async def _not_found(request: Request, error: HTTPException) -> Response:
    """Starlette's own refusals, said as all others are."""
    if error.status_code == 405:
        return answer_failure(Failure(405, "it takes GET, HEAD", headers={"allow": "GET, HEAD"}))
    return answer_failure(Failure(404, f"there is no address {request.url.path[:100]}; see /docs"))


async def _broken(_: Request, error: Exception) -> Response:
    """A bug of ours; uvicorn writes its traceback into the log."""
    return answer_failure(Failure(500, type(error).__name__))
