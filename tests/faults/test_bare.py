"""What the fault suite counts of the exchange's record of holdings without a stop."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fault_suite.bare import measured
from fault_suite.books import Leftover

LEAST = "0.05"


def a_step(at_ms: int, quantity: str) -> dict[str, Any]:
    return {"at_ms": at_ms, "quantity": quantity, "least": LEAST}


def a_record(*steps: dict[str, Any], windows: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    span = {"symbol": "BTCUSDT", "from_ms": steps[0]["at_ms"], "until_ms": 0, "steps": steps}
    return {"at_ms": 20_000, "windows": windows, "spans": [span]}


def test_what_lasts_still_lasts_until_now_and_is_found() -> None:
    found = measured(a_record(a_step(1_000, "1")), [], [])
    assert (found.spans, found.worst_ms) == (1, 19_000)
    assert found.findings() == [
        "unprotected: 19.0 s without a stop: 1 BTCUSDT from 1000 to 20000, "
        "0 ms of it without an engine"
    ]


def test_time_without_an_engine_and_open_windows_do_not_count() -> None:
    window = {"symbol": "BTCUSDT", "from_ms": 2_000, "until_ms": 6_000}
    found = measured(a_record(a_step(1_000, "1"), windows=(window,)), [(6_000, 19_000)], [])
    assert (found.worst_ms, found.worst_added_ms, found.worst_raw_ms) == (1_000, 2_000, 19_000)
    assert (found.downtime_ms, found.window_ms, found.findings()) == (13_000, 4_000, [])


def test_leftovers_of_closed_positions_are_not_bare_though_together_they_could_be_sold() -> None:
    record = a_record(
        a_step(0, "1"), a_step(2_000, "0.06"), a_step(9_000, "1.06"), a_step(10_000, "0.06")
    )
    left = [Leftover("BTCUSDT", at_ms, Decimal("0.03")) for at_ms in (1_500, 1_900)]
    found = measured(record, [], left)
    assert (found.spans, found.worst_ms, found.bare_ms) == (2, 2_000, 3_000)


def test_a_leftover_that_could_be_sold_or_of_another_symbol_is_bare() -> None:
    left = [Leftover("BTCUSDT", 0, Decimal(LEAST)), Leftover("ETHUSDT", 0, Decimal("0.01"))]
    assert measured(a_record(a_step(1_000, LEAST)), [], left).worst_ms == 19_000
