import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.exchange.simulated.test_matching import PAIR, WORKING
from tests.unit.exchange.simulated.test_venue import Floor, a_limit

from aitrader.exchange.simulated import answers
from aitrader.exchange.simulated.orders import NewList

PUBLISHED = Path(__file__).parents[4] / "../shared/data/binance/docs_examples.jsonl"


def published(doc: str, section: str, number: int = 0) -> dict[str, Any]:
    """Return an example of the exchange's documentation."""
    if not PUBLISHED.exists():
        pytest.skip(f"{PUBLISHED.name} is not there")
    rows = [json.loads(line) for line in PUBLISHED.read_text(encoding="utf-8").splitlines()]
    found = [row["example"] for row in rows if (row["doc"], row["section"]) == (doc, section)]
    example = found[number]
    return example[0] if isinstance(example, list) else example  # type: ignore[no-any-return]


def written(value: object) -> dict[str, Any]:
    """Return what a client reads."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return found


@pytest.fixture
def floor() -> Floor:
    found = Floor()
    found.place(quantity=Decimal(3), client_order_id="first")
    return found


def test_a_market_order_is_answered_in_the_published_shape(floor: Floor) -> None:
    order = floor.place()
    for number, kind in enumerate(("ACK", "RESULT", "FULL")):
        example = published("rest-api.md", "New order (TRADE)", number)
        assert written(answers.placed(order, kind)).keys() == example.keys()
    fill = published("rest-api.md", "New order (TRADE)", 2)["fills"][0]
    assert written(answers.placed(order, "FULL"))["fills"][0].keys() == fill.keys()


def test_a_cancellation_is_answered_in_the_published_shape(floor: Floor) -> None:
    order = floor.place(**a_limit("90"))
    found = written(answers.canceled(order, "c"))
    assert found.keys() == published("rest-api.md", "Cancel order (TRADE)").keys()


def test_an_order_is_told_in_the_published_shape(floor: Floor) -> None:
    order = floor.place(**a_limit("90"))
    found = written(answers.told(order))
    assert found.keys() == published("rest-api.md", "Query order (USER_DATA)").keys()


def test_a_list_is_told_in_the_published_shape(floor: Floor) -> None:
    made = floor.venue.place_list(NewList("l", PAIR, WORKING))
    example = published("rest-api.md", "New Order list - OTOCO (TRADE)")
    found = written(answers.list_placed(made, "RESULT"))
    assert found.keys() == example.keys()
    assert found["orderReports"][0].keys() == example["orderReports"][0].keys()
    assert found["contingencyType"] == example["contingencyType"]


def test_the_account_and_its_trades_are_told_in_the_published_shape(floor: Floor) -> None:
    account = answers.account(floor.venue.account, fee_bps=Decimal(10), at_ms=1, keeps_zero=True)
    example = published("rest-api.md", "Account information (USER_DATA)")
    assert written(account).keys() == example.keys()
    trade = answers.trade(floor.venue.records.trades_of("BTCUSDT")[0])
    assert (
        written(trade).keys() == published("rest-api.md", "Account trade list (USER_DATA)").keys()
    )


def test_events_have_the_published_keys(floor: Floor) -> None:
    order = floor.place(**a_limit("90"))
    example = published("user-data-stream.md", "Order Update")["event"]
    report = answers.execution_report(order, "NEW", at_ms=1, fill=None, cancel_id="")
    assert written(report).keys() == example.keys()
    assert {name: type(value) for name, value in written(report).items()} == {
        name: type(value) for name, value in example.items()
    }
    made = floor.venue.place_list(NewList("l", PAIR))
    example = published("user-data-stream.md", "Order Reject Reason")["event"]
    assert written(answers.list_report(made, 1)).keys() == example.keys()
    position = answers.account_position(floor.venue.account, ("BTC", "NONE"), 1)
    example = published("user-data-stream.md", "Account Update")["event"]
    assert written(position).keys() == example.keys()
    assert len(written(position)["B"]) == 1


def test_why_an_order_ended_is_told(floor: Floor) -> None:
    order = floor.place(**a_limit("90", time_in_force="IOC"))
    assert answers.state(order)["expiryReason"] == "UNFILLED_IOC_ORDER_EXPIRED"
    report = answers.execution_report(order, "EXPIRED", at_ms=1, fill=None, cancel_id="")
    assert report["eR"] == "UNFILLED_IOC_ORDER_EXPIRED"


def test_an_account_may_leave_out_what_is_empty(floor: Floor) -> None:
    floor.venue.account.add("ETH", Decimal(0))
    found = answers.account(floor.venue.account, fee_bps=Decimal(10), at_ms=1, keeps_zero=False)
    assert [row["asset"] for row in found["balances"]] == ["USDT", "BTC"]  # type: ignore[attr-defined]
