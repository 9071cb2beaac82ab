"""A typed router: the signature of a handler is the contract of its route.

Path and query parameters come from its arguments, the JSON body from the one named `body`, the
answer's schema from its return type; the same signature writes the OpenAPI document. A route cannot
be made without saying who may use it and which limit it counts against.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aitrader.api.decoding import decoded
from aitrader.api.policy import Access, Budget, Policy
from aitrader.api.problems import Failure, answer_failure
from aitrader.api.quick import OnAnswer, QuickAnswers
from aitrader.api.tokens import LOCAL, Caller, bearer_in

Handler = Callable[..., Awaitable[object]]

_GIVEN = ("body", "caller")


class Operation:
    """One method of one address; `errors` are the statuses its own handler fails with.

    `media_type` is said of an answer that the handler makes itself. `is_shared`: the answer depends
    on the address and the view's frame alone, so whoever asks for it together may share it.
    """

    def __init__(  # noqa: PLR0913 - what a route is
        self,
        method: str,
        path: str,
        handler: Handler,
        *,
        access: Access,
        budget: Budget = Budget.DATA,
        status: int = 200,
        errors: Sequence[int] = (),
        media_type: str = "text/plain",
        is_shared: bool = False,
    ) -> None:
        self.method = method
        self.path = path
        self.handler = handler
        self.access = access
        self.budget = budget
        self.status = status
        self.media_type = media_type
        self.is_shared = is_shared
        self.hints = typing.get_type_hints(handler, include_extras=True)
        self.returns = self.hints.pop("return", type(None))
        self.body: Any = self.hints.pop("body", None)
        self.wants_caller = self.hints.pop("caller", None) is not None
        self.in_path: tuple[str, ...] = tuple(re.findall(r"{(\w+)}", path))
        self.in_query: tuple[str, ...] = tuple(n for n in self.hints if n not in self.in_path)
        self.defaults = {
            name: parameter.default
            for name, parameter in inspect.signature(handler).parameters.items()
            if parameter.default is not inspect.Parameter.empty
        }
        self.errors = tuple(sorted({*errors, *self._usual_errors()}))
        self._decoder = msgspec.json.Decoder(self.body) if self.body is not None else None

    def _usual_errors(self) -> set[int]:
        found = {400}
        if self.access is not Access.PUBLIC:
            found |= {401, 403, 429}
        if self.body is not None:
            found |= {413, 415}
        return found

    @property
    def name(self) -> str:
        """The handler's name, which is the operation's id."""
        return str(getattr(self.handler, "__name__", "")).strip("_")

    async def call(self, request: Request, caller: Caller) -> object:
        """Return the handler's answer to a request.

        Raises:
            Failure: The request does not fit the signature, or the handler says no.
        """
        arguments: dict[str, object] = {}
        for name in self.in_path:
            arguments[name] = self._convert(name, request.path_params[name])
        query = request.query_params
        unknown = sorted(set(query) - set(self.in_query))
        if unknown:
            known = ", ".join(self.in_query) or "none"
            raise Failure(400, f"there is no parameter {unknown[0]}; there are: {known}")
        for name in self.in_query:
            if name in query:
                arguments[name] = self._convert(name, query[name])
            elif name not in self.defaults:
                raise Failure(400, f"the parameter {name} is missing")
        if self._decoder is not None:
            arguments["body"] = await self._read_body(request, self._decoder)
        if self.wants_caller:
            arguments["caller"] = caller
        return await self.handler(**arguments)

    def _convert(self, name: str, text: str) -> object:
        try:
            return msgspec.convert(text, self.hints[name], strict=False)
        except msgspec.ValidationError as error:
            raise Failure(400, f"{name}: {error}") from error

    async def _read_body(self, request: Request, decoder: msgspec.json.Decoder[Any]) -> object:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Failure(415, f"expected application/json, found {kind or 'nothing'}")
        data = await request.body()
        try:
            return decoded(decoder, data)
        except msgspec.ValidationError as error:
            try:
                return msgspec.convert(decoded(_WHOLE, data), self.body)
            except (msgspec.MsgspecError, ValueError):
                raise Failure(400, f"body: {error}") from error
        except msgspec.DecodeError as error:
            raise Failure(400, f"body: {error}") from error


class Dispatch:
    """The ASGI end of one address: finds the method, lets the caller in, answers.

    HEAD is taken wherever GET is: what watches a server from outside often asks for no more.
    """

    def __init__(
        self,
        operations: Mapping[str, Operation],
        policy: Policy,
        on_answer: OnAnswer,
        quick: QuickAnswers | None = None,
    ) -> None:
        self._operations = operations
        self._policy = policy
        self._on_answer = on_answer
        self._quick = quick
        self._encoder = msgspec.json.Encoder()
        self._last: tuple[object, bytes] = (None, b"")

    async def answer(self, request: Request, now_s: Callable[[], float]) -> Response:
        """Return what comes of a request; nothing is raised for what is the caller's fault."""
        begun_s = now_s()
        is_head = request.method == "HEAD"
        operation = self._operations.get("GET" if is_head else request.method)
        try:
            response = await self._serve(operation, request)
        except Failure as failure:
            response = answer_failure(failure)
        if is_head:
            response.body = b""  # under the headers of GET
        path = operation.path if operation else "other"
        self._on_answer(request.method, path, response.status_code, now_s() - begun_s)
        return response

    async def _serve(self, operation: Operation | None, request: Request) -> Response:
        if operation is None:
            head = {"HEAD"} if "GET" in self._operations else set()
            allowed = ", ".join(sorted(head | set(self._operations)))
            raise Failure(405, f"it takes {allowed}", headers={"allow": allowed})
        caller = LOCAL
        if operation.access is not Access.PUBLIC:
            caller = self._policy.enter(bearer_of(request), address_of(request))
            self._policy.admit(caller, operation.access, operation.budget)
        result = await operation.call(request, caller)
        if isinstance(result, Response):
            return result
        if operation.status == 204:
            return Response(status_code=204)
        if result is not self._last[0]:  # a handler that answers many with one object encodes once
            self._last = (result, self._encoder.encode(result))
        response = Response(self._last[1], operation.status, media_type="application/json")
        if operation.is_shared and self._quick is not None:
            self._quick.keep(
                request.scope,
                response,
                route=operation.path,
                access=operation.access,
                budget=operation.budget,
            )
        return response


def routes_of(
    operations: Sequence[Operation],
    policy: Policy,
    *,
    now_s: Callable[[], float],
    on_answer: OnAnswer,
    quick: QuickAnswers | None = None,
) -> list[Route]:
    """Return one Starlette route per address; each answers every method, if only with 405."""
    addresses: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        addresses.setdefault(operation.path, {})[operation.method] = operation
    found = []
    for path, methods in addresses.items():
        route = Route(path, _endpoint(Dispatch(methods, policy, on_answer, quick), now_s))
        route.methods = None  # all of them reach the dispatch, which knows what it takes
        found.append(route)
    return found


def _endpoint(
    dispatch: Dispatch, now_s: Callable[[], float]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await dispatch.answer(request, now_s)

    return endpoint


def _whole(text: str) -> int | float:
    """Return a number as JSON Schema means it, where 3.0 is an integer."""
    number = float(text)
    return int(number) if number.is_integer() else number


_WHOLE = msgspec.json.Decoder(float_hook=_whole)


def bearer_of(request: Request) -> str:
    """Return the token of the Authorization header, "" without one."""
    return bearer_in(request.headers.get("authorization", ""))


def address_of(request: Request) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client else ""
