from decimal import Decimal

import msgspec
from tests.builders import AT_MS, POSITION, a_fill, an_instrument, an_order
from tests.unit.exchange.papers import Desk, kinds

from aitrader.exchange.paper_depth import FRESH_MS, PaperDepth, Part
from aitrader.market.offers import Offer
from aitrader.model.events import OrderAccepted, OrderCanceled, OrderFilled
from aitrader.model.order import Leg, Order, OrderStatus, Side

BOOK = Offer(price=100.02, quantity=0.3, at_ms=AT_MS)


class Books:
    """A book that the test sets."""

    def __init__(self, offer: Offer | None = BOOK) -> None:
        self.offer = offer
        self.depth = PaperDepth(self.find, slippage_bps=Decimal(1))

    def find(self, symbol: str, side: Side) -> Offer | None:
        assert (symbol, side) in {("BTCUSDT", Side.BUY), ("BTCUSDT", Side.SELL)}
        return self.offer

    def parts(self, order: Order, seen: float = 100.0, *, after_ms: int = 0) -> list[Part] | None:
        return self.depth.parts(order, seen, instrument=an_instrument(), at_ms=AT_MS + after_ms)


def rows(*parts: tuple[str, str]) -> list[Part]:
    return [(Decimal(quantity), Decimal(price)) for quantity, price in parts]


def test_what_the_best_level_holds_costs_its_price_and_the_slippage() -> None:
    assert Books().parts(an_order(quantity=Decimal("0.3"))) == rows(("0.3", "100.04"))
    dearer = Books().parts(an_order(quantity=Decimal("0.3")), 100.5)
    assert dearer == rows(("0.3", "100.52")), "the worse of the best offer and the price seen"


def test_what_goes_beyond_it_costs_more_level_by_level() -> None:
    bought = Books().parts(an_order())
    assert bought == rows(("0.3", "100.04"), ("0.6", "100.06"), ("0.1", "100.08"))
    sold = Books().parts(an_order(Leg.EXIT), 100.5)
    assert sold == rows(("0.3", "100.00"), ("0.6", "99.98"), ("0.1", "99.96"))


def test_what_ten_levels_do_not_hold_waits_and_nothing_is_taken_twice() -> None:
    books = Books(Offer(price=100.0, quantity=0.001, at_ms=AT_MS))
    order = an_order(quantity=Decimal(2))
    first = books.parts(order)
    assert first is not None
    assert sum(quantity for quantity, _ in first) == Decimal("1.023")
    assert books.parts(order) == []
    books.offer = Offer(price=100.0, quantity=0.001, at_ms=AT_MS + 1_000)
    again = books.parts(order, after_ms=1_000)
    assert again is not None
    assert len(again) == 10


def test_a_second_order_takes_what_the_first_has_left() -> None:
    books = Books()
    assert books.parts(an_order(quantity=Decimal("0.4"))) == rows(
        ("0.3", "100.04"), ("0.1", "100.06")
    )
    assert books.parts(an_order(quantity=Decimal("0.7"))) == rows(
        ("0.5", "100.06"), ("0.2", "100.08")
    )
    assert books.parts(an_order(Leg.EXIT, quantity=Decimal("0.1"))) == rows(("0.1", "99.99"))


def test_a_book_that_is_not_known_or_old_sets_no_limit() -> None:
    assert Books(None).parts(an_order()) is None
    assert Books().parts(an_order(), after_ms=FRESH_MS) is not None
    assert Books().parts(an_order(), after_ms=FRESH_MS + 1) is None


# -- at the venue


def a_venue(books: Books) -> Desk:
    return Desk(find_offer=books.find, slippage_bps=Decimal(1))


def test_an_order_larger_than_the_book_fills_in_parts_until_it_is_done() -> None:
    books = Books(Offer(price=100.0, quantity=0.001, at_ms=AT_MS))
    desk = a_venue(books)
    order = an_order(quantity=Decimal(2))
    desk.submit(order)
    first = desk.price(100.0)
    assert kinds(first) == [OrderFilled] * 10
    assert desk.price(100.1) == [], "this book is taken"
    assert desk.venue.account.held(POSITION) == Decimal("1.023")
    assert desk.venue.account.cash == 10_000 - sum(
        row.fill.quantity * row.fill.price + row.fill.fee
        for row in first
        if isinstance(row, OrderFilled)
    )
    books.offer = Offer(price=100.0, quantity=3.0, at_ms=AT_MS + 1)
    (last,) = desk.price(100.0)
    assert isinstance(last, OrderFilled)
    assert last.fill.quantity == Decimal("0.977")
    assert not desk.venue.awaited()
    ids = [row.fill.fill_id for row in desk.events if isinstance(row, OrderFilled)]
    assert len(set(ids)) == 11


def test_what_is_left_of_an_order_can_be_canceled_and_is_reported_with_its_parts() -> None:
    desk = a_venue(Books(Offer(price=100.0, quantity=0.001, at_ms=AT_MS)))
    order = an_order(quantity=Decimal(2))
    desk.submit(order)
    desk.price(100.0)
    assert kinds(desk.cancel(order)) == [OrderCanceled]
    assert kinds(desk.query(order)) == [OrderAccepted, *[OrderFilled] * 10, OrderCanceled]
    assert desk.price(100.0) == []


def test_an_order_that_a_start_finds_half_filled_goes_on_with_the_rest() -> None:
    books = Books(Offer(price=100.0, quantity=9.0, at_ms=AT_MS))
    part = a_fill(quantity=Decimal("0.4"))
    half = msgspec.structs.replace(an_order(), status=OrderStatus.OPEN, fills=(part,))
    (found,) = books.parts(half) or ()
    assert found[0] == Decimal("0.6")
