from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from tests.unit.exchange.binance.stub import MINUTE, T0, StubExchange, kline_row

from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.rest import BinanceRest, RestTiming
from aitrader.model.errors import ConfigError, Refused, Transient

TIME = "/api/v3/time"
QUICK = RestTiming(timeout_s=0.3, attempts=2, backoff_first_s=0.002)


def tell(story: Callable[[BinanceRest, StubExchange], Awaitable[None]]) -> None:
    async def play() -> None:
        async with StubExchange() as stub:
            rest = BinanceRest(stub.rest_url, WeightLimiter(), QUICK)
            try:
                await story(rest, stub)
            finally:
                await rest.close()

    asyncio.run(play())


def test_only_rows_that_closed_by_the_given_time_come_oldest_first() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        stub.now_ms = T0 + 90_000
        rows = await rest.fetch_rows(
            "AUSDT", "1m", start_ms=T0 - 3 * MINUTE, closed_by_ms=T0 + MINUTE + 30_000
        )
        assert [open_ms for open_ms, _ in rows] == [T0 + n * MINUTE for n in (-3, -2, -1, 0)]

    tell(story)


def test_a_long_history_takes_several_pages() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        start_ms = T0 - 2_500 * MINUTE
        rows = await rest.fetch_rows("AUSDT", "1m", start_ms=start_ms, closed_by_ms=T0)
        assert [open_ms for open_ms, _ in rows] == list(range(start_ms, T0, MINUTE))
        assert stub.count("/api/v3/klines") == 3

    tell(story)


def test_nothing_is_asked_for_when_nothing_can_have_closed() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        assert await rest.fetch_rows("AUSDT", "1m", start_ms=T0, closed_by_ms=T0 + 5) == []
        assert stub.requests == []

    tell(story)


def test_a_page_without_a_usable_row_ends_the_history() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        stub.holes.update(range(T0 - 10 * MINUTE, T0, MINUTE))
        rows = await rest.fetch_rows("AUSDT", "1m", start_ms=T0 - 10 * MINUTE, closed_by_ms=T0)
        assert rows == []

    tell(story)


@pytest.mark.parametrize("status", [500, 503, 403, 408])
def test_what_is_unwell_is_asked_again(status: int) -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        stub.scripted["/api/v3/time"] = [(status, {}, b"")]
        assert await rest.fetch_time() == T0

    tell(story)


def test_what_stays_unwell_is_transient() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        stub.scripted["/api/v3/time"] = [(502, {}, b"bad gateway")] * 9
        with pytest.raises(Transient, match="/api/v3/time was answered 502 bad gateway"):
            await rest.fetch_time()
        assert stub.count("/api/v3/time") == 2

    tell(story)


@pytest.mark.parametrize("status", [429, 418])
def test_after_too_many_requests_nobody_asks_again_by_himself(status: int) -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        body = b'{"code":-1003,"msg":"Way too many requests."}'
        stub.scripted["/api/v3/time"] = [(status, {"retry-after": "9"}, body)]
        with pytest.raises(Transient, match="too many") as found:
            await rest.fetch_time()
        assert found.value.retry_after_s == 9.0
        assert stub.count("/api/v3/time") == 1

    tell(story)


def test_a_refusal_bears_the_exchanges_number_and_is_final() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        body = b'{"code":-1121,"msg":"Invalid symbol."}'
        stub.scripted["/api/v3/klines"] = [(400, {}, body)]
        with pytest.raises(Refused, match="Invalid symbol") as found:
            await rest.fetch_rows("NO", "1m", start_ms=T0 - MINUTE, closed_by_ms=T0)
        assert found.value.code == -1121
        assert stub.count("/api/v3/klines") == 1

    tell(story)


def test_an_answer_that_is_something_else_is_refused() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        stub.scripted["/api/v3/exchangeInfo"] = [(200, {}, b"<html>")]
        with pytest.raises(Refused, match="expected the rules"):
            await rest.fetch_instruments()

    tell(story)


def test_rules_bring_the_weight_limit() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        found = await rest.fetch_instruments()
        assert [row.symbol for row in found] == stub.symbols
        body = (
            b'{"serverTime":1,"symbols":[],"rateLimits":[{"rateLimitType":"RAW_REQUESTS",'
            b'"interval":"MINUTE","intervalNum":5,"limit":61000}]}'
        )
        stub.scripted["/api/v3/exchangeInfo"] = [(200, {}, body)]
        assert await rest.fetch_instruments() == ()

    tell(story)


def test_volumes_come_highest_first() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        rows = await rest.fetch_volumes()
        assert [symbol for symbol, _ in rows] == ["STRANGE", "CUSDT", "BUSDT", "AUSDT"]

    tell(story)


