import pytest

from aitrader.exchange.simulated.reading import Reader, order_name, positive, respond_type
from aitrader.model.errors import Refused
from aitrader.model.order import Side

OCO = {
    "symbol": "A",
    "side": "SELL",
    "quantity": "1",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "110",
    "belowType": "STOP_LOSS_LIMIT",
    "belowStopPrice": "90",
    "belowPrice": "89",
    "belowTimeInForce": "GTC",
    "belowClientOrderId": "stop",
    "listClientOrderId": "list",
}
OTOCO = {
    "symbol": "A",
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingTimeInForce": "FOK",
    "workingPrice": "100",
    "workingQuantity": "2",
    "pendingSide": "SELL",
    "pendingQuantity": "1",
    "pendingAboveType": "TAKE_PROFIT",
    "pendingAboveStopPrice": "110",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "90",
}


def test_a_pair_is_read_from_above_and_below() -> None:
    found = Reader().oco(OCO)
    above, below = found.pair
    assert (found.client_list_id, below.client_order_id) == ("list", "stop")
    assert (above.type, above.price, above.quantity) == ("LIMIT_MAKER", 110, 1)
    assert (below.price, below.stop_price, below.time_in_force) == (89, 90, "GTC")


@pytest.mark.parametrize("side", ["SELL", "BUY"])
def test_the_old_way_to_ask_for_a_pair_is_understood(side: str) -> None:
    asked = {"symbol": "A", "side": side, "quantity": "1", "price": "110", "stopPrice": "90"}
    kinds = {"LIMIT_MAKER", "STOP_LOSS"}
    found = Reader().old_oco(asked)
    assert {each.type for each in found.pair} == kinds
    assert found.pair[0].type == ("LIMIT_MAKER" if side == "SELL" else "STOP_LOSS")
    limited = Reader().old_oco(asked | {"stopLimitPrice": "89", "stopClientOrderId": "s"})
    (stop,) = (each for each in limited.pair if each.type == "STOP_LOSS_LIMIT")
    assert (stop.price, stop.client_order_id) == (89, "s")


def test_what_waits_is_read_with_its_working_order() -> None:
    found = Reader().oto(OTOCO, is_paired=True, takes_received=False)
    assert found.working is not None
    assert (found.working.side, found.working.quantity) == (Side.BUY, 2)
    assert [(each.type, each.quantity) for each in found.pair] == [
        ("TAKE_PROFIT", 1),
        ("STOP_LOSS", 1),
    ]
    received = {name: value for name, value in OTOCO.items() if name != "pendingQuantity"}
    taken = Reader().oto(received, is_paired=True, takes_received=True)
    assert [each.quantity for each in taken.pair] == [0, 0]


def test_one_order_may_wait_alone_at_the_market() -> None:
    asked = OTOCO | {"pendingType": "MARKET"}
    found = Reader().oto(asked, is_paired=False, takes_received=False)
    assert [each.type for each in found.pair] == ["MARKET"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"pendingAbovePrice": "5"}, -1106),
        ({"pendingBelowTimeInForce": "GTC"}, -1106),
        ({"pendingBelowStopPrice": ""}, -1102),
        ({"workingTimeInForce": "SOON"}, -1115),
        ({"workingIcebergQty": "1"}, -1013),
        ({"pendingBelowTrailingDelta": "100"}, -1013),
        ({"pendingSide": "HOLD"}, -1117),
        ({"workingType": "MAGIC"}, -1116),
    ],
)
def test_what_does_not_belong_is_refused_with_its_code(changes: dict[str, str], code: int) -> None:
    with pytest.raises(Refused) as found:
        Reader().oto(OTOCO | changes, is_paired=True, takes_received=False)
    assert found.value.code == code


def test_a_market_order_has_one_size() -> None:
    asked = {"symbol": "A", "side": "BUY", "type": "MARKET", "quoteOrderQty": "10"}
    assert Reader().order(asked).quote_quantity == 10
    with pytest.raises(Refused, match="Combination"):
        Reader().order(asked | {"quantity": "1"})


def test_who_names_nothing_gets_a_name_each_time() -> None:
    reader = Reader()
    asked = {"symbol": "A", "side": "BUY", "type": "MARKET", "quantity": "1"}
    assert reader.order(asked).client_order_id != reader.order(asked).client_order_id


def test_the_small_parts_are_read_or_refused() -> None:
    assert order_name({"orderId": "7", "origClientOrderId": "a"}) == (7, "")
    assert respond_type({}, "ACK") == "ACK"
    assert positive({"q": "2"}, "q") == 2
    with pytest.raises(Refused, match="newOrderRespType"):
        respond_type({"newOrderRespType": "ALL"}, "ACK")
