import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from aitrader.exchange.simulated.faults import Faults
from aitrader.exchange.simulated.gate import Gate
from aitrader.exchange.simulated.keys import ApiKey, Keyring
from aitrader.exchange.simulated.limits import Limits
from aitrader.exchange.simulated.market import SeededMarket
from aitrader.exchange.simulated.orderlists import OrderLists
from aitrader.exchange.simulated.reading import Reader
from aitrader.exchange.simulated.statements import Statements
from aitrader.exchange.simulated.tape import Tape
from aitrader.exchange.simulated.trading import Trading
from aitrader.exchange.simulated.venue import Venue
from aitrader.exchange.simulated.web import operation_routes
from aitrader.model.candle import DAY_MS

NOW_MS = 20_458 * DAY_MS
KEY, SECRET = "demo", "demo"
BUY = {"symbol": "ETHUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1"}


class Desk:
    """The signed endpoints, asked without a socket."""

    def __init__(self) -> None:
        tape = Tape(SeededMarket.of_size(2, seed=6), at_ms=NOW_MS, is_stepped=False)
        self.price = float(tape.prices()[1])
        now_ms: Callable[[], int] = lambda: NOW_MS  # noqa: E731
        venue = Venue(
            tape.source.listings, last_price=lambda rank: float(tape.prices()[rank]), now_ms=now_ms
        )
        limits = Limits(now_ms)
        reader = Reader()
        trading = Trading(venue, limits, reader)
        lists = OrderLists(venue, reader)
        keyring = Keyring(now_ms, ApiKey(KEY, secret=SECRET))
        gate = Gate(limits, Faults(lambda: 0.0), keyring.check_time)
        statements = Statements(venue, limits, now_ms=now_ms)
        rooms = (trading, lists, statements)
        operations = [each for room in rooms for each in room.operations()]
        self.see = lambda price: venue.on_price(1, price, NOW_MS)
        self.app = Starlette(routes=operation_routes(gate, keyring, operations))

    def send(
        self, method: str, path: str, *, query: str, body: str = "", key: str = KEY
    ) -> dict[str, object]:
        scope = {
            "type": "http",
            "method": method,
            "path": f"/api/v3/{path}",
            "query_string": query.encode(),
            "headers": [(b"host", b"h"), (b"x-mbx-apikey", key.encode())],
        }
        got: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body.encode(), "more_body": False}

        async def keep(message: Message) -> None:
            got.append(message)

        asyncio.run(self.app(scope, receive, keep))
        found = json.loads(got[1]["body"])
        return {"status": got[0]["status"], "body": found}

    def ask(self, method: str, path: str, **params: object) -> dict[str, object]:
        query = urlencode({"timestamp": NOW_MS, **params})
        return self.send(method, path, query=signed(query))

    def code(self, method: str, path: str, **params: object) -> int:
        answer = self.ask(method, path, **params)
        assert answer["status"] == 400
        body = answer["body"]
        assert isinstance(body, dict)
        return int(body["code"])

    def done(self, method: str, path: str, **params: object) -> dict[str, object]:
        answer = self.ask(method, path, **params)
        assert answer["status"] == 200, answer
        assert isinstance(answer["body"], dict | list)
        return answer["body"]  # type: ignore[return-value]


def signed(query: str, body: str = "") -> str:
    made = hmac.new(SECRET.encode(), (query + body).encode(), hashlib.sha256).hexdigest()
    return f"{query}&signature={made}" if query else f"signature={made}"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_market_order_is_answered_with_its_fills(desk: Desk) -> None:
    answer = desk.done("POST", "order", **BUY, newClientOrderId="at1-a")
    assert (answer["status"], answer["clientOrderId"]) == ("FILLED", "at1-a")
    assert answer["executedQty"] == "0.10000000"
    (fill,) = answer["fills"]  # type: ignore[misc]
    assert float(fill["price"]) == pytest.approx(desk.price, rel=2e-4)
    assert fill["commissionAsset"] == "ETH"


