from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.exchange.simulated.test_venue import Floor, a_limit, a_stop

from aitrader.exchange.simulated.exposure import Exposure, Span, Step, Window


class Watched(Floor):
    """A venue and what the exchange says of its account's exposure."""

    def __init__(self) -> None:
        super().__init__()
        self.exposure = Exposure(self.venue, now_ms=lambda: self.time_ms)

    def spans(self) -> list[tuple[int, int, Decimal]]:
        return [
            (span.from_ms, span.until_ms, max(step.quantity for step in span.steps))
            for span in self.exposure.spans()
        ]


def test_what_is_bought_is_bare_until_its_stop_rests() -> None:
    floor = Watched()
    floor.place(quantity=Decimal(1))
    assert floor.exposure.spans() == [
        Span(
            symbol="BTCUSDT",
            from_ms=1_000,
            steps=[Step(1_000, quantity=Decimal("0.999"), least=Decimal("0.05"))],
        )
    ]
    floor.time_ms = 1_700
    floor.place(**a_stop("90", quantity=Decimal("0.999")))
    assert floor.spans() == [(1_000, 1_700, Decimal("0.999"))]
    floor.time_ms = 2_000
    floor.place(symbol="ETHUSDT", client_order_id="other", quantity=Decimal(1))
    assert [span.symbol for span in floor.exposure.spans()] == ["BTCUSDT", "ETHUSDT"]
    floor.see(80.0)
    assert [span.until_ms for span in floor.exposure.spans()] == [1_700, 0]


def test_a_stop_that_is_taken_off_begins_another_span() -> None:
    floor = Watched()
    floor.place(quantity=Decimal(1))
    stop = floor.place(**a_stop("90", quantity=Decimal("0.999")))
    floor.time_ms = 2_000
    floor.venue.cancel("BTCUSDT", order_id=stop.order_id, client_order_id="")
    floor.time_ms = 2_100
    floor.place(client_order_id="more", quantity=Decimal(1))
    assert floor.spans() == [
        (1_000, 1_000, Decimal("0.999")),
        (2_000, 0, Decimal("1.998")),
    ]


def test_a_span_tells_each_of_its_steps() -> None:
    floor = Watched()
    floor.place(quantity=Decimal(1))
    floor.time_ms = 1_500
    floor.place(client_order_id="more", quantity=Decimal(1))
    (span,) = floor.exposure.spans()
    assert [(step.at_ms, step.quantity) for step in span.steps] == [
        (1_000, Decimal("0.999")),
        (1_500, Decimal("1.998")),
    ]


def test_what_is_too_little_to_sell_and_what_waits_to_be_bought_are_not_bare() -> None:
    floor = Watched()
    floor.place(quantity=Decimal("0.05"))
    floor.place(client_order_id="low", **a_limit("50", quantity=Decimal(1)))
    assert floor.spans() == []


def test_what_is_worth_an_order_but_no_whole_step_of_it_is_not_bare() -> None:
    floor = Watched()
    floor.see(90.0)
    floor.place(quantity=Decimal("0.056"))  # 0.055944 after the fee: 5.03 dollars, 0.055 is 4.95
    assert floor.spans() == []
    floor.place(client_order_id="more", quantity=Decimal("0.057"))
    assert [span[1] for span in floor.spans()] == [0]


def test_a_target_is_no_stop() -> None:
    floor = Watched()
    floor.place(quantity=Decimal(1))
    target = {**a_stop("110", quantity=Decimal("0.999")), "type": "TAKE_PROFIT"}
    floor.place(**target)
    assert [span[1] for span in floor.spans()] == [0]


def test_an_order_of_whose_fate_nobody_hears_has_its_window() -> None:
    floor = Watched()
    asked = {"symbol": "BTCUSDT", "timestamp": "1900", "recvWindow": "1500"}
    floor.exposure.note_unclear(asked, told_ms=1_900)
    assert floor.exposure.windows() == [Window(symbol="BTCUSDT", from_ms=1_000, until_ms=2_500)]


@pytest.mark.parametrize(
    "asked", [{}, {"timestamp": "soon"}, {"timestamp": "1", "recvWindow": "1"}]
)
def test_a_request_that_would_be_refused_opens_no_window(asked: dict[str, str]) -> None:
    floor = Watched()
    floor.exposure.note_unclear(asked, told_ms=1_000)
    assert floor.exposure.windows() == []
