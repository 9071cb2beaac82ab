"""What can be wrong with the exchange, switched on and off while it runs.

Each fault is a struct with its `kind`; `POST /simulator/faults` takes one or a list of them as
JSON. The common fields: `times` is how often it strikes before it is used up, `for_s` how many
seconds of real time it stands (None: until cleared), `share` how likely it strikes each time, drawn
from a seed so that a run can be repeated.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import msgspec

from aitrader.exchange.simulated.gate import Reply, RequestPlan
from aitrader.model.money import ZERO


class Fault(
    msgspec.Struct, frozen=True, tag_field="kind", kw_only=True, forbid_unknown_fields=True
):
    """What every fault has."""

    times: int | None = None
    for_s: float | None = None
    share: float = 1.0


class OnRequests(Fault, frozen=True, kw_only=True):
    """Strikes requests: `path` below /api/v3/ is matched from its start, `verb` whole; "" is any.

    A request of the WebSocket API counts as the HTTP one that asks the same.
    """

    path: str = ""
    verb: str = ""


class Delay(OnRequests, frozen=True, tag="delay"):
    """Waits between receiving a request and carrying it out, or, `is_after`, before answering."""

    delay_ms: int = 1000
    is_after: bool = False


class LostAnswer(OnRequests, frozen=True, tag="lost_answer"):
    """Carries a request out and cuts the connection; with `is_silent` it never answers instead."""

    is_silent: bool = False


class LostRequest(OnRequests, frozen=True, tag="lost_request"):
    """Cuts the connection (RST) before a request is carried out."""


class Status(OnRequests, frozen=True, tag="status"):
    """Answers 403, 418, 429 or 5xx; with `is_executed` after having carried the request out."""

    status: int = 503
    code: int = -1000
    message: str = "An unknown error occurred while processing the request."
    retry_after_s: int | None = None
    is_executed: bool = False


class ClockOffset(Fault, frozen=True, tag="clock_offset"):
    """The exchange's clock, as requests meet it, is off by so much."""

    offset_ms: int = 3000


class PartialFill(Fault, frozen=True, tag="partial_fill"):
    """Each meeting with the market fills only this part of what is left of an order."""

    part: float = 0.5
    symbol: str = ""


class Halt(Fault, frozen=True, tag="halt"):
    """A symbol does not trade: HALT, BREAK, END_OF_DAY or CANCEL_ONLY. Its streams fall silent."""

    symbol: str
    status: str = "HALT"


class OnStreams(Fault, frozen=True, kw_only=True):
    """Strikes frames of the streams whose name contains `stream`; "" is any."""

    stream: str = ""


class Drop(OnStreams, frozen=True, tag="drop"):
    """Frames are not sent: a gap. With `only_closed` just those that close a candle."""

    only_closed: bool = False


class Duplicate(OnStreams, frozen=True, tag="duplicate"):
    """Frames are sent twice."""


class Reorder(OnStreams, frozen=True, tag="reorder"):
    """Frames are held back and sent in a shuffled order, `size` at a time."""

    size: int = 8


class Fragment(OnStreams, frozen=True, tag="fragment"):
    """Frames come in so many WebSocket fragments, with a ping between them."""

    pieces: int = 3


class Corrupt(OnStreams, frozen=True, tag="corrupt"):
    """Frames are wrong: `how` is json, nan, zero, negative, jump, symbol, type, huge, utf8, rsv."""

    how: str = "json"


class Silence(Fault, frozen=True, tag="silence"):
    """Stream connections get no data; with `pings` false not even pings and pongs: half-open."""

    pings: bool = True


class Reset(Fault, frozen=True, tag="reset"):
    """Cuts all stream connections (RST); with `close_code` closes them in an orderly way."""

    close_code: int | None = None


class RefuseConnection(Fault, frozen=True, tag="refuse_connection"):
    """New WebSocket connections are answered with an HTTP status instead; 0 cuts them (RST)."""

    status: int = 429
    retry_after_s: int | None = None


class RefuseSubscribe(Fault, frozen=True, tag="refuse_subscribe"):
    """SUBSCRIBE is answered with an error; with `is_silent` not at all."""

    is_silent: bool = False


class ShutdownNotice(Fault, frozen=True, tag="shutdown_notice"):
    """All connections are told `serverShutdown` in their form; cut after `close_after_s`."""

    close_after_s: float | None = None


class LostEvent(Fault, frozen=True, tag="lost_event"):
    """Events of the user data stream are not sent; `event` names one kind, "" is any."""

    event: str = ""


class DuplicateEvent(Fault, frozen=True, tag="duplicate_event"):
    """Events of the user data stream are sent twice."""

    event: str = ""


class LateEvent(Fault, frozen=True, tag="late_event"):
    """Events of the user data stream are sent so much later, and so overtaken by others."""

    event: str = ""
    delay_ms: int = 500


class EndUserStream(Fault, frozen=True, tag="end_user_stream"):
    """Every subscription to user data ends with `eventStreamTerminated`."""


AnyFault = (
    Delay
    | LostAnswer
    | LostRequest
    | Status
    | ClockOffset
    | PartialFill
    | Halt
    | Drop
    | Duplicate
    | Reorder
    | Fragment
    | Corrupt
    | Silence
    | Reset
    | RefuseConnection
    | RefuseSubscribe
    | ShutdownNotice
    | LostEvent
    | DuplicateEvent
    | LateEvent
    | EndUserStream
)
AT_ONCE = (Reset, ShutdownNotice, EndUserStream)
"""These strike when they are switched on and are over."""
F = TypeVar("F", bound=Fault)


