from decimal import Decimal

import pytest
from msgspec import structs

from aitrader.exchange.simulated.book import Depth
from aitrader.exchange.simulated.matching import VenueSettings
from aitrader.exchange.simulated.orders import NewOrder, VenueOrder
from aitrader.exchange.simulated.rules import Bounds
from aitrader.exchange.simulated.source import a_listing
from aitrader.exchange.simulated.venue import Venue
from aitrader.model.errors import Refused
from aitrader.model.order import Side

LISTINGS = tuple(
    a_listing(symbol, "USDT", price_decimals=2, quantity_decimals=3)
    for symbol in ("BTCUSDT", "ETHUSDT")
)


class Floor:
    """A venue without slippage, with one price for all symbols and a clock of its own."""

    def __init__(
        self, price: float = 100.0, kept_orders: int = 50, bounds: Bounds | None = None
    ) -> None:
        self.price, self.time_ms = price, 1_000
        self.venue = Venue(
            LISTINGS,
            last_price=lambda _: self.price,
            now_ms=lambda: self.time_ms,
            settings=VenueSettings(
                depth=Depth(slippage_bps=Decimal(0)),
                kept_orders=kept_orders,
                bounds=bounds or Bounds(),
            ),
        )

    def place(self, **changes: object) -> VenueOrder:
        order = NewOrder("BTCUSDT", Side.BUY, "MARKET", "one", Decimal(1))
        return self.venue.place(structs.replace(order, **changes))

    def refusal(self, **changes: object) -> str:
        with pytest.raises(Refused) as found:
            self.place(**changes)
        return str(found.value)

    def see(self, price: float) -> None:
        self.price = price
        self.venue.on_price(0, price, self.time_ms)

    def free(self, asset: str) -> Decimal:
        return self.venue.account.balances[asset].free

    def locked(self, asset: str) -> Decimal:
        return self.venue.account.balances[asset].locked


def a_limit(price: str, **changes: object) -> dict[str, object]:
    return {"type": "LIMIT", "price": Decimal(price), **changes}


def a_stop(price: str, **changes: object) -> dict[str, object]:
    stop = {"type": "STOP_LOSS", "stop_price": Decimal(price), "side": Side.SELL}
    return {**stop, "client_order_id": "stop", **changes}


def test_a_purchase_pays_its_fee_from_what_it_receives() -> None:
    floor = Floor()
    order = floor.place()
    assert order.status == "FILLED"
    assert (order.executed, order.executed_quote) == (1, 100)
    assert (order.fills[0].fee, order.fills[0].fee_asset) == (Decimal("0.001"), "BTC")
    assert (floor.free("BTC"), floor.free("USDT")) == (Decimal("0.999"), Decimal(9900))


def test_a_sale_pays_its_fee_from_its_proceeds() -> None:
    floor = Floor()
    floor.place()
    order = floor.place(side=Side.SELL, quantity=Decimal("0.999"), client_order_id="two")
    assert order.fills[0].fee_asset == "USDT"
    assert floor.free("USDT") == Decimal("9999.8001")


def test_a_market_order_may_name_what_it_spends() -> None:
    order = Floor().place(quantity=Decimal(0), quote_quantity=Decimal("50.09"))
    assert order.quantity == Decimal("0.5")


def test_a_resting_order_locks_what_it_would_spend_until_it_fills() -> None:
    floor = Floor()
    order = floor.place(**a_limit("90"))
    assert order.is_open
    assert (floor.free("USDT"), floor.locked("USDT")) == (9910, 90)
    assert floor.venue.watched() == (0,)
    floor.see(89.5)
    assert (order.status, order.fills[0].price) == ("FILLED", 90)
    assert (floor.free("USDT"), floor.locked("USDT")) == (9910, 0)
    assert floor.venue.watched() == ()


def test_a_limit_beyond_the_market_takes_the_better_price_at_once() -> None:
    order = Floor().place(**a_limit("110"))
    assert order.fills[0].price == 100


def test_a_limit_that_may_not_rest_expires() -> None:
    order = Floor().place(**a_limit("90", time_in_force="IOC"))
    assert (order.status, order.executed) == ("EXPIRED", 0)


