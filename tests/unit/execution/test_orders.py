from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders import AT_MS, a_fill, an_order

from aitrader.execution.orders import MOVES, VenueAnswer, apply
from aitrader.model.errors import InvariantBroken
from aitrader.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
)
from aitrader.model.order import Order, OrderStatus

ORDER = an_order()
ID = ORDER.client_order_id


def accepted(venue_order_id: str = "") -> OrderAccepted:
    return OrderAccepted(at_ms=AT_MS, client_order_id=ID, venue_order_id=venue_order_id)


def filled(quantity: str = "1", number: int = 1, price: str = "100") -> OrderFilled:
    fill = a_fill(number, quantity=Decimal(quantity), price=Decimal(price))
    return OrderFilled(at_ms=AT_MS, client_order_id=ID, fill=fill)


def canceled() -> OrderCanceled:
    return OrderCanceled(at_ms=AT_MS, client_order_id=ID)


def rejected(reason: str = "no") -> OrderRejected:
    return OrderRejected(at_ms=AT_MS, client_order_id=ID, code=-1, reason=reason)


def expired(reason: str = "late") -> OrderExpired:
    return OrderExpired(at_ms=AT_MS, client_order_id=ID, reason=reason)


def unknown() -> OrderOutcomeUnknown:
    return OrderOutcomeUnknown(at_ms=AT_MS, client_order_id=ID, reason="timeout")


def not_found() -> OrderNotFound:
    return OrderNotFound(at_ms=AT_MS, client_order_id=ID)


def after(*answers: VenueAnswer) -> Order:
    order = ORDER
    for answer in answers:
        order = apply(order, answer)
    return order


def test_an_acceptance_opens_the_order_and_names_the_venues_id() -> None:
    order = after(accepted("77"))
    assert (order.status, order.venue_order_id) == (OrderStatus.OPEN, "77")
    assert after(accepted("77"), accepted()) == order


def test_a_fill_may_overtake_the_acknowledgement() -> None:
    assert after(filled("0.4")).status is OrderStatus.OPEN
    assert after(filled("0.4"), accepted()).filled == Decimal("0.4")


def test_filled_to_the_last_unit_it_is_filled() -> None:
    assert after(filled("0.4"), filled("0.6", 2)).status is OrderStatus.FILLED


@pytest.mark.parametrize("late", [accepted(), canceled(), expired(), unknown(), not_found()])
def test_what_comes_after_the_last_fill_changes_nothing(late: VenueAnswer) -> None:
    order = after(accepted(), filled())
    assert apply(order, late) is order


def test_a_fill_may_come_after_a_cancel_and_even_complete_the_order() -> None:
    assert after(canceled(), filled("0.4")).status is OrderStatus.CANCELED
    assert after(canceled(), filled("0.4"), filled("0.6", 2)).status is OrderStatus.FILLED


def test_a_cancel_beats_an_expiry_in_either_order() -> None:
    assert after(expired(), canceled()) == after(canceled(), expired())
    assert after(expired(), canceled()).note == ""


def test_a_refusal_beats_an_expiry_in_either_order() -> None:
    assert after(expired("late"), rejected("no")) == after(rejected("no"), expired("late"))
    assert after(expired("late"), rejected("no")).note == "no"


def test_what_filled_in_part_was_not_rejected() -> None:
    with pytest.raises(InvariantBroken, match=r"rejected with 0\.4 filled"):
        after(filled("0.4"), expired(), rejected())


def test_the_first_reason_stands() -> None:
    assert after(rejected("one"), rejected("two")).note == "one"
    assert after(expired("one"), expired("two")).note == "one"


@pytest.mark.parametrize("proof_of_nothing", [unknown(), not_found()])
def test_unknown_and_not_found_prove_nothing(proof_of_nothing: VenueAnswer) -> None:
    assert after(proof_of_nothing) is ORDER


def test_the_same_fill_twice_counts_once() -> None:
    order = after(filled("0.4"))
    assert apply(order, filled("0.4")) is order


def test_more_than_ordered_is_impossible() -> None:
    with pytest.raises(InvariantBroken, match=r"filled 1\.1 of 1 ordered"):
        after(filled("0.4"), filled("0.7", 2))


@pytest.mark.parametrize(("quantity", "price"), [("0", "100"), ("-1", "100"), ("1", "0")])
def test_a_fill_of_nothing_is_a_lie(quantity: str, price: str) -> None:
    with pytest.raises(InvariantBroken, match="above zero"):
        after(filled(quantity, price=price))


@pytest.mark.parametrize(
    "story",
    [
        (accepted(), rejected()),
        (rejected(), accepted()),
        (rejected(), filled()),
        (rejected(), canceled()),
        (filled(), rejected()),
        (canceled(), rejected()),
    ],
)
def test_a_move_that_is_not_in_the_table_raises(story: tuple[VenueAnswer, ...]) -> None:
    with pytest.raises(InvariantBroken, match="cannot follow"):
        after(*story)


def test_no_done_order_moves_back() -> None:
    done = {OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED}
    assert {end for (begin, _), end in MOVES.items() if begin in done} <= done
