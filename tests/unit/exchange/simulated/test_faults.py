from decimal import Decimal
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from aitrader.exchange.simulated.faults import (
    AT_ONCE,
    AnyFault,
    ClockOffset,
    Delay,
    Drop,
    Faults,
    Halt,
    LostAnswer,
    LostRequest,
    PartialFill,
    Reset,
    Status,
)


class Clock:
    """Real time set by hand."""

    now_s = 100.0


def switchboard(*faults: AnyFault, seed: int = 1) -> tuple[Faults, Clock]:
    clock = Clock()
    found = Faults(lambda: clock.now_s, seed=seed)
    for fault in faults:
        found.add(fault)
    return found, clock


def test_a_fault_strikes_as_often_as_it_was_told_to() -> None:
    faults, _ = switchboard(Drop(times=2))
    assert [faults.strike(Drop) is not None for _ in range(3)] == [True, True, False]
    assert not faults.is_any


def test_a_fault_stands_for_so_long() -> None:
    faults, clock = switchboard(Drop(for_s=5))
    assert faults.standing(Drop) is not None
    clock.now_s += 5
    assert faults.strike(Drop) is None
    assert faults.listed() == []


def test_a_share_of_strikes_is_drawn_from_the_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        faults, _ = switchboard(Drop(share=0.5), seed=seed)
        return [faults.strike(Drop) is not None for _ in range(40)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 5 < sum(drawn(1)) < 35


def test_faults_are_listed_with_what_they_did_and_cleared_one_by_one() -> None:
    faults, _ = switchboard(Drop(times=3), Halt(symbol="A"))
    faults.strike(Drop)
    first = faults.listed()[0]
    assert (first["number"], first["struck"], first["left"]) == (1, 1, 2)
    faults.clear(1)
    assert [each["number"] for each in faults.listed()] == [2]
    faults.clear()
    assert not faults.is_any


def test_what_strikes_at_once_is_told_and_not_kept() -> None:
    faults, _ = switchboard()
    told: list[AnyFault | None] = []
    faults.on_change = told.append
    faults.add(Reset())
    assert told == [Reset()]
    assert faults.listed() == []
    assert Reset in AT_ONCE


def test_a_request_is_struck_by_where_it_goes() -> None:
    faults, _ = switchboard(
        Delay(path="order", verb="POST", delay_ms=20), Delay(is_after=True, delay_ms=30)
    )
    assert faults.for_request("POST", "order/test").delay_s == 0.02
    plan = faults.for_request("GET", "order")
    assert (plan.delay_s, plan.answer_delay_s) == (0.0, 0.03)
    assert not plan.is_lost


def test_a_request_may_be_lost_on_its_way_there_or_back() -> None:
    faults, _ = switchboard(LostAnswer(times=1, is_silent=True), LostRequest(path="klines"))
    first = faults.for_request("GET", "time")
    assert (first.is_lost, first.is_silent, first.is_reset) == (True, True, False)
    assert faults.for_request("GET", "klines").is_reset


@pytest.mark.parametrize("is_executed", [True, False])
def test_a_status_is_answered_instead_or_afterwards(is_executed: bool) -> None:
    faults, _ = switchboard(Status(status=418, retry_after_s=3, is_executed=is_executed))
    plan = faults.for_request("GET", "time")
    reply = plan.after if is_executed else plan.instead
    assert reply is not None
    assert (reply.status, reply.headers) == (418, {"Retry-After": "3"})
    assert (plan.instead is None) == is_executed


def test_no_fault_is_no_trouble() -> None:
    faults, _ = switchboard()
    assert faults.for_request("GET", "time").instead is None
    assert faults.fill_share("A") is None
    assert (faults.offset_ms(), faults.halted()) == (0, {})


def test_the_market_itself_may_be_wrong() -> None:
    faults, _ = switchboard(
        ClockOffset(offset_ms=700),
        ClockOffset(offset_ms=-200),
        Halt(symbol="A", status="BREAK"),
        PartialFill(symbol="B", part=0.25),
    )
    assert faults.offset_ms() == 500
    assert faults.halted() == {"A": "BREAK"}
    assert (faults.fill_share("A"), faults.fill_share("B")) == (None, Decimal("0.25"))


def test_every_fault_is_read_from_json_and_a_wrong_one_is_not() -> None:
    decoder = msgspec.json.Decoder(AnyFault)
    assert decoder.decode(b'{"kind":"drop","only_closed":true}') == Drop(only_closed=True)
    for wrong in (b'{"kind":"rain"}', b'{"kind":"drop","loud":1}', b"{}"):
        with pytest.raises(msgspec.ValidationError):
            decoder.decode(wrong)


@pytest.mark.parametrize("kind", get_args(AnyFault), ids=lambda kind: kind.__name__)
def test_every_fault_is_in_the_document(kind: type) -> None:
    page = Path(__file__).parents[4] / "docs" / "simulated-exchange.md"
    assert f"`{kind.__struct_config__.tag}`" in page.read_text(encoding="utf-8")  # type: ignore[attr-defined]
