import asyncio

import pytest

from aitrader.exchange.simulated.faults import (
    AnyFault,
    Delay,
    Faults,
    LostAnswer,
    LostRequest,
    Status,
)
from aitrader.exchange.simulated.gate import Gate, Operation, Reply, refused
from aitrader.exchange.simulated.limits import Limits, LimitSettings
from aitrader.exchange.simulated.parameters import Params
from aitrader.model.errors import Refused


class Desk:
    """A gate before one operation that counts how often it was carried out."""

    def __init__(self, *faults: AnyFault, **limits: int) -> None:
        self.done = self.authorized = self.timed = 0
        switchboard = Faults(lambda: 0.0)
        for fault in faults:
            switchboard.add(fault)
        settings = LimitSettings(**limits)
        self.gate = Gate(Limits(lambda: 0, settings), switchboard, self._check_time)

    def _check_time(self, params: Params) -> None:
        self.timed += 1
        raise Refused(-1021, "late")

    def _handle(self, params: Params) -> object:
        self.done += 1
        return {"n": self.done}

    def _authorize(self) -> None:
        self.authorized += 1

    def ask(self, *, is_signed: bool = False, orders: int = 0) -> Reply:
        operation = Operation("GET", "x", "x", self._handle, 1, is_signed, orders)
        return asyncio.run(self.gate.run(operation, {}, self._authorize))


def test_an_answer_carries_the_counts() -> None:
    desk = Desk()
    reply = desk.ask(is_signed=True, orders=2)
    assert (reply.status, reply.value, desk.authorized) == (200, {"n": 1}, 1)
    assert reply.headers["X-MBX-USED-WEIGHT-1M"] == "1"
    assert reply.headers["X-MBX-ORDER-COUNT-10S"] == "2"


@pytest.mark.parametrize(
    ("fault", "is_unclear"),
    [
        (LostAnswer(), True),
        (LostRequest(), True),
        (Status(status=503), True),
        (Status(status=502, is_executed=True), True),
        (Status(status=429), False),
        (Delay(delay_ms=1), False),
    ],
)
def test_a_new_order_whose_fate_the_client_cannot_know_is_told(
    fault: AnyFault, *, is_unclear: bool
) -> None:
    desk, told = Desk(fault), list[Params]()
    desk.gate.on_unclear = told.append
    desk.ask()
    assert told == []
    desk.ask(orders=1)
    assert bool(told) is is_unclear
    assert Desk(fault).ask(orders=1)


def test_beyond_a_limit_nothing_is_carried_out() -> None:
    desk = Desk(weight=0)
    reply = desk.ask()
    assert (reply.status, reply.headers["Retry-After"], desk.done) == (429, "60", 0)
    desk = Desk(orders_10s=1)
    assert desk.ask(orders=2).status == 429
    assert desk.done == 0


def test_the_time_is_checked_again_after_a_delay() -> None:
    desk = Desk(Delay(delay_ms=1))
    assert desk.ask(is_signed=True).value == {"code": -1021, "msg": "late"}
    assert (desk.done, desk.timed) == (0, 1)
    assert desk.ask().status == 200


def test_a_lost_answer_was_carried_out_and_a_lost_request_was_not() -> None:
    desk = Desk(LostAnswer(is_silent=True))
    reply = desk.ask()
    assert (reply.is_lost, reply.is_silent, desk.done) == (True, True, 1)
    desk = Desk(LostRequest())
    assert (desk.ask().is_lost, desk.done) == (True, 0)


def test_a_server_error_may_hide_that_it_was_carried_out() -> None:
    desk = Desk(Status(status=504, is_executed=True, times=1), Status(status=503))
    assert (desk.ask().status, desk.done) == (504, 1)
    assert (desk.ask().status, desk.done) == (503, 1)


def test_a_refusal_has_the_status_of_its_code() -> None:
    statuses = [refused(Refused(code, "")).status for code in (-2015, -1015, -1013)]
    assert statuses == [401, 429, 400]
