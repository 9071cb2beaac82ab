import asyncio

import httpx2
import pytest
from tests.unit.exchange.simulated.test_server import tell

from aitrader.exchange.simulated.limits import LimitSettings
from aitrader.exchange.simulated.options import Address


async def switch(http: httpx2.AsyncClient, **fault: object) -> None:
    answer = await http.post("/simulator/faults", json=fault)
    assert answer.status_code == 200, answer.text


def test_faults_are_switched_shown_and_cleared() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        several = [{"kind": "drop"}, {"kind": "halt", "symbol": "BTCUSDT"}]
        assert (await http.post("/simulator/faults", json=several)).json() == {"numbers": [1, 2]}
        shown = (await http.get("/simulator/faults")).json()
        assert shown[1]["fault"]["status"] == "HALT"
        left = (await http.delete("/simulator/faults", params={"number": 2})).json()
        assert [each["number"] for each in left] == [1]
        assert (await http.delete("/simulator/faults")).json() == []
        wrong = await http.post("/simulator/faults", json={"kind": "rain"})
        assert wrong.status_code == 400

    tell(story)


def test_the_books_are_open_to_everybody() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        book = (await http.get("/simulator/books", params={"open": "true"})).json()
        assert book["orders"] == []
        assert book["balances"]["USDT"]["free"] == "10000"
        assert book["at_ms"] >= address.now_ms

    tell(story)


def test_how_long_something_stood_without_a_stop_is_open_to_everybody() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        told = (await http.get("/simulator/exposure")).json()
        assert (told["spans"], told["windows"]) == ([], [])
        assert told["at_ms"] >= address.now_ms

    tell(story)


def test_strikes_and_refusals_are_counted() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        await switch(http, kind="status", path="time", times=2)
        await switch(http, kind="reset")
        for _ in range(3):
            await http.get("/api/v3/time")
        await http.get("/api/v3/ticker/price", params={"symbol": "NOPE"})
        assert (await http.get("/simulator/counts")).json() == {
            "struck": {"status": 2, "reset": 1},
            "refused": {"GET ticker/price -1121": 1},
        }

    tell(story)


def test_keys_are_added_and_removed() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        given = {"key": "mine", "secret": "s"}
        assert (await http.post("/simulator/keys", json=given)).json() == {"key": "mine"}
        assert (await http.delete("/simulator/keys/mine")).status_code == 200
        assert (await http.post("/simulator/keys", json={"key": "mine"})).status_code == 400
        assert (await http.post("/simulator/keys", content=b"x")).status_code == 400

    tell(story)


@pytest.mark.parametrize("kind", ["lost_answer", "lost_request"])
def test_a_connection_is_cut_before_or_after_the_request_is_carried_out(kind: str) -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        await switch(http, kind=kind, path="time", times=1)
        with pytest.raises(httpx2.TransportError):
            await http.get("/api/v3/time")
        assert (await http.get("/api/v3/time")).status_code == 200

    tell(story)


def test_an_answer_may_never_come() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        await switch(http, kind="lost_answer", is_silent=True, times=1)
        with pytest.raises(httpx2.TimeoutException):
            await http.get("/api/v3/time", timeout=0.1)

    tell(story)


def test_statuses_and_delays_come_as_told() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        loop = asyncio.get_running_loop()
        await switch(http, kind="status", status=429, code=-1003, retry_after_s=7, times=1)
        answer = await http.get("/api/v3/time")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
        await switch(http, kind="delay", delay_ms=30, times=1)
        began = loop.time()
        await http.get("/api/v3/time")
        assert loop.time() - began >= 0.03

    tell(story)


def test_the_clock_of_requests_may_be_off() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        before = (await http.get("/api/v3/time")).json()["serverTime"]
        await switch(http, kind="clock_offset", offset_ms=86_400_000)
        after = (await http.get("/api/v3/time")).json()["serverTime"]
        assert after - before >= 86_400_000

    tell(story)


def test_who_asks_too_much_is_told_to_wait() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        assert (await http.get("/api/v3/exchangeInfo")).status_code == 200
        answer = await http.get("/api/v3/exchangeInfo")
        assert (answer.status_code, answer.json()["code"]) == (429, -1003)
        assert 1 <= int(answer.headers["Retry-After"]) <= 60

    tell(story, limits=LimitSettings(weight=30))


def test_a_client_that_dies_in_the_middle_of_its_question_is_nobody() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        host, port = address.exchange.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /api/v3/order HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\nsymbol")
        await writer.drain()
        writer.transport.abort()
        assert (await http.get("/simulator/counts")).json() == {"struck": {}, "refused": {}}

    tell(story)