class _Standing(msgspec.Struct):
    """A fault that is switched on."""

    number: int
    fault: AnyFault
    until_s: float | None
    left: int | None
    struck: int = 0


class Faults:
    """The switchboard. `time_s` is monotonic real time."""

    def __init__(self, time_s: Callable[[], float], *, seed: int = 1) -> None:
        self._time_s = time_s
        self._random = random.Random(seed)
        self._standing: dict[int, _Standing] = {}
        self._numbers = 0
        self.struck: Counter[str] = Counter()
        """How often each kind has struck since the start."""
        self.on_change: Callable[[AnyFault | None], None] = lambda _: None
        """Told of each fault that is switched on, and of None when some are cleared."""

    @property
    def is_any(self) -> bool:
        """True while anything is switched on."""
        return bool(self._standing)

    # -- switching ------------------------------------------------------------------------------

    def add(self, fault: AnyFault) -> int:
        """Switch a fault on; return its number."""
        self._numbers += 1
        until_s = None if fault.for_s is None else self._time_s() + fault.for_s
        standing = _Standing(self._numbers, fault, until_s, fault.times)
        if isinstance(fault, AT_ONCE):
            standing.struck = 1
            self.struck[kind_of(fault)] += 1
        else:
            self._standing[self._numbers] = standing
        self.on_change(fault)
        return self._numbers

    def clear(self, number: int | None = None) -> None:
        """Switch one or all off."""
        if number is None:
            self._standing.clear()
        else:
            self._standing.pop(number, None)
        self.on_change(None)

    def listed(self) -> list[dict[str, object]]:
        """Return what is switched on and how often it has struck."""
        self._drop_old()
        return [
            {"number": each.number, "struck": each.struck, "left": each.left, "fault": each.fault}
            for each in self._standing.values()
        ]

    # -- striking -------------------------------------------------------------------------------

    def strike(self, kind: type[F], applies: Callable[[F], bool] = lambda _: True) -> F | None:
        """Return the first such fault that strikes now, which uses it once."""
        if not self._standing:
            return None
        self._drop_old()
        for each in list(self._standing.values()):
            fault = each.fault
            if not isinstance(fault, kind) or not applies(fault):
                continue
            if fault.share < 1.0 and self._random.random() >= fault.share:
                continue
            each.struck += 1
            self.struck[kind_of(fault)] += 1
            if each.left is not None:
                each.left -= 1
                if each.left <= 0:
                    del self._standing[each.number]
                    self.on_change(None)
            return fault
        return None

    def standing(self, kind: type[F]) -> F | None:
        """Return the first such fault that is switched on, without using it."""
        self._drop_old()
        found = (each.fault for each in self._standing.values())
        return next((fault for fault in found if isinstance(fault, kind)), None)

    def all_of(self, kind: type[F]) -> list[F]:
        """Return all such faults that are switched on."""
        self._drop_old()
        return [each.fault for each in self._standing.values() if isinstance(each.fault, kind)]

    def shuffle(self, items: list[bytes]) -> None:
        """Put items in another order, drawn from the seed."""
        self._random.shuffle(items)

    def _drop_old(self) -> None:
        now_s = self._time_s()
        old = [
            number
            for number, each in self._standing.items()
            if each.until_s is not None and now_s >= each.until_s
        ]
        for number in old:
            del self._standing[number]
        if old:
            self.on_change(None)

    # -- what the parts ask ---------------------------------------------------------------------

    def for_request(self, verb: str, path: str) -> RequestPlan:
        """Return what happens to this request, which counts as one use of those faults."""

        def applies(fault: OnRequests) -> bool:
            return path.startswith(fault.path) and fault.verb in {"", verb}

        if not self._standing:
            return RequestPlan()
        lost = self.strike(LostAnswer, applies)
        early = self.strike(Delay, lambda each: applies(each) and not each.is_after)
        late = self.strike(Delay, lambda each: applies(each) and each.is_after)
        status = self.strike(Status, applies)
        reply = None if status is None else _status_reply(status)
        is_executed = status is not None and status.is_executed
        return RequestPlan(
            delay_s=early.delay_ms / 1000 if early else 0.0,
            answer_delay_s=late.delay_ms / 1000 if late else 0.0,
            instead=None if is_executed else reply,
            after=reply if is_executed else None,
            is_reset=self.strike(LostRequest, applies) is not None,
            is_lost=lost is not None,
            is_silent=lost is not None and lost.is_silent,
        )

    def offset_ms(self) -> int:
        """Return how much the exchange's clock is off."""
        return sum(each.offset_ms for each in self.all_of(ClockOffset))

    def fill_share(self, symbol: str) -> Decimal | None:
        """Return which part of an order the market fills now; None is all of it."""
        found = self.strike(PartialFill, lambda each: each.symbol in {"", symbol})
        return None if found is None else max(Decimal(str(found.part)), ZERO)

    def halted(self) -> dict[str, str]:
        """Return the symbols that do not trade with their status."""
        if not self._standing:
            return {}
        return {each.symbol: each.status for each in self.all_of(Halt)}


def kind_of(fault: Fault) -> str:
    """Return the word that names a fault on the wire."""
    return str(fault.__struct_config__.tag)


def _status_reply(fault: Status) -> Reply:
    headers = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
    return Reply({"code": fault.code, "msg": fault.message}, fault.status, headers)
