"""The bucket: a burst, then a steady rate, each key for itself."""

from __future__ import annotations

import pytest

from aitrader.api.limits import MOST_KEYS, Limiter


class Now:
    """A time that is moved by hand."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def test_a_burst_is_let_through_and_then_the_rate() -> None:
    now = Now()
    limiter = Limiter(60, now)
    assert [limiter.take("a") for _ in range(60)] == [0.0] * 60
    assert limiter.take("a") == pytest.approx(1.0)
    now.s = 1.0
    assert limiter.take("a") == 0.0
    assert limiter.take("a") > 0.0
    assert limiter.take("b") == 0.0


def test_no_limit_is_no_limit() -> None:
    limiter = Limiter(0, Now())
    assert {limiter.take("a") for _ in range(1000)} == {0.0}


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    now = Now()
    limiter = Limiter(2, now)
    limiter.take("a")
    now.s = 3600.0
    assert [limiter.take("a") > 0 for _ in range(3)] == [False, False, True]


def test_keys_without_end_do_not_fill_the_memory() -> None:
    limiter = Limiter(1, Now())
    for number in range(MOST_KEYS + 1):
        limiter.take(str(number))
    assert limiter.take("1") > 0.0
    assert limiter.take("0") == 0.0
