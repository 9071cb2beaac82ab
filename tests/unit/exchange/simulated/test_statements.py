import pytest
from tests.unit.exchange.simulated.test_trading import BUY, Desk


@pytest.fixture
def desk() -> Desk:
    found = Desk()
    for number in range(3):
        found.done("POST", "order", **BUY, newClientOrderId=f"o{number}")
    return found


def test_orders_are_listed_from_the_end_or_from_a_start(desk: Desk) -> None:
    def names(**params: object) -> list[object]:
        found = desk.done("GET", "allOrders", symbol="ETHUSDT", **params)
        return [row["clientOrderId"] for row in found]  # type: ignore[index]

    assert names() == ["o0", "o1", "o2"]
    assert names(limit=1) == ["o2"]
    assert names(limit=1, orderId=2) == ["o1"]


def test_executions_are_listed_by_symbol_and_order(desk: Desk) -> None:
    found = desk.done("GET", "myTrades", symbol="ETHUSDT")
    assert [row["id"] for row in found] == [1, 2, 3]  # type: ignore[index]
    (one,) = desk.done("GET", "myTrades", symbol="ETHUSDT", orderId=2)
    assert (one["orderId"], one["isBuyer"], one["commissionAsset"]) == (2, True, "ETH")  # type: ignore[index]
    assert desk.code("GET", "myTrades", symbol="NOPE") == -1121


def test_costs_and_counts_are_told(desk: Desk) -> None:
    cost = desk.done("GET", "account/commission", symbol="ETHUSDT")
    assert cost["standardCommission"]["taker"] == "0.00100000"  # type: ignore[index]
    counts = desk.done("GET", "rateLimit/order")
    assert [row["count"] for row in counts] == [0, 0]  # type: ignore[index]


def test_open_orders_of_an_unknown_symbol_are_refused(desk: Desk) -> None:
    assert desk.code("GET", "openOrders", symbol="NOPE") == -1121
    assert desk.done("GET", "openOrders") == []
