from decimal import Decimal

from aitrader.exchange.simulated.orders import NewOrder, News, VenueFill, VenueList, VenueOrder
from aitrader.model.order import OrderKind, Side

ASKED = NewOrder(
    "A", Side.SELL, "STOP_LOSS_LIMIT", "a", Decimal(3), price=Decimal(9), stop_price=Decimal(10)
)


def an_order(*quantities: str) -> VenueOrder:
    fills = tuple(
        VenueFill(number, 0, Decimal(each), Decimal(9), Decimal(0), "A")
        for number, each in enumerate(quantities)
    )
    return VenueOrder(1, ASKED, Decimal(3), 0, 0, ASKED, fills=fills)


def test_an_order_adds_up_its_fills() -> None:
    order = an_order("1", "0.5")
    assert (order.executed, order.remaining, order.executed_quote) == (
        Decimal("1.5"),
        Decimal("1.5"),
        Decimal("13.5"),
    )


def test_a_stop_limit_waits_and_then_is_a_limit() -> None:
    order = an_order()
    assert order.is_waiting_stop and order.live.is_stop_limit
    order.live = order.live.triggered()
    assert order.live.kind is OrderKind.LIMIT
    assert not order.is_waiting_stop


def test_a_pending_order_is_neither_open_nor_done() -> None:
    order = an_order()
    order.status = "PENDING_NEW"
    assert (order.is_open, order.is_done) == (False, False)


def test_a_list_names_its_working_order_first() -> None:
    one, two, three = an_order(), an_order(), an_order()
    assert VenueList(0, "l", "A", "OCO", 0, 0, (one, two)).orders == (one, two)
    assert VenueList(0, "l", "A", "OTO", 0, 0, (one, two), three).orders == (three, one, two)


def test_balances_that_did_not_change_are_no_news() -> None:
    heard = []

    class Ear:
        on_order = on_list = None

        def on_balances(self, assets: tuple[str, ...]) -> None:
            heard.append(assets)

    news = News()
    news.listeners.append(Ear())  # type: ignore[arg-type]
    news.on_balances(())
    news.on_balances(("A",))
    assert heard == [("A",)]
