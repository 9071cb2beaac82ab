from aitrader.exchange.simulated.limits import BAN_MS, PATIENCE, Limits, LimitSettings
from aitrader.model.candle import MINUTE_MS


class Clock:
    """A clock set by hand."""

    at_ms = 600_000


def limits_at(clock: Clock, **changes: int) -> Limits:
    return Limits(lambda: clock.at_ms, LimitSettings(**changes))


def test_weight_is_counted_anew_each_calendar_minute() -> None:
    clock = Clock()
    limits = limits_at(clock)
    limits.take(20)
    assert limits.take(2) is None
    assert limits.headers()["X-MBX-USED-WEIGHT-1M"] == "22"
    clock.at_ms += MINUTE_MS
    assert limits.headers()["X-MBX-USED-WEIGHT-1M"] == "0"


def test_too_much_weight_is_answered_429_until_the_minute_is_over() -> None:
    clock = Clock()
    clock.at_ms += 15_000
    limits = limits_at(clock, weight=10)
    verdict = limits.take(11)
    assert verdict is not None
    assert (verdict.status, verdict.code, verdict.retry_after_ms) == (429, -1003, 45_000)
    clock.at_ms += 45_000
    assert limits.take(1) is None


def test_raw_requests_have_a_limit_of_their_own() -> None:
    limits = limits_at(Clock(), requests=1)
    assert limits.take(1) is None
    verdict = limits.take(1)
    assert verdict is not None and verdict.retry_after_ms == 5 * MINUTE_MS


def test_who_does_not_stop_is_banned_for_a_while() -> None:
    clock = Clock()
    limits = limits_at(clock, weight=1)
    for _ in range(PATIENCE):
        verdict = limits.take(2)
        assert verdict is not None and verdict.status == 429
    for _ in range(2):
        verdict = limits.take(2)
        assert verdict is not None and verdict.status == 418
        assert f"banned until {clock.at_ms + BAN_MS}" in verdict.message
    clock.at_ms += BAN_MS
    assert limits.take(1) is None


def test_orders_that_have_not_filled_are_counted() -> None:
    limits = limits_at(Clock(), orders_10s=2)
    assert limits.take_orders(2) is None
    verdict = limits.take_orders(1)
    assert verdict is not None
    assert (verdict.code, verdict.message) == (
        -1015,
        "Too many new orders; current limit is 2 orders per 10 SECOND.",
    )
    limits.give_back(1)
    assert limits.take_orders(1) is None
    headers = limits.headers(with_orders=True)
    assert (headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1D"]) == ("2", "2")


def test_limits_are_stated_with_their_counts() -> None:
    limits = limits_at(Clock())
    limits.take(7)
    assert [row["limit"] for row in limits.stated()] == [6000, 100, 200_000, 300_000]
    assert [row["count"] for row in limits.counts()] == [7, 0, 0]
    assert [row["interval"] for row in limits.counts(only_orders=True)] == ["SECOND", "DAY"]
