from tests.builders import an_order

from aitrader.exchange.paper_book import PaperBook
from aitrader.model.errors import Refused
from aitrader.model.order import Leg, OrderKind, OrderStatus


def test_stops_are_tested_before_everything_else() -> None:
    book = PaperBook()
    target = an_order(Leg.EXIT, 1, kind=OrderKind.LIMIT)
    stop = an_order(Leg.EXIT, 2, kind=OrderKind.STOP_LOSS)
    book.keep(target)
    book.keep(stop)
    assert book.resting("BTCUSDT") == [stop, target]
    assert list(book.open_orders("BTCUSDT")) == [target, stop]
    assert list(book.rivals(target)) == [target, stop]
    assert book.resting("ETHUSDT") == []


def test_an_order_that_ended_is_known_and_does_not_rest() -> None:
    book = PaperBook()
    book.keep(an_order())
    ended = an_order(status=OrderStatus.CANCELED)
    book.keep(ended)
    assert book.find(ended.client_order_id) is ended
    assert not book.open_orders("BTCUSDT")
    assert not book.rivals(ended)


def test_a_symbol_is_awaited_while_an_order_rests() -> None:
    book = PaperBook()
    assert book.awaited() == set()
    book.keep(an_order())
    assert book.awaited() == {"BTCUSDT"}
    assert list(book.rivals(an_order(symbol="ETHUSDT"))) == [an_order()]
    book.keep(an_order(status=OrderStatus.CANCELED))
    assert book.awaited() == set()


def test_a_list_mate_is_found_while_it_rests() -> None:
    book = PaperBook()
    first, second = (an_order(Leg.EXIT, attempt, list_id="l") for attempt in (1, 2))
    book.keep(first)
    book.keep(second)
    alone = an_order(Leg.EXIT, 3)
    book.keep(alone)
    assert book.siblings(first) == [second]
    assert book.siblings(alone) == []


def test_a_rejected_order_keeps_its_code_until_it_is_recovered() -> None:
    book = PaperBook()
    rejected = an_order(status=OrderStatus.REJECTED, note="no")
    book.keep(rejected, Refused(-2010, "no"))
    assert book.refusal_of(rejected).code == -2010
    book.clear()
    book.keep(rejected)
    assert (book.refusal_of(rejected).code, book.refusal_of(rejected).reason) == (0, "no")


def test_the_oldest_ended_orders_are_forgotten_first() -> None:
    book = PaperBook(kept_done=2)
    orders = [an_order(Leg.EXIT, attempt, status=OrderStatus.CANCELED) for attempt in range(1, 5)]
    for order in orders:
        book.keep(order)
    known = [book.find(order.client_order_id) is not None for order in orders]
    assert known == [False, False, True, True]


def test_an_order_that_is_said_twice_to_have_ended_is_forgotten_once() -> None:
    book = PaperBook(kept_done=1)
    first, second = (an_order(Leg.EXIT, attempt, status=OrderStatus.CANCELED) for attempt in (1, 2))
    for order in (first, first, second):
        book.keep(order)
    assert book.find(first.client_order_id) is None
    assert book.find(second.client_order_id) is second


def test_what_was_denied_is_remembered_until_all_is_cleared() -> None:
    book = PaperBook()
    name = an_order().client_order_id
    book.deny(name)
    assert book.is_denied(name)
    book.clear()
    assert not book.is_denied(name)
