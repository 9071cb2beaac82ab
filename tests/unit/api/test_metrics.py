"""Metrics: what Prometheus reads."""

from __future__ import annotations

import re
from pathlib import Path

from tests.api_room import Room, ask
from tests.builders import a_fill, a_filled_order, an_order

from aitrader.model.events import OrderPlanned, OrderUpdated, ScreenDone
from aitrader.model.order import OrderStatus

DOCS = Path(__file__).parents[3] / "docs" / "operations.md"
SCREEN = ScreenDone(
    at_ms=1, closed_ms=1, matches=(), exit_matches=(), warming=(), faults=(), checks=1, cpu_ms=2.0
)


def names_of(text: str) -> set[str]:
    return set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))


def text_of(room: Room) -> str:
    return ask(room, "GET", "/metrics").text


def test_the_engine_is_told_in_numbers(tmp_path: Path) -> None:
    room = Room(tmp_path)
    text = text_of(room)
    assert "aitrader_signals_total 8.0" in text
    assert "aitrader_open_positions 4.0" in text
    assert "aitrader_equity_quote 10123.45" in text
    assert 'aitrader_happenings_total{name="error_wire"} 1.0' in text
    assert "aitrader_inbox_events 3.0" in text
    assert "aitrader_feed_reconnects_total 2.0" in text
    assert 'aitrader_feed_dropped_total{reason="unfit"} 4.0' in text
    assert "aitrader_store_failing 0.0" in text
    assert "aitrader_feed_live 1.0" in text


def test_requests_are_timed_by_route_and_not_by_address(tmp_path: Path) -> None:
    room = Room(tmp_path)
    ask(room, "GET", "/api/traders/one")
    ask(room, "GET", "/api/traders/two")
    ask(room, "BREW", "/api/markets")
    text = text_of(room)
    assert 'count{method="GET",route="/api/traders/{trader_id}",status="404"} 2.0' in text
    assert 'count{method="other",route="other",status="405"} 1.0' in text


def test_orders_are_timed_from_plan_to_fill(tmp_path: Path) -> None:
    room = Room(tmp_path)
    order = an_order(planned_ms=1000)
    done = a_filled_order(planned_ms=1000)
    room.metrics.update(
        (
            SCREEN,
            OrderPlanned(at_ms=1000, order=order),
            OrderUpdated(at_ms=1500, order=done, fill=a_fill()),
            OrderUpdated(at_ms=1500, order=done, fill=None),
        )
    )
    text = text_of(room)
    assert 'aitrader_order_seconds_sum{leg="ENTRY"} 0.5' in text
    assert "aitrader_fills_total 1.0" in text
    assert "aitrader_screen_seconds_sum 0.002" in text


def test_an_order_that_ended_unfilled_is_not_timed(tmp_path: Path) -> None:
    room = Room(tmp_path)
    order = an_order(planned_ms=1000)
    canceled = an_order(planned_ms=1000, status=OrderStatus.CANCELED)
    room.metrics.update(
        (
            OrderPlanned(at_ms=1000, order=order),
            OrderUpdated(at_ms=1100, order=canceled, fill=None),
        )
    )
    assert "aitrader_order_seconds_count" not in text_of(room)


def test_the_documents_name_every_metric_and_no_other(tmp_path: Path) -> None:
    room = Room(tmp_path)
    page = DOCS.read_text(encoding="utf-8")
    told = names_of(text_of(room))
    named = set(re.findall(r"^\| `(aitrader_\w+)` \|", page, re.MULTILINE))
    assert told == named
    assert set(re.findall(r"\baitrader_\w+", page)) <= named
