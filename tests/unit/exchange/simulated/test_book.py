from decimal import Decimal

from tests.builders import an_instrument

from aitrader.exchange.simulated import book
from aitrader.exchange.simulated.book import Depth
from aitrader.model.order import Side

PRICE = Decimal(100)
INSTRUMENT = an_instrument()


def offered(side: Side = Side.BUY, **changes: Decimal) -> list[book.Level]:
    return book.levels(PRICE, side, instrument=INSTRUMENT, depth=Depth(**changes))


def test_levels_get_worse_and_deeper() -> None:
    for side, sign in ((Side.BUY, 1), (Side.SELL, -1)):
        prices = [price * sign for price, _ in offered(side)]
        assert prices == sorted(prices)
        sizes = [size for _, size in offered(side)]
        assert sizes == sorted(sizes)
        assert len(prices) == len(set(prices)) == book.LEVELS


def test_the_first_level_costs_the_slippage_and_holds_its_worth() -> None:
    assert offered()[0] == (Decimal("100.01"), Decimal(1000))
    assert offered(Side.SELL)[0] == (Decimal("99.99"), Decimal(1000))
    assert offered(slippage_bps=Decimal(0))[0][0] == PRICE


def test_a_sale_of_something_almost_worthless_has_fewer_levels() -> None:
    tick = INSTRUMENT.tick_size
    found = book.levels(tick * 3, Side.SELL, instrument=INSTRUMENT, depth=Depth())
    assert 0 < len(found) < book.LEVELS


def test_costs_add_up_level_by_level() -> None:
    levels = [(Decimal(100), Decimal(1)), (Decimal(101), Decimal(2))]
    assert book.cost_of(Decimal(2), levels) == 201
    assert book.cost_of(Decimal(9), levels) == 302
    assert book.bought_for(Decimal(201), levels, Decimal("0.1")) == 2
    assert book.bought_for(Decimal(50), levels, Decimal("0.1")) == Decimal("0.5")
    assert book.bought_for(Decimal(9999), levels, Decimal("0.1")) == 3


def test_the_book_that_is_shown_begins_at_the_price_and_a_tick_above() -> None:
    bids, asks = book.shown(PRICE, instrument=INSTRUMENT, depth=Depth(), limit=4)
    assert (bids[0][0], asks[0][0]) == (PRICE, PRICE + INSTRUMENT.tick_size)
    assert len(bids) == len(asks) == 4
    assert [price for price, _ in bids] == sorted((price for price, _ in bids), reverse=True)
    assert [price for price, _ in asks] == sorted(price for price, _ in asks)
    assert len({price for price, _ in (*bids, *asks)}) == 8
