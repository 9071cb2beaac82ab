from aitrader.market.offers import unknown
from aitrader.model.order import Side


def test_nothing_is_known_of_any_book() -> None:
    assert unknown("BTCUSDT", Side.BUY) is None  # type: ignore[func-returns-value]
