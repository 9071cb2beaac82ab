"""The exchange over HTTP: Binance's routes, and the simulator's own under `/simulator`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from aitrader.exchange.simulated.books import pages
from aitrader.exchange.simulated.exposure import Exposure
from aitrader.exchange.simulated.faults import AnyFault, Faults
from aitrader.exchange.simulated.gate import Gate, Operation, Reply
from aitrader.exchange.simulated.keys import Keyring, permissions, read_key
from aitrader.exchange.simulated.venue import Venue
from aitrader.exchange.simulated.websocket import TRANSPORT, cut

Endpoint = Callable[[Request], Awaitable[Response]]
JSON = "application/json"
KEY_HEADER = "x-mbx-apikey"


def operation_routes(gate: Gate, keyring: Keyring, operations: list[Operation]) -> list[Route]:
    """Return the routes under `/api/v3`, and the page of what a key may do."""

    def endpoint(operation: Operation) -> Endpoint:
        async def answer(request: Request) -> Response:
            try:
                query, body = request.url.query, (await request.body()).decode()
            except ClientDisconnect:  # it has died in the middle of its question
                return Response()
            params = {**dict(parse_qsl(body)), **dict(parse_qsl(query))}
            key = request.headers.get(KEY_HEADER, "")
            reply = await gate.run(
                operation, params, lambda: keyring.check_http(key, query, body, params)
            )
            return await _written(request, reply)

        return answer

    async def restrictions(request: Request) -> Response:
        """Answer for the very key that asks, which no other operation has to know."""
        key = request.headers.get(KEY_HEADER, "")
        asked = Operation(
            verb="GET",
            path="account/apiRestrictions",
            socket="",
            handler=lambda _: permissions(keyring.find(key)),
            weight=1,
            is_signed=True,
        )
        return await endpoint(asked)(request)

    return [
        *(
            Route(f"/api/v3/{each.path}", endpoint(each), methods=[each.verb])
            for each in operations
        ),
        Route("/sapi/v1/account/apiRestrictions", restrictions, methods=["GET"]),
    ]


async def _written(request: Request, reply: Reply) -> Response:
    if not reply.is_lost:
        content = msgspec.json.encode(reply.value)
        return Response(content, reply.status, dict(reply.headers), JSON)
    if reply.is_silent:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        return Response()
    found = request.scope.get("extensions", {}).get(TRANSPORT)
    if found is not None:
        cut(found["transport"])
    return Response()


def control_routes(faults: Faults, keyring: Keyring, gate: Gate) -> list[Route]:
    """Return the routes under `/simulator`: faults and keys, switched while it runs, and counts."""

    async def show(request: Request) -> Response:
        return _json(faults.listed())

    async def add(request: Request) -> Response:
        try:
            asked = _FAULTS.decode(await request.body())
        except msgspec.MsgspecError as exc:
            return _json({"error": f"expected one fault or a list of them: {exc}"}, 400)
        wanted = asked if isinstance(asked, list) else [asked]
        return _json({"numbers": [faults.add(fault) for fault in wanted]})

    async def clear(request: Request) -> Response:
        number = request.query_params.get("number", "")
        faults.clear(int(number) if number.isdecimal() else None)
        return _json(faults.listed())

    async def count(request: Request) -> Response:
        return _json({"struck": faults.struck, "refused": gate.refused})

    async def add_key(request: Request) -> Response:
        try:
            given = msgspec.json.decode(await request.body(), type=dict[str, str])
            found = read_key(given)
        except (msgspec.MsgspecError, ValueError) as exc:
            return _json({"error": f"no key: {exc}"}, 400)
        keyring.add(found)
        return _json({"key": found.key})

    async def remove_key(request: Request) -> Response:
        keyring.remove(request.path_params["key"])
        return _json({})

    return [
        Route("/simulator/faults", show, methods=["GET"]),
        Route("/simulator/faults", add, methods=["POST"]),
        Route("/simulator/faults", clear, methods=["DELETE"]),
        Route("/simulator/counts", count, methods=["GET"]),
        Route("/simulator/keys", add_key, methods=["POST"]),
        Route("/simulator/keys/{key}", remove_key, methods=["DELETE"]),
    ]


def book_routes(venue: Venue, exposure: Exposure, now_ms: Callable[[], int]) -> list[Route]:
    """Return the routes of the exchange's books, for tests: no key is asked for."""

    async def show(request: Request) -> Response:
        is_open_only = request.query_params.get("open") == "true"
        return _json(pages(venue, at_ms=now_ms(), is_open_only=is_open_only))

    async def show_exposure(request: Request) -> Response:
        spans, windows = exposure.spans(), exposure.windows()
        return _json({"at_ms": now_ms(), "spans": spans, "windows": windows})

    return [
        Route("/simulator/books", show, methods=["GET"]),
        Route("/simulator/exposure", show_exposure, methods=["GET"]),
    ]


_FAULTS = msgspec.json.Decoder(AnyFault | list[AnyFault])


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type=JSON)
