"""Numbers for Prometheus: `/metrics`.

Counters and gauges are read from the view and the engine's health when somebody asks; only what
has to be timed is noted as it happens: how long requests take, and how long an order takes from
plan to its fills. `docs/operations.md` names every one; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aitrader.api.inside import Spent
from aitrader.model.events import Event, OrderPlanned, OrderUpdated, ScreenDone
from aitrader.model.ids import ClientOrderId
from aitrader.model.view import Frame, Status

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_OPEN = 10_000
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})

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
        self._registry = CollectorRegistry()
        self._planned: dict[ClientOrderId, int] = {}
        self._timers: dict[tuple[str, str, int], Histogram] = {}
        self._requests = Histogram(
            "aitrader_http_request_seconds",
            "HTTP requests, from the first byte read to the answer",
            ("method", "route", "status"),
            registry=self._registry,
            buckets=REQUEST_S,
        )
        self._orders = Histogram(
            "aitrader_order_seconds",
            "From an order's plan to its last fill, in the exchange's time",
            ("leg",),
            registry=self._registry,
            buckets=ORDER_S,
        )
        self._screens = Histogram(
            "aitrader_screen_seconds",
            "CPU of a screening",
            registry=self._registry,
            buckets=SCREEN_S,
        )
        self._fills = Counter("aitrader_fills", "Fills", registry=self._registry)

    def note_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Take note of a request that was answered."""
        key = (method if method in METHODS else "other", route, status)
        timer = self._timers.get(key)
        if timer is None:
            timer = self._timers[key] = self._requests.labels(key[0], route, str(status))
        timer.observe(seconds)

    def update(self, facts: Sequence[Event]) -> None:
        """Take note of what the engine says of orders and screenings."""
        for fact in facts:
            if isinstance(fact, ScreenDone):
                self._screens.observe(fact.cpu_ms / 1000)
            elif isinstance(fact, OrderPlanned) and len(self._planned) < MOST_OPEN:
                self._planned[fact.order.client_order_id] = fact.order.planned_ms
            elif isinstance(fact, OrderUpdated):
                self._note_order(fact)

    def _note_order(self, fact: OrderUpdated) -> None:
        order = fact.order
        if fact.fill is not None:
            self._fills.inc()
        if order.is_done:
            planned_ms = self._planned.pop(order.client_order_id, None)
            if planned_ms is not None and order.filled:
                late_s = max(fact.at_ms - planned_ms, 0) / 1000
                self._orders.labels(order.leg.value).observe(late_s)

    def text(self, frame: Frame, cost: Spent, *, counts: dict[str, int], connections: int) -> bytes:
        """Return all of it in Prometheus's text format."""
        registry = CollectorRegistry()
        registry.register(_Now(frame.status, cost, counts=counts, connections=connections))
        return generate_latest(self._registry) + generate_latest(registry)


class _Now(Collector):
    """What is read when somebody asks."""

    def __init__(
        self, status: Status, cost: Spent, *, counts: dict[str, int], connections: int
    ) -> None:
        self._status = status
        self._cost = cost
        self._counts = counts
        self._connections = connections

    def collect(self) -> Iterator[Metric]:
        """Yield every counter and gauge."""
        for field, (name, text) in COUNTERS.items():
            yield CounterMetricFamily(name, text, value=float(getattr(self._status, field)))
        for field, (name, text) in GAUGES.items():
            yield GaugeMetricFamily(name, text, value=float(getattr(self._status, field)))
        is_live = float(self._status.feed == "live")
        yield GaugeMetricFamily("aitrader_feed_live", "1 while prices stream", value=is_live)
        cost = self._cost
        yield GaugeMetricFamily("aitrader_memory_megabytes", "Resident memory", value=cost.rss_mb)
        yield GaugeMetricFamily(
            "aitrader_loop_lag_milliseconds", "How late the loop wakes", value=cost.lag_ms
        )
        yield CounterMetricFamily("aitrader_cpu_seconds", "CPU used", value=cost.cpu_s)
        yield GaugeMetricFamily(
            "aitrader_websocket_clients", "Connections of /ws", value=float(self._connections)
        )
        counted = CounterMetricFamily(
            "aitrader_happenings", "The engine's own counters, by name", labels=["name"]
        )
        for name, number in sorted(self._counts.items()):
            counted.add_metric([name], float(number))
        yield counted
