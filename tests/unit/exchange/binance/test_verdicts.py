from __future__ import annotations

import pytest

from aitrader.exchange.binance.verdicts import judge_order, judge_question
from aitrader.exchange.binance.wire import WireError
from aitrader.model.errors import OutcomeUnknown, Refused, Transient


def test_an_accepted_order_needs_no_words() -> None:
    judge_order("at1-x", 200, WireError())
    judge_question("order", 200, WireError(), None)


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, -2010, "Account has insufficient balance for requested action."),
        (400, -1013, "Filter failure: LOT_SIZE"),
        (400, -1021, "Timestamp for this request is outside of the recvWindow."),
        (401, -2015, "Invalid API-key, IP, or permissions for action."),
        (403, 0, ""),
        (418, -1003, "banned"),
        (429, -1015, "Too many new orders."),
        (429, 0, "a firewall's page"),
    ],
)
def test_a_clear_no_means_that_the_order_does_not_exist(
    status: int, code: int, message: str
) -> None:
    with pytest.raises(Refused) as refusal:
        judge_order("at1-x", status, WireError(code, message))
    assert refusal.value.code < 0
    assert refusal.value.reason == (message or f"answered {status}")


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (500, -1000, "An unknown error occurred."),
        (503, -1008, "Server is currently overloaded."),
        (502, 0, "<html>"),
        (504, -1007, "Timeout waiting for response."),
        (400, -1006, "An unexpected response was received."),
        (400, -1007, "Timeout waiting for response."),
        (408, -1, "timeout"),
        (409, -2021, "half done"),
        (404, 0, "not found"),
        (302, 0, ""),
        (400, -2010, "Duplicate order sent."),
    ],
)
def test_whatever_is_no_clear_no_leaves_the_order_open(
    status: int, code: int, message: str
) -> None:
    with pytest.raises(OutcomeUnknown, match="at1-x"):
        judge_order("at1-x", status, WireError(code, message))


@pytest.mark.parametrize(("status", "code"), [(500, 0), (429, -1003), (403, 0), (400, -1007)])
def test_a_question_may_be_asked_again_when_the_exchange_is_unwell(status: int, code: int) -> None:
    with pytest.raises(Transient) as unwell:
        judge_question("order", status, WireError(code, "no"), 7.0)
    assert unwell.value.retry_after_s == 7.0


def test_a_question_may_be_refused() -> None:
    with pytest.raises(Refused) as refusal:
        judge_question("order", 400, WireError(-2013, "Order does not exist."), None)
    assert refusal.value.code == -2013
