"""Answers of a moment ago, given again without walking through the application.

Theory of operation. Dashboards ask the same few addresses all day, and what they are told depends
on the view alone, not on who asks. The router hands such an answer in as it is sent; as long as the
view's frame it was made from is young, a request for the same address gets the same bytes. It
passes the same guard, token and limit before, by the same functions, and counts in the same
metrics. Whoever does not simply pass (no such answer, a wrong token, over the limit, a body, an old
protocol) is left to the application, which says no in its own words; nothing is counted twice.

The application costs a task, a route, two objects and two writes a request; this costs none of
them, and the parsing only once for who repeats the same bytes (`bench/api.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from aitrader.api.guard import HEADERS, Guarded
from aitrader.api.heads import Limits, ShortHeads
from aitrader.api.inside import Inside
from aitrader.api.policy import Access, Budget
from aitrader.api.problems import Failure
from aitrader.api.tokens import bearer_in
from aitrader.model.view import Frame

MOST_KEPT = 16
"""Addresses; a client that varies its query pushes its own answers out."""

OnAnswer = Callable[[str, str, int, float], None]
"""Told of each answer: method, route, status, seconds."""

UNUSUAL = frozenset({b"content-length", b"transfer-encoding", b"expect"})


class Kept(NamedTuple):
    """One answer: what must be checked before it is given, and all its bytes."""

    frame: Frame
    route: str
    access: Access
    budget: Budget
    data: bytes


class QuickAnswers:
    """The answers of the newest frame, by address with its query."""

    def __init__(
        self, inside: Inside, guarded: Guarded, *, on_answer: OnAnswer, now_s: Callable[[], float]
    ) -> None:
        self._inside = inside
        self._guarded = guarded
        self._on_answer = on_answer
        self._now_s = now_s
        self._kept: dict[tuple[bytes, bytes], Kept] = {}

    def keep(
        self, scope: Mapping[str, Any], response: Response, *, route: str, access: Access,
        budget: Budget,
    ) -> None:  # fmt: skip
        """Take an answer in; it is worth nothing once the frame it was made from is old."""
        frame = self._inside.fresh_frame()
        if frame is None or scope["method"] != "GET" or response.status_code != 200:
            return
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        key = scope.get("raw_path", b""), scope["query_string"]
        self._kept[key] = Kept(frame, route, access, budget, _bytes_of(response))

    def find(self, scope: Mapping[str, Any]) -> bytes | None:
        """Return the answer to a request that may have it, None for the application to answer."""
        begun_s = self._now_s()
        if scope["method"] != "GET" or scope["http_version"] != "1.1":
            return None
        kept = self._kept.get((scope["raw_path"], scope["query_string"]))
        if kept is None or kept.frame is not self._inside.fresh_frame():
            return None
        secret = ""
        for name, value in reversed(scope["headers"]):  # so that the first of each counts
            if name in UNUSUAL:
                return None
            if name == b"authorization":
                secret = value.decode("latin-1")
        if self._guarded.refusal(scope) is not None or not self._may_pass(kept, secret):
            return None
        self._on_answer("GET", kept.route, 200, self._now_s() - begun_s)
        return kept.data

    def _may_pass(self, kept: Kept, authorization: str) -> bool:
        if kept.access is Access.PUBLIC:
            return True
        policy = self._inside.policy
        caller = policy.find(bearer_in(authorization))
        if caller is None:
            return False
        try:
            policy.admit(caller, kept.access, kept.budget)
        except Failure:
            return False
        return True


class QuickProtocol(ShortHeads):
    """uvicorn's protocol, which looks for a kept answer before it begins a task.

    Who asks again and again sends the same bytes each time. Bytes that were one whole request with
    a kept answer, and nothing else, are not parsed when they come again.
    """

    quick: QuickAnswers
    _known: tuple[bytes, Mapping[str, Any]] | None = None
    """The last bytes that were such a request, and what the parser made of them."""

    _answered: Mapping[str, Any] | None = None
    """The request that began last, once it has its kept answer."""

    _begun = 0
    """Requests that have begun on this connection."""

    def data_received(self, data: bytes) -> None:
        """Answer what is asked as before; take anything else in."""
        known, self._known = self._known, None
        if known is not None and data == known[0] and self._is_answered(known[1]):
            self._known = known
            self.on_response_complete()
            return
        begun, is_between = self._begun, self._is_whole or not self._begun
        super().data_received(data)
        if is_between and self._is_whole and self._begun == begun + 1 and self._answered:
            self._known = (data, self._answered)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._begun += 1
        self._answered = None
        super().on_message_begin()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401
        if cycle.keep_alive and self._is_answered(cycle.scope):
            self._answered = cycle.scope
            cycle.response_started = cycle.response_complete = True
            self.on_response_complete()
            return
        super()._start_asgi_task(cycle, app)

    def _is_answered(self, scope: Mapping[str, Any]) -> bool:
        """Return whether a request had a kept answer, which is on its way then."""
        # behind others in the pipe, or to a client that does not read, nothing is written at once
        if self.pipeline or self.flow.write_paused:
            return False
        data = self.quick.find(scope)
        if data is None:
            return False
        self.transport.write(data)
        return True


def protocol_of(quick: QuickAnswers | None, limits: Limits) -> type[ShortHeads]:
    """Return the protocol that gives these answers and sets these limits."""
    if quick is None:
        return type("Plain", (ShortHeads,), {"limits": limits})
    return type("Quick", (QuickProtocol,), {"quick": quick, "limits": limits})


def _bytes_of(response: Response) -> bytes:
    """Return a whole response as it goes over the wire."""
    names = {name for name, _ in response.raw_headers}
    own = [(n.encode(), v.encode()) for n, v in HEADERS.items() if n.encode() not in names]
    lines = [b"%s: %s\r\n" % pair for pair in (*response.raw_headers, *own)]
    return b"".join((STATUS_LINE[200], *lines, b"\r\n", bytes(response.body)))
