"""Any order and any repetition of the venue's answers ends in the same state."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import AT_MS, a_fill, an_order

from aitrader.execution.orders import VenueAnswer, apply
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
from aitrader.model.order import Order

STEPS = 10
ORDER = an_order(quantity=Decimal(STEPS))
ID = ORDER.client_order_id


def fills(parts: list[int]) -> list[VenueAnswer]:
    return [
        OrderFilled(at_ms=AT_MS, client_order_id=ID, fill=a_fill(n, quantity=Decimal(part)))
        for n, part in enumerate(parts, start=1)
    ]


@st.composite
def true_stories(draw: st.DrawFn) -> list[VenueAnswer]:
    """Answers that a venue may give about one order, in the order they were true."""
    noise: list[VenueAnswer] = [
        OrderOutcomeUnknown(at_ms=AT_MS, client_order_id=ID, reason="timeout"),
        OrderNotFound(at_ms=AT_MS, client_order_id=ID),
    ]
    if draw(st.booleans()):
        nothing: list[VenueAnswer] = [
            OrderRejected(at_ms=AT_MS, client_order_id=ID, code=-2010, reason="no"),
            OrderExpired(at_ms=AT_MS, client_order_id=ID, reason="it never arrived"),
        ]
        story = nothing[: draw(st.integers(1, 2))]
    else:
        ends: list[list[VenueAnswer]] = [
            [],
            [OrderCanceled(at_ms=AT_MS, client_order_id=ID)],
            [OrderExpired(at_ms=AT_MS, client_order_id=ID, reason="late")],
        ]
        parts = draw(st.lists(st.integers(1, 4), max_size=4).filter(lambda row: sum(row) <= STEPS))
        accepted = OrderAccepted(at_ms=AT_MS, client_order_id=ID, venue_order_id="7")
        story = [
            accepted,
            *fills(parts),
            *draw(st.sampled_from(ends)),
            *draw(st.sampled_from(ends)),
        ]
    return [*story, *draw(st.lists(st.sampled_from(noise), max_size=2))]


def told(answers: list[VenueAnswer]) -> Order:
    order = ORDER
    for answer in answers:
        order = apply(order, answer)
    return order


@given(st.data())
def test_order_and_repetition_do_not_matter(data: st.DataObject) -> None:
    story = data.draw(true_stories())
    repeated = story + data.draw(st.lists(st.sampled_from(story), max_size=4))
    shuffled = data.draw(st.permutations(repeated))

    assert told(shuffled) == told(story)


@given(true_stories())
def test_what_is_done_stays_done_and_fills_never_shrink(story: list[VenueAnswer]) -> None:
    order = ORDER
    for answer in story:
        after = apply(order, answer)
        assert after.is_done or not order.is_done
        assert order.filled <= after.filled <= order.quantity
        order = after


@given(st.permutations([3, 3, 3, 2]))
def test_filling_more_than_ordered_is_noticed_in_any_order(parts: list[int]) -> None:
    with pytest.raises(InvariantBroken):
        told(fills(parts))
