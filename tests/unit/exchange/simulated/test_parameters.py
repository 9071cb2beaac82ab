from collections.abc import Callable
from decimal import Decimal

import pytest

from aitrader.exchange.simulated import parameters
from aitrader.model.errors import Refused


@pytest.mark.parametrize(
    ("read", "text", "code"),
    [
        (parameters.needed, "", -1102),
        (lambda params, name: parameters.whole(params, name, 0), "1.5", -1100),
        (lambda params, name: parameters.whole(params, name, 0), "1" * 21, -1100),
        (parameters.number, "NaN", -1100),
        (parameters.number, "-1", -1100),
        (parameters.number, "1e3", -1100),
        (parameters.number, "0.123456789", -1111),
        (parameters.client_id, "no spaces", -1100),
        (parameters.client_id, "x" * 37, -1100),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_code(
    read: Callable[[dict[str, str], str], object], text: str, code: int
) -> None:
    with pytest.raises(Refused) as found:
        read({"a": text}, "a")
    assert found.value.code == code


def test_what_was_not_sent_has_a_default() -> None:
    assert parameters.whole({}, "a", 5) == 5
    assert parameters.number({}, "a", Decimal(7)) == 7
    assert parameters.client_id({}, "a") == ""
    assert parameters.is_true({}, "a", default=True)


def test_numbers_are_exact() -> None:
    assert parameters.number({"a": "0.10000000"}, "a") == Decimal("0.1")
    assert parameters.whole({"a": "-3"}, "a", 0) == -3
    assert not parameters.is_true({"a": "False"}, "a", default=True)
