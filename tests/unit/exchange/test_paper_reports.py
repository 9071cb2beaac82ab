import pytest
from tests.builders import AT_MS, a_fill, a_filled_order, an_order

from aitrader.exchange.paper_book import PaperBook
from aitrader.exchange.paper_reports import PaperReports
from aitrader.model.errors import Refused
from aitrader.model.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
)
from aitrader.model.order import OrderStatus


class Listener:
    """Inbox and clock of a venue that only speaks."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.book = PaperBook()
        self.reports = PaperReports(self, self, self.book)

    def post(self, event: Event) -> None:
        self.events.append(event)

    def now_ms(self) -> int:
        return AT_MS + 7


def test_an_acceptance_bears_the_clocks_time_and_a_fill_its_own() -> None:
    venue = Listener()
    venue.reports.everything(a_filled_order(status=OrderStatus.FILLED))
    accepted, filled = venue.events
    assert isinstance(accepted, OrderAccepted) and accepted.at_ms == AT_MS + 7
    assert isinstance(filled, OrderFilled) and filled.at_ms == a_fill().at_ms


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (OrderStatus.OPEN, [OrderAccepted]),
        (OrderStatus.CANCELED, [OrderAccepted, OrderCanceled]),
        (OrderStatus.EXPIRED, [OrderAccepted, OrderExpired]),
        (OrderStatus.REJECTED, [OrderRejected]),
    ],
)
def test_all_that_is_known_of_an_order_is_said_again(
    status: OrderStatus, said: list[type[Event]]
) -> None:
    venue = Listener()
    venue.reports.everything(an_order(status=status))
    assert [type(event) for event in venue.events] == said


def test_a_rejection_says_why() -> None:
    venue = Listener()
    rejected = an_order(status=OrderStatus.REJECTED)
    venue.book.keep(rejected, Refused(-1013, "too small"))
    venue.reports.ended(rejected)
    (event,) = venue.events
    assert isinstance(event, OrderRejected)
    assert (event.code, event.reason) == (-1013, "too small")


def test_an_order_said_to_be_unknown_is_denied_from_then_on() -> None:
    venue = Listener()
    venue.reports.unknown(an_order())
    assert isinstance(venue.events[0], OrderNotFound)
    assert venue.book.is_denied(an_order().client_order_id)


def test_who_asks_is_told_what_is_known_or_that_nothing_is() -> None:
    venue = Listener()
    venue.book.keep(an_order(status=OrderStatus.OPEN))
    venue.reports.tell(an_order())
    venue.reports.tell(an_order(attempt=2))
    assert [type(event) for event in venue.events] == [OrderAccepted, OrderNotFound]