def test_a_body_may_carry_the_order_and_the_signature(desk: Desk) -> None:
    body = signed(urlencode({"timestamp": NOW_MS, **BUY}))
    assert desk.send("POST", "order", query="", body=body)["status"] == 200
    query = urlencode({"timestamp": NOW_MS})
    split = urlencode(BUY)
    answer = desk.send("POST", "order", query=signed(query, split), body=split)
    assert answer["status"] == 200


def test_an_acknowledgement_is_short(desk: Desk) -> None:
    answer = desk.done("POST", "order", **BUY, newOrderRespType="ACK")
    assert set(answer) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}


def test_an_order_is_placed_queried_listed_and_canceled(desk: Desk) -> None:
    limit = {**BUY, "type": "LIMIT", "timeInForce": "GTC", "price": round(desk.price * 0.9, 2)}
    placed = desk.done("POST", "order", **limit, newClientOrderId="rests")
    assert placed["status"] == "NEW"
    found = desk.done("GET", "order", symbol="ETHUSDT", origClientOrderId="rests")
    assert found["orderId"] == placed["orderId"]
    assert "transactTime" not in found
    listed = desk.done("GET", "openOrders", symbol="ETHUSDT")
    assert [row["clientOrderId"] for row in listed] == ["rests"]  # type: ignore[index]
    gone = desk.done("DELETE", "order", symbol="ETHUSDT", orderId=placed["orderId"])
    assert (gone["status"], gone["origClientOrderId"]) == ("CANCELED", "rests")
    assert desk.done("GET", "openOrders") == []
    assert desk.code("DELETE", "order", symbol="ETHUSDT", orderId=placed["orderId"]) == -2011
    assert desk.code("GET", "order", symbol="ETHUSDT", origClientOrderId="else") == -2013


def test_a_stop_tells_its_trigger(desk: Desk) -> None:
    desk.done("POST", "order", **BUY)
    stop = {**BUY, "side": "SELL", "type": "STOP_LOSS", "quantity": "0.09"}
    trigger = f"{desk.price * 0.95:.2f}"
    placed = desk.done("POST", "order", **stop, stopPrice=trigger)
    assert "status" not in placed
    found = desk.done("GET", "order", symbol="ETHUSDT", orderId=placed["orderId"])
    assert found["stopPrice"] == f"{float(trigger):.8f}"


def test_the_account_starts_with_its_quote(desk: Desk) -> None:
    account = desk.done("GET", "account")
    assert account["balances"] == [
        {"asset": "USDT", "free": "10000.00000000", "locked": "0.00000000"}
    ]
    desk.done("POST", "order", **BUY)
    some = desk.done("GET", "account", omitZeroBalances="true")
    assert [row["asset"] for row in some["balances"]] == ["USDT", "ETH"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "MAGIC"}, -1116),
        ({"side": "HOLD"}, -1117),
        ({"symbol": "NOPE"}, -1121),
        ({"quantity": ""}, -1102),
        ({"quantity": "many"}, -1100),
        ({"quantity": "Infinity"}, -1100),
        ({"newClientOrderId": "no spaces"}, -1100),
        ({"newClientOrderId": "x" * 37}, -1100),
        ({"type": "LIMIT"}, -1102),
        ({"type": "LIMIT", "timeInForce": "GTD"}, -1115),
        ({"type": "LIMIT", "timeInForce": "GTC"}, -1102),
        ({"type": "STOP_LOSS"}, -1102),
        ({"quantity": "0.00001"}, -1013),
    ],
)
def test_a_wrong_order_is_refused_with_its_code(
    desk: Desk, changes: dict[str, str], code: int
) -> None:
    assert desk.code("POST", "order", **{**BUY, **changes}) == code


def test_an_order_may_be_named_by_nothing_only_when_it_is_new(desk: Desk) -> None:
    placed = desk.done("POST", "order", **BUY)
    assert str(placed["clientOrderId"]).startswith("x-")
    assert desk.code("GET", "order", symbol="ETHUSDT") == -1102