def test_a_stop_sells_at_the_worse_price_seen() -> None:
    floor = Floor()
    floor.place()
    stop = floor.place(**a_stop("95", quantity=Decimal("0.9")))
    assert floor.locked("BTC") == Decimal("0.9")
    floor.see(96.0)
    assert stop.is_open
    floor.see(94.0)
    assert stop.fills[0].price == 94
    assert floor.locked("BTC") == 0


def test_a_canceled_order_gives_back_what_it_locked() -> None:
    floor = Floor()
    order = floor.place(**a_limit("90"))
    floor.time_ms = 2_000
    found = floor.venue.cancel("BTCUSDT", order_id=None, client_order_id="one")
    assert found is order
    assert (order.status, order.updated_ms) == ("CANCELED", 2_000)
    assert floor.locked("USDT") == 0
    with pytest.raises(Refused, match="Unknown order sent"):
        floor.venue.cancel("BTCUSDT", order_id=order.order_id, client_order_id="")


def test_an_order_is_found_by_either_name_and_the_newest_wins() -> None:
    floor = Floor()
    first, second = floor.place(), floor.place()
    assert floor.venue.records.find_order("BTCUSDT", order_id=None, client_order_id="one") is second
    assert (
        floor.venue.records.find_order("BTCUSDT", order_id=first.order_id, client_order_id="")
        is first
    )
    with pytest.raises(Refused, match="Order does not exist"):
        floor.venue.records.find_order("ETHUSDT", order_id=None, client_order_id="one")


def test_open_orders_are_listed_oldest_first() -> None:
    floor = Floor()
    one = floor.place(**a_limit("90"))
    other = floor.place(**a_limit("90", symbol="ETHUSDT", client_order_id="two"))
    assert floor.venue.records.live_orders(None) == [one, other]
    assert floor.venue.records.live_orders("ETHUSDT") == [other]


def test_an_open_orders_name_cannot_be_used_again_until_it_ends() -> None:
    floor = Floor()
    order = floor.place(**a_limit("90"))
    assert "Duplicate order sent." in floor.refusal(**a_limit("80"))
    floor.venue.cancel("BTCUSDT", order_id=order.order_id, client_order_id="")
    assert floor.place(**a_limit("80")).is_open


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"symbol": "NOPE"}, "Invalid symbol. (-1121)"),
        ({"quantity": Decimal("0.0001")}, "Filter failure: LOT_SIZE (-1013)"),
        ({"quantity": Decimal(101)}, "insufficient balance for requested action. (-2010)"),
        ({"side": Side.SELL}, "insufficient balance for requested action. (-2010)"),
        (a_stop("105"), "Order would trigger immediately. (-2010)"),
        (
            a_limit("100", type="LIMIT_MAKER"),
            "Order would immediately match and take. (-2010)",
        ),
        (
            a_limit("100", type="LIMIT_MAKER", side=Side.SELL),
            "Order would immediately match and take. (-2010)",
        ),
    ],
)
def test_what_the_exchange_does_not_take_is_refused_in_its_words(
    changes: dict[str, object], answer: str
) -> None:
    assert answer in Floor().refusal(**changes)


def test_there_are_only_so_many_stops_and_orders_per_symbol() -> None:
    floor = Floor()
    bounds = floor.venue.settings.bounds
    floor.place(quantity=Decimal(50))
    for number in range(bounds.max_stops):
        floor.place(**a_stop("95", client_order_id=f"s{number}"))
    assert "MAX_NUM_ALGO_ORDERS" in floor.refusal(**a_stop("95"))
    for number in range(bounds.max_orders - bounds.max_stops):
        floor.place(**a_limit("20", client_order_id=f"l{number}"))
    assert "MAX_NUM_ORDERS" in floor.refusal(**a_limit("20"))


def test_only_so_many_ended_orders_are_remembered() -> None:
    floor = Floor(kept_orders=2)
    first, resting = floor.place(), floor.place(**a_limit("90", client_order_id="rests"))
    floor.place(client_order_id="three")
    with pytest.raises(Refused, match="Order does not exist"):
        floor.venue.records.find_order("BTCUSDT", order_id=first.order_id, client_order_id="")
    found = floor.venue.records.find_order("BTCUSDT", order_id=resting.order_id, client_order_id="")
    assert found is resting
