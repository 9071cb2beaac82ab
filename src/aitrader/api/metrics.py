"""Numbers for Prometheus: `/metrics`.

Counters and gauges are read from the view and the engine's health when somebody asks; only what
has to be timed is noted as it happens: how long requests take, and how long an order takes from
plan to its fills. `docs/operations.md` names every one; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from aitrader.api.exposition import (
    Histogram,
    Labels,
    Timer,
    counter_lines,
    gauge_lines,
    text_of,
)
from aitrader.api.inside import Vitals
from aitrader.model.events import Event, OrderPlanned, OrderUpdated, ScreenDone
from aitrader.model.ids import ClientOrderId
from aitrader.model.view import Frame, Status

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_OPEN = 10_000
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})

COUNTERS: Final = {
    "candles": ("aitrader_candles", "Closed candles taken in"),
    "checks": ("aitrader_checks", "Trader x symbol evaluations"),
    "signals": ("aitrader_signals", "Signals raised"),
    "orders": ("aitrader_orders", "Orders planned"),
    "positions_opened": ("aitrader_positions_opened", "Positions opened"),
    "positions_closed": ("aitrader_positions_closed", "Positions closed"),
    "errors": ("aitrader_errors", "Things a person should look into"),
}
"""A field of the view's `Status`: the metric it is, and what it means."""

GAUGES: Final = {
    "equity": ("aitrader_equity_quote", "The account's worth"),
    "cash": ("aitrader_cash_quote", "Quote not in positions"),
    "day_pnl": ("aitrader_day_pnl_quote", "Realized since 00:00 UTC"),
    "total_pnl": ("aitrader_total_pnl_quote", "Gained since the account began"),
    "open_positions": ("aitrader_open_positions", "Positions that are open"),
    "feed_age_ms": ("aitrader_feed_age_milliseconds", "Since the last frame of the market stream"),
    "messages_per_s": ("aitrader_messages_per_second", "Frames of the market stream"),
    "screen_ms": ("aitrader_screen_milliseconds", "CPU of the last screening"),
    "is_paused": ("aitrader_entries_paused", "1 while new entries are held back"),
}

REQUEST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
ORDER_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SCREEN_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Metrics:
    """Everything that is measured; it is also an observer of the engine's facts."""

    def __init__(self) -> None:
        self._planned: dict[ClientOrderId, int] = {}
        self._timers: dict[tuple[str, str, int], Timer] = {}
        self._requests = Histogram(
            "aitrader_http_request_seconds",
            "HTTP requests, from the first byte read to the answer",
            REQUEST_S,
            labels=("method", "route", "status"),
        )
        self._orders = Histogram(
            "aitrader_order_seconds",
            "From an order's plan to its last fill, in the exchange's time",
            ORDER_S,
            labels=("leg",),
        )
        self._screens = Histogram("aitrader_screen_seconds", "CPU of a screening", SCREEN_S)
        self._fills = 0

    def note_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Take note of a request that was answered."""
        key = (method if method in METHODS else "other", route, status)
        timer = self._timers.get(key)
        if timer is None:
            timer = self._timers[key] = self._requests.timer(key[0], route, str(status))
        timer.observe(seconds)

    def update(self, facts: Sequence[Event]) -> None:
        """Take note of what the engine says of orders and screenings."""
        for fact in facts:
            if isinstance(fact, ScreenDone):
                self._screens.timer().observe(fact.cpu_ms / 1000)
            elif isinstance(fact, OrderPlanned) and len(self._planned) < MOST_OPEN:
                self._planned[fact.order.client_order_id] = fact.order.planned_ms
            elif isinstance(fact, OrderUpdated):
                self._note_order(fact)

    def _note_order(self, fact: OrderUpdated) -> None:
        order = fact.order
        if fact.fill is not None:
            self._fills += 1
        if order.is_done:
            planned_ms = self._planned.pop(order.client_order_id, None)
            if planned_ms is not None and order.filled:
                late_s = max(fact.at_ms - planned_ms, 0) / 1000
                self._orders.timer(order.leg.value).observe(late_s)

    def text(self, frame: Frame, vitals: Vitals, *, connections: int) -> bytes:
        """Return all of it in Prometheus's text format."""
        now = chain(_of_status(frame.status), _of_process(vitals, connections))
        timed = (self._requests, self._orders, self._screens)
        lines = chain.from_iterable(histogram.lines() for histogram in timed)
        fills = counter_lines("aitrader_fills", "Fills", [({}, float(self._fills))])
        return text_of(chain(lines, fills, now))


def _of_status(status: Status) -> Iterator[str]:
    """Yield what the view says."""
    for field, (name, text) in COUNTERS.items():
        yield from counter_lines(name, text, [({}, float(getattr(status, field)))])
    for field, (name, text) in GAUGES.items():
        yield from gauge_lines(name, text, float(getattr(status, field)))
    is_live = float(status.feed == "live")
    yield from gauge_lines("aitrader_feed_live", "1 while prices stream", is_live)


def _of_process(vitals: Vitals, connections: int) -> Iterator[str]:
    """Yield how the engine's process is."""
    cost = vitals.cost()
    gauges = (
        ("aitrader_inbox_events", "Events that wait for the engine", vitals.waiting),
        ("aitrader_memory_megabytes", "Resident memory", cost.rss_mb),
        ("aitrader_loop_lag_milliseconds", "How late the loop wakes a sleeper", cost.lag_ms),
        ("aitrader_store_failing", "1 while the disk refuses", bool(vitals.store_fault)),
        ("aitrader_websocket_clients", "Connections of /ws", connections),
    )
    for name, text, value in gauges:
        yield from gauge_lines(name, text, float(value))
    counters: tuple[tuple[str, str, Sequence[tuple[Labels, float]]], ...] = (
        ("aitrader_cpu_seconds", "CPU used", [({}, cost.cpu_s)]),
        (
            "aitrader_feed_reconnects",
            "Connections of the market stream that were opened again",
            [({}, vitals.reconnects)],
        ),
        (
            "aitrader_feed_dropped",
            "Frames of the market stream that changed nothing",
            [({"reason": name}, count) for name, count in sorted(vitals.dropped.items())],
        ),
        (
            "aitrader_happenings",
            "The engine's own counters, by name",
            [({"name": name}, count) for name, count in sorted(vitals.counts().items())],
        ),
    )
    for name, text, rows in counters:
        yield from counter_lines(name, text, rows)