@pytest.mark.parametrize(
    ("query", "key", "code"),
    [
        (signed(f"timestamp={NOW_MS}"), "other", -2015),
        (f"timestamp={NOW_MS}", KEY, -1102),
        (f"timestamp={NOW_MS}&signature=00", KEY, -1022),
        (signed("a=b"), KEY, -1102),
        (signed(f"timestamp={NOW_MS + 1000}"), KEY, -1021),
        (signed(f"timestamp={NOW_MS - 5001}"), KEY, -1021),
        (signed(f"timestamp={NOW_MS - 1501}&recvWindow=1500"), KEY, -1021),
    ],
)
def test_who_asks_wrongly_is_told_why(desk: Desk, query: str, key: str, code: int) -> None:
    answer = desk.send("GET", "account", query=query, key=key)
    assert answer["status"] == (401 if code == -2015 else 400)
    assert answer["body"]["code"] == code  # type: ignore[index]


def test_a_test_order_is_checked_and_not_placed(desk: Desk) -> None:
    assert desk.done("POST", "order/test", **BUY) == {}
    rates = desk.done("POST", "order/test", **BUY, computeCommissionRates="true")
    assert rates["standardCommissionForOrder"] == {"maker": "0.00100000", "taker": "0.00100000"}
    assert desk.code("POST", "order/test", **{**BUY, "quantity": "1000"}) == -2010
    assert desk.done("GET", "openOrders") == []


def a_limit(desk: Desk, share: float) -> dict[str, str]:
    price = f"{desk.price * share:.2f}"
    return {**BUY, "type": "LIMIT", "timeInForce": "GTC", "price": price}


@pytest.mark.parametrize(
    ("mode", "asked", "outcome"),
    [
        ("STOP_ON_FAILURE", ("old", "0.1"), (200, "SUCCESS", "SUCCESS")),
        ("STOP_ON_FAILURE", ("none", "0.1"), (400, "FAILURE", "NOT_ATTEMPTED")),
        ("ALLOW_FAILURE", ("none", "0.1"), (409, "FAILURE", "SUCCESS")),
        ("ALLOW_FAILURE", ("none", "9999"), (400, "FAILURE", "FAILURE")),
        ("STOP_ON_FAILURE", ("old", "9999"), (409, "SUCCESS", "FAILURE")),
    ],
)
def test_an_order_is_replaced_whole_or_half(
    desk: Desk, mode: str, asked: tuple[str, str], outcome: tuple[int, str, str]
) -> None:
    named, quantity = asked
    desk.done("POST", "order", **a_limit(desk, 0.9), newClientOrderId="old")
    other = a_limit(desk, 0.8) | {"quantity": quantity, "cancelReplaceMode": mode}
    answer = desk.ask("POST", "order/cancelReplace", **other, cancelOrigClientOrderId=named)
    body = answer["body"]
    assert isinstance(body, dict)
    data = body.get("data", body)
    assert (answer["status"], data["cancelResult"], data["newOrderResult"]) == outcome


def test_a_replacement_says_how(desk: Desk) -> None:
    asked = a_limit(desk, 0.8) | {"cancelOrderId": "1", "cancelReplaceMode": "MAYBE"}
    assert desk.code("POST", "order/cancelReplace", **asked) == -1115


def test_an_order_is_made_smaller_so_many_times(desk: Desk) -> None:
    desk.done("POST", "order", **{**a_limit(desk, 0.9), "quantity": "2"}, newClientOrderId="big")
    named = {"symbol": "ETHUSDT", "origClientOrderId": "big"}
    for number in range(10):
        amended = desk.done("PUT", "order/amend/keepPriority", **named, newQty=f"1.{9 - number}")
    assert amended["amendedOrder"]["qty"] == "1.00000000"  # type: ignore[index]
    assert desk.code("PUT", "order/amend/keepPriority", **named, newQty="0.9") == -1013


def test_everything_of_a_symbol_is_canceled_at_once(desk: Desk) -> None:
    for number in range(2):
        desk.done("POST", "order", **a_limit(desk, 0.9), newClientOrderId=f"o{number}")
    gone = desk.done("DELETE", "openOrders", symbol="ETHUSDT")
    assert [row["origClientOrderId"] for row in gone] == ["o0", "o1"]  # type: ignore[index]
    assert desk.code("DELETE", "openOrders", symbol="ETHUSDT") == -2011
