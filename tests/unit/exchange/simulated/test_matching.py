from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.exchange.simulated.test_venue import Floor, a_limit, a_stop

from aitrader.exchange.simulated.orders import (
    NewList,
    NewOrder,
    VenueFill,
    VenueList,
    VenueOrder,
)
from aitrader.model.errors import Refused
from aitrader.model.order import Side


class Ear:
    """A listener that writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_order(
        self, order: VenueOrder, execution: str, *, fill: VenueFill | None, cancel_id: str
    ) -> None:
        self.heard.append(f"{order.asked.client_order_id} {execution} {order.status}")

    def on_list(self, order_list: VenueList) -> None:
        self.heard.append(f"{order_list.client_list_id} {order_list.status}")

    def on_balances(self, assets: tuple[str, ...]) -> None:
        self.heard.append("+".join(assets))


def leg(name: str, kind: str, price: str, **changes: object) -> NewOrder:
    field = "price" if kind.startswith("LIMIT") else "stop_price"
    asked = {"quantity": Decimal(1), field: Decimal(price), **changes}
    return NewOrder("BTCUSDT", Side.SELL, kind, name, **asked)  # type: ignore[arg-type]


PAIR = (leg("target", "LIMIT_MAKER", "110"), leg("stop", "STOP_LOSS", "95"))
WORKING = NewOrder("BTCUSDT", Side.BUY, "LIMIT", "entry", Decimal(1), price=Decimal(99))
SOLD = {"side": Side.SELL, "quantity": Decimal(2), "client_order_id": "sold"}


def a_floor() -> tuple[Floor, Ear]:
    """A floor that has bought 2 BTC and some."""
    floor, ear = Floor(), Ear()
    floor.place(quantity=Decimal("2.1"))
    floor.venue.matching.news.listeners.append(ear)
    return floor, ear


def statuses(found: VenueList) -> list[str]:
    return [order.status for order in found.orders]


def test_a_pair_holds_what_it_sells_once() -> None:
    floor, ear = a_floor()
    found = floor.venue.place_list(NewList("l", PAIR))
    assert statuses(found) == ["NEW", "NEW"]
    assert floor.locked("BTC") == 1
    assert ear.heard == ["l EXECUTING", "target NEW NEW", "stop NEW NEW", "BTC"]


@pytest.mark.parametrize(("price", "ends"), [(110.0, "FE"), (94.0, "EF")])
def test_one_of_a_pair_ends_the_other(price: float, ends: str) -> None:
    floor, ear = a_floor()
    found = floor.venue.place_list(NewList("l", PAIR))
    floor.see(price)
    assert "".join(status[0] for status in statuses(found)) == ends
    assert found.status == "ALL_DONE"
    assert floor.locked("BTC") == 0
    assert ear.heard.count("l ALL_DONE") == 1


def test_canceling_one_of_a_pair_cancels_the_list() -> None:
    floor, _ = a_floor()
    found = floor.venue.place_list(NewList("l", PAIR))
    floor.venue.cancel("BTCUSDT", order_id=None, client_order_id="stop")
    assert statuses(found) == ["CANCELED", "CANCELED"]
    assert floor.locked("BTC") == 0
    with pytest.raises(Refused, match="Unknown order"):
        floor.venue.cancel_list(list_id=found.list_id, client_list_id="")


def test_what_waits_for_an_order_comes_once_it_has_filled() -> None:
    floor, _ = a_floor()
    found = floor.venue.place_list(NewList("l", PAIR, WORKING))
    assert statuses(found) == ["NEW", "PENDING_NEW", "PENDING_NEW"]
    assert [order.asked.client_order_id for order in floor.venue.records.live_orders()] == [
        "entry",
        "target",
        "stop",
    ]
    floor.see(99.0)
    assert statuses(found) == ["FILLED", "NEW", "NEW"]
    floor.see(94.0)
    assert statuses(found) == ["FILLED", "EXPIRED", "FILLED"]
    assert found.status == "ALL_DONE"


def test_what_waits_may_take_what_was_received_net_of_the_fee() -> None:
    floor = Floor()
    pair = (
        leg("target", "LIMIT_MAKER", "110", quantity=Decimal(0)),
        leg("stop", "STOP_LOSS", "95", quantity=Decimal(0)),
    )
    found = floor.venue.place_list(NewList("l", pair, WORKING, takes_received=True))
    floor.see(99.0)
    assert [order.quantity for order in found.pair] == [Decimal("0.999")] * 2
    assert floor.free("BTC") == 0


def test_what_waits_ends_with_an_order_that_never_fills() -> None:
    floor, _ = a_floor()
    found = floor.venue.place_list(NewList("l", PAIR, WORKING))
    floor.venue.cancel_list(list_id=None, client_list_id="l")
    assert statuses(found) == ["CANCELED"] * 3
    assert floor.locked("USDT") == 0


def test_what_waits_and_cannot_be_paid_is_rejected_then() -> None:
    floor = Floor()
    found = floor.venue.place_list(NewList("l", PAIR, WORKING))
    floor.see(99.0)
    assert statuses(found) == ["FILLED", "REJECTED", "EXPIRED"]
    assert found.status == "ALL_DONE"


def test_a_stop_limit_becomes_a_limit_order_at_its_trigger() -> None:
    floor, _ = a_floor()
    stop = floor.place(**{**a_stop("95"), "type": "STOP_LOSS_LIMIT", "price": Decimal(94)})
    floor.see(93.0)
    assert (stop.status, stop.is_waiting_stop) == ("NEW", False)
    floor.see(94.0)
    assert stop.fills[0].price == 94


def test_a_large_order_walks_the_book_and_what_is_not_there_expires() -> None:
    floor = Floor(price=0.5)
    floor.venue.account.add("USDT", Decimal(10**9))
    order = floor.place(quantity=Decimal(300_000))
    prices = [fill.price for fill in order.fills]
    assert len(prices) > 1
    assert prices == sorted(set(prices))
    huge = floor.place(quantity=Decimal(500_000_000), client_order_id="huge")
    assert (huge.status, huge.expiry_reason) == ("EXPIRED", "INSUFFICIENT_LIQUIDITY")
    assert huge.executed > 0


def test_all_or_nothing_takes_nothing_when_there_is_not_all() -> None:
    floor = Floor(price=0.5)
    floor.venue.account.add("USDT", Decimal(10**9))
    terms = a_limit("0.5", quantity=Decimal(300_000))
    some = floor.place(**terms, time_in_force="IOC")
    assert (some.status, some.executed) == ("EXPIRED", 200_000)
    none = floor.place(**terms, time_in_force="FOK")
    assert (none.status, none.executed) == ("EXPIRED", 0)


def test_the_market_may_give_only_a_part() -> None:
    floor, ear = a_floor()
    order = floor.place(**a_limit("90"))
    floor.venue.matching.fill_share = lambda _: Decimal("0.5")
    floor.see(90.0)
    assert (order.status, order.executed) == ("PARTIALLY_FILLED", Decimal("0.5"))
    assert floor.locked("USDT") == 45
    market = floor.place(client_order_id="market")
    assert (market.status, market.executed) == ("EXPIRED", Decimal("0.5"))
    floor.venue.matching.fill_share = lambda _: None
    floor.see(90.0)
    assert order.status == "FILLED"
    assert "one TRADE PARTIALLY_FILLED" in ear.heard


def test_a_stop_that_leaps_beyond_what_the_account_has_buys_what_it_can() -> None:
    floor = Floor()
    stop = floor.place(**a_stop("101", side=Side.BUY, quantity=Decimal(99)))
    floor.see(200.0)
    assert stop.status == "EXPIRED"
    assert 0 <= floor.free("USDT") < 1


def test_an_order_is_made_smaller_but_not_larger() -> None:
    floor, _ = a_floor()
    order = floor.place(**a_limit("90"))
    floor.venue.amend(order, Decimal("0.5"))
    assert floor.locked("USDT") == 45
    for quantity in ("0.5", "2"):
        with pytest.raises(Refused, match="no state"):
            floor.venue.amend(order, Decimal(quantity))
    floor.venue.cancel_all("BTCUSDT")
    with pytest.raises(Refused, match="Unknown order"):
        floor.venue.amend(order, Decimal("0.1"))
    with pytest.raises(Refused, match="Unknown order"):
        floor.venue.cancel_all("BTCUSDT")


def test_a_halted_symbol_neither_fills_nor_takes_orders() -> None:
    floor = Floor()
    order = floor.place(**a_limit("90"))
    floor.venue.halted = lambda: {"BTCUSDT": "HALT"}
    floor.see(80.0)
    assert order.is_open
    assert "Market is closed" in floor.refusal(client_order_id="two")
    floor.venue.halted = dict
    floor.see(90.0)
    assert order.status == "FILLED"


@given(
    prices=st.lists(st.integers(80, 125), min_size=1, max_size=12),
    parts=st.lists(st.sampled_from([None, "0.1", "0.5"]), min_size=1, max_size=5),
)
def test_money_and_coins_are_never_lost_owed_or_held_for_nothing(
    prices: list[int], parts: list[str | None]
) -> None:
    floor, _ = a_floor()
    shares = iter(parts * 200)
    floor.venue.matching.fill_share = lambda _: (
        None if (part := next(shares)) is None else Decimal(part)
    )
    floor.venue.place_list(NewList("a", PAIR))
    floor.venue.place_list(
        NewList(
            "b",
            tuple(
                leg(f"{each.client_order_id}2", each.type, "110" if each.price else "95")
                for each in PAIR
            ),
            WORKING,
        )
    )
    floor.place(**a_limit("105", side=Side.SELL, quantity=Decimal("0.5"), client_order_id="sale"))
    for price in prices:
        floor.see(float(price))
        for balance in floor.venue.account.balances.values():
            assert balance.free >= 0
            assert balance.locked >= 0
    if not floor.venue.records.live_orders():
        assert all(not each.locked for each in floor.venue.account.balances.values())
    bought, spent = Decimal(0), Decimal(0)
    for order in floor.venue.records.orders_of("BTCUSDT"):
        for fill in order.fills:
            is_buy = order.asked.side is Side.BUY
            sign = 1 if is_buy else -1
            bought += sign * fill.quantity - (fill.fee if is_buy else 0)
            spent += sign * fill.quantity * fill.price + (0 if is_buy else fill.fee)
    assert floor.venue.account.total("BTC") == bought
    assert floor.venue.account.total("USDT") == 10_000 - spent
