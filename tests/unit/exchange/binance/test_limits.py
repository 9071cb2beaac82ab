from __future__ import annotations

import asyncio

import pytest

from aitrader.exchange.binance.limits import WeightLimiter


class Time:
    """Seconds that pass only while somebody waits."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.waits: list[float] = []

    def time_s(self) -> float:
        return self.now_s

    async def sleep(self, wait_s: float) -> None:
        self.waits.append(wait_s)
        self.now_s += wait_s


def a_limiter(per_minute: int = 100) -> tuple[WeightLimiter, Time]:
    time = Time()
    return WeightLimiter(per_minute, time_s=time.time_s, sleep=time.sleep), time


def take(limiter: WeightLimiter, *weights: int) -> None:
    async def story() -> None:
        for weight in weights:
            await limiter.take(weight)

    asyncio.run(story())


def test_within_the_budget_nobody_waits() -> None:
    limiter, time = a_limiter()
    take(limiter, 40, 40)
    assert time.waits == []
    assert limiter.used == 80


def test_past_the_budget_the_next_window_is_waited_for() -> None:
    limiter, time = a_limiter()
    take(limiter, 40, 40)
    time.now_s += 15.0
    take(limiter, 1)
    assert time.waits == [45.0]
    assert limiter.used == 1


def test_one_request_larger_than_the_budget_leaves_alone() -> None:
    limiter, time = a_limiter()
    take(limiter, 500)
    assert time.waits == []


def test_what_the_exchange_has_counted_counts() -> None:
    limiter, time = a_limiter()
    take(limiter, 2)
    assert limiter.learn(200, {"x-mbx-used-weight-1m": "79"}) is None
    take(limiter, 2)
    assert time.waits == [60.0]


def test_a_lower_count_of_the_exchange_does_not_undo_ours() -> None:
    limiter, _ = a_limiter()
    take(limiter, 50)
    limiter.learn(200, {"x-mbx-used-weight-1m": "7"})
    limiter.learn(200, {"x-mbx-used-weight-1m": "many"})
    assert limiter.used == 50


@pytest.mark.parametrize(
    ("status", "headers", "away_s"),
    [
        (429, {"retry-after": "7"}, 7.0),
        (429, {}, 1.0),
        (429, {"retry-after": "0"}, 1.0),
        (418, {"retry-after": "300"}, 300.0),
        (418, {}, 120.0),
    ],
)
def test_everybody_stays_away_as_long_as_the_exchange_says(
    status: int, headers: dict[str, str], away_s: float
) -> None:
    limiter, time = a_limiter()
    assert limiter.learn(status, headers) == away_s
    take(limiter, 1)
    assert time.waits == [away_s]


def test_the_limit_is_what_the_exchange_states() -> None:
    limiter, time = a_limiter()
    limiter.set_limit(10)
    take(limiter, 5, 5)
    assert time.waits == [60.0]


def test_by_default_the_loops_time_counts() -> None:
    take(WeightLimiter(), 1)
