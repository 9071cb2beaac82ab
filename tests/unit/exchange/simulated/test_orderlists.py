import pytest
from tests.unit.exchange.simulated.test_trading import BUY, Desk


@pytest.fixture
def desk() -> Desk:
    found = Desk()
    found.done("POST", "order", **{**BUY, "quantity": "0.3"})
    return found


def pair(desk: Desk, prefixes: tuple[str, str] = ("above", "below")) -> dict[str, object]:
    above, below = prefixes
    return {
        "symbol": "ETHUSDT",
        f"{above}Type": "TAKE_PROFIT",
        f"{above}StopPrice": f"{desk.price * 1.1:.2f}",
        f"{below}Type": "STOP_LOSS",
        f"{below}StopPrice": f"{desk.price * 0.9:.2f}",
    }


def test_a_pair_is_placed_told_listed_and_canceled(desk: Desk) -> None:
    asked = pair(desk) | {"side": "SELL", "quantity": "0.1", "listClientOrderId": "mine"}
    placed = desk.done("POST", "orderList/oco", **asked)
    assert (placed["contingencyType"], placed["listOrderStatus"]) == ("OCO", "EXECUTING")
    reports = placed["orderReports"]
    assert [row["workingTime"] for row in reports] == [-1, -1]  # type: ignore[attr-defined]
    found = desk.done("GET", "orderList", origClientOrderId="mine")
    assert found["orders"] == placed["orders"]
    assert len(desk.done("GET", "openOrders", symbol="ETHUSDT")) == 2
    assert len(desk.done("GET", "openOrderList")) == 1
    gone = desk.done("DELETE", "orderList", symbol="ETHUSDT", listClientOrderId="mine")
    assert {row["status"] for row in gone["orderReports"]} == {"CANCELED"}  # type: ignore[attr-defined]
    assert desk.done("GET", "openOrderList") == []
    assert len(desk.done("GET", "allOrderList")) == 1
    assert desk.code("GET", "orderList", origClientOrderId="none") == -2018
    assert desk.code("DELETE", "orderList", symbol="ETHUSDT", orderListId="0") == -2011


def test_the_deprecated_pair_is_still_taken(desk: Desk) -> None:
    placed = desk.done(
        "POST",
        "order/oco",
        symbol="ETHUSDT",
        side="SELL",
        quantity="0.1",
        price=f"{desk.price * 1.1:.2f}",
        stopPrice=f"{desk.price * 0.9:.2f}",
    )
    assert [row["type"] for row in placed["orderReports"]] == ["LIMIT_MAKER", "STOP_LOSS"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("path", "quantity"), [("otoco", "0.1"), ("opoco", "")])
def test_what_protects_a_purchase_waits_for_it(desk: Desk, path: str, quantity: str) -> None:
    asked = pair(desk, ("pendingAbove", "pendingBelow")) | {
        "workingType": "LIMIT",
        "workingSide": "BUY",
        "workingTimeInForce": "GTC",
        "workingPrice": f"{desk.price:.2f}",
        "workingQuantity": "0.2",
        "pendingSide": "SELL",
    }
    if quantity:
        asked["pendingQuantity"] = quantity
    placed = desk.done("POST", f"orderList/{path}", **asked)
    assert placed["contingencyType"] == "OTO"
    rows = desk.done("GET", "openOrders", symbol="ETHUSDT")
    expected = quantity or "0.1998"
    assert [row["origQty"] for row in rows] == [f"{float(expected):.8f}"] * 2  # type: ignore[index]


def test_one_order_may_wait_for_another(desk: Desk) -> None:
    asked = {
        "symbol": "ETHUSDT",
        "workingType": "LIMIT",
        "workingSide": "BUY",
        "workingTimeInForce": "GTC",
        "workingPrice": f"{desk.price * 0.9:.2f}",
        "workingQuantity": "0.2",
        "pendingType": "MARKET",
        "pendingSide": "SELL",
    }
    placed = desk.done("POST", "orderList/oto", **asked, pendingQuantity="0.1")
    assert [row["status"] for row in placed["orderReports"]] == ["NEW", "PENDING_NEW"]  # type: ignore[attr-defined]
    desk.done("POST", "orderList/opo", **asked)
    gone = desk.done("DELETE", "openOrders", symbol="ETHUSDT")
    assert [row["listOrderStatus"] for row in gone] == ["ALL_DONE", "ALL_DONE"]  # type: ignore[index]