def test_a_closed_client_and_a_missing_server_are_transient() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        await rest.close()
        with pytest.raises(Transient, match="was closed"):
            await rest.fetch_time()
        lonely = BinanceRest("http://127.0.0.1:9", WeightLimiter(), QUICK)
        with pytest.raises(Transient, match=r"http://127.0.0.1:9 is not reachable"):
            await lonely.fetch_time()
        await lonely.close()

    tell(story)


def test_an_unsound_row_does_not_end_the_history() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        start_ms = T0 - 1_500 * MINUTE
        page = [kline_row("AUSDT", "1m", start_ms + n * MINUTE) for n in range(1_000)]
        for place in (0, 500, 999):
            page[place][4] = "NaN"
        stub.scripted["/api/v3/klines"] = [(200, {}, json.dumps(page).encode())]
        rows = await rest.fetch_rows("AUSDT", "1m", start_ms=start_ms, closed_by_ms=T0)
        assert len(rows) == 1_497
        assert rows[-1][0] == T0 - MINUTE

    tell(story)


def test_an_answer_of_older_candles_than_asked_for_ends_the_history() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        page = [kline_row("AUSDT", "1m", T0 - n * MINUTE) for n in (9, 8, 7)]
        stub.scripted["/api/v3/klines"] = [(200, {}, json.dumps(page).encode())] * 2
        rows = await rest.fetch_rows("AUSDT", "1m", start_ms=T0 - 3 * MINUTE, closed_by_ms=T0)
        assert rows == []
        assert stub.count("/api/v3/klines") == 1

    tell(story)


def test_prices_of_some_symbols_come_without_those_that_cannot_be() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        stub.prices = {"AUSDT": 1.5, "BUSDT": 0.0}
        assert await rest.fetch_prices(["AUSDT", "BUSDT"]) == (("AUSDT", 1.5),)
        assert stub.requests[-1][1]["symbols"] == '["AUSDT","BUSDT"]'

    tell(story)


def test_an_endpoint_that_keeps_failing_is_left_alone_until_there_is_a_sign_of_life() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        stub.scripted["/api/v3/time"] = [(502, {}, b"")] * 5
        for _ in range(3):
            with pytest.raises(Transient):
                await rest.fetch_time()
        with pytest.raises(Transient, match="left alone") as found:
            await rest.fetch_time()
        assert found.value.retry_after_s is not None
        assert stub.count("/api/v3/time") == 5
        assert await rest.fetch_instruments()
        rest.expect_life()
        assert await rest.fetch_time() == T0

    tell(story)


def test_requests_go_through_the_proxy_when_there_is_one() -> None:
    async def story(rest: BinanceRest, stub: StubExchange) -> None:
        through = BinanceRest("http://far.away", WeightLimiter(), QUICK, proxy_url=stub.rest_url)
        assert await through.fetch_time() == T0
        await through.close()

    tell(story)


def test_a_url_that_is_none_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigError, match="market_rest_url: expected a URL"):
        BinanceRest("http://[::1", WeightLimiter())


@pytest.mark.parametrize("status", [503, 451])
def test_another_host_is_asked_when_one_fails_and_kept(status: int) -> None:
    async def story() -> None:
        async with StubExchange() as first, StubExchange() as second:
            rest = BinanceRest(first.rest_url, WeightLimiter(), QUICK, spare_urls=[second.rest_url])
            first.scripted[TIME] = [(status, {}, b"")]
            assert await rest.fetch_time() == second.now_ms
            assert await rest.fetch_time() == second.now_ms
            assert (first.count(TIME), second.count(TIME)) == (1, 2)
            await rest.close()

    asyncio.run(story())


def test_a_host_that_cannot_be_reached_is_followed_by_the_next_and_that_by_the_first() -> None:
    async def story() -> None:
        async with StubExchange() as alive:
            async with StubExchange() as gone:
                pass
            rest = BinanceRest(gone.rest_url, WeightLimiter(), QUICK, spare_urls=[alive.rest_url])
            assert await rest.fetch_time() == alive.now_ms
            alive.scripted[TIME] = [(503, {}, b"")]
            with pytest.raises(Transient, match="not reachable"):
                await rest.fetch_time()
            await rest.close()

    asyncio.run(story())


def test_too_many_requests_are_not_taken_to_another_host() -> None:
    async def story() -> None:
        async with StubExchange() as first, StubExchange() as second:
            rest = BinanceRest(first.rest_url, WeightLimiter(), QUICK, spare_urls=[second.rest_url])
            first.scripted[TIME] = [(429, {"Retry-After": "1"}, b"")]
            with pytest.raises(Transient):
                await rest.fetch_time()
            assert second.count(TIME) == 0
            await rest.close()

    asyncio.run(story())


def test_a_proxy_that_is_no_address_is_refused_without_its_password() -> None:
    with pytest.raises(ConfigError, match="or proxy_url is no address") as refused:
        BinanceRest("http://far.away", WeightLimiter(), proxy_url="http://me:hunter2@:x")
    assert "hunter2" not in str(refused.value)
