from decimal import Decimal

import msgspec
import pytest
from tests.builders import AT_MS, an_instrument, an_order

from aitrader.exchange.paper_account import PaperAccount
from aitrader.exchange.paper_book import PaperBook
from aitrader.exchange.paper_checks import TOO_LATE, UNKNOWN_SYMBOL, PaperChecks
from aitrader.model.instrument import Instrument
from aitrader.model.order import Order, OrderKind

RULES = {"BTCUSDT": an_instrument()}


class LateClock:
    def now_ms(self) -> int:
        return AT_MS + 5001


def refusal(
    *orders: Order,
    denied: bool = False,
    rules: dict[str, Instrument] = RULES,
    price: float | None = 100.0,
) -> tuple[int, str] | None:
    book = PaperBook()
    if denied:
        book.deny(orders[0].client_order_id)
    last = {} if price is None else {"BTCUSDT": price}
    checks = PaperChecks(LateClock(), book, find_instrument=rules.get, last_prices=last)
    found = checks.find_refusal(orders, PaperAccount(Decimal(150)))
    return None if found is None else (found.code, found.reason)


def test_an_order_within_the_rules_and_the_cash_is_taken() -> None:
    assert refusal(an_order()) is None
    assert refusal(an_order(), price=None) is None, "what it costs is not known yet"


def test_a_late_order_is_refused_only_if_it_was_said_to_be_unknown() -> None:
    found = refusal(an_order(), denied=True)
    assert found is not None
    assert found[0] == TOO_LATE


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (an_order(symbol="NOPEUSDT"), UNKNOWN_SYMBOL),
        (an_order(quantity=Decimal("0.0001")), -1013),
        (an_order(quantity=Decimal(2)), -2010),
        (an_order(kind=OrderKind.LIMIT, price=Decimal(151)), -2010),
    ],
)
def test_what_breaks_a_rule_or_cannot_be_paid_is_refused(order: Order, code: int) -> None:
    found = refusal(order)
    assert found is not None
    assert found[0] == code


def test_the_orders_of_a_list_are_refused_together() -> None:
    wrong = msgspec.structs.replace(an_order(attempt=2), quantity=Decimal("0.0001"))
    assert refusal(an_order(), wrong) == (-1013, "Filter failure: LOT_SIZE")
