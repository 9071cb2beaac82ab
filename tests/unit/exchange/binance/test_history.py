from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from tests.candle_history import ArchiveServer, a_history, an_archive

from aitrader.exchange.binance.history import (
    ArchiveFile,
    ArchiveTiming,
    BinanceArchive,
    files_for,
)
from aitrader.model.errors import Refused, Transient

T = TypeVar("T")

QUICK = ArchiveTiming(timeout_s=5.0, attempts=3, backoff_first_s=0.001, backoff_most_s=0.002)
MONTH = ArchiveFile("BTCUSDT", "5m", "2025-01")


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def spans(from_text: str, to_text: str, now_text: str) -> list[str]:
    files = files_for(
        "BTCUSDT", "5m", from_ms=ms(from_text), to_ms=ms(to_text), now_ms=ms(now_text)
    )
    return [file.span for file in files]


def ask(archive: ArchiveServer, question: Callable[[BinanceArchive], Awaitable[T]]) -> T:
    async def story() -> T:
        client = BinanceArchive(f"{archive.url}/", QUICK)
        try:
            return await question(client)
        finally:
            await client.close()

    return asyncio.run(story())


# -- which files ----------------------------------------------------------------------------------


def test_months_that_have_ended_are_one_file_each() -> None:
    assert spans("2024-11-15", "2025-02-01", "2026-01-01") == ["2024-11", "2024-12", "2025-01"]


def test_the_running_month_is_taken_by_day_until_yesterday() -> None:
    assert spans("2025-01-29", "2025-02-04", "2025-02-03T05:00") == [
        "2025-01",
        "2025-02-01",
        "2025-02-02",
    ]


def test_a_span_that_ends_at_midnight_does_not_want_the_next_day() -> None:
    assert spans("2025-02-01", "2025-02-02", "2025-02-20") == ["2025-02-01"]
    assert spans("2025-02-01", "2025-02-02T00:01", "2025-02-20") == ["2025-02-01", "2025-02-02"]


def test_what_cannot_have_been_published_is_not_asked_for() -> None:
    assert spans("2025-02-03", "2025-02-04", "2025-02-03T05:00") == []
    assert spans("2025-02-01", "2025-02-01T00:00", "2025-02-03") == []


def test_a_young_month_may_lack_and_has_its_days_instead() -> None:
    (young,) = files_for(
        "BTCUSDT",
        "5m",
        from_ms=ms("2025-01-30"),
        to_ms=ms("2025-02-01"),
        now_ms=ms("2025-02-05"),
    )
    assert young.may_lack
    assert [day.span for day in young.days] == ["2025-01-30", "2025-01-31"]
    (old,) = files_for(
        "BTCUSDT",
        "5m",
        from_ms=ms("2025-01-30"),
        to_ms=ms("2025-02-01"),
        now_ms=ms("2025-03-05"),
    )
    assert not old.may_lack


def test_a_file_lies_where_the_archive_keeps_it() -> None:
    assert MONTH.path == "/data/spot/monthly/klines/BTCUSDT/5m/BTCUSDT-5m-2025-01.zip"
    day = ArchiveFile("币安USDT", "1d", "2025-01-31")
    assert day.path.startswith("/data/spot/daily/klines/%E5%B8%81%E5%AE%89USDT/1d/%E5")


# -- fetching -------------------------------------------------------------------------------------


def test_a_file_comes_whole_with_its_sha256() -> None:
    with an_archive() as archive:
        path = archive.publish("BTCUSDT", "5m", "2025-01", a_history())
        found = ask(archive, lambda client: client.find_file(MONTH))
        assert found is not None
        assert found.content == archive.files[path]
        assert found.sha256 == hashlib.sha256(found.content).hexdigest()
        assert ask(archive, lambda client: client.find_checksum(MONTH)) == found.sha256


def test_a_file_that_does_not_exist_is_none() -> None:
    with an_archive() as archive:
        assert ask(archive, lambda client: client.find_file(MONTH)) is None
        assert ask(archive, lambda client: client.find_checksum(MONTH)) is None
        path = archive.publish("BTCUSDT", "5m", "2025-01", a_history())
        del archive.files[path]
        assert ask(archive, lambda client: client.find_file(MONTH)) is None


@pytest.mark.parametrize("fault", [500, 503, 429, 403, "cut"])
def test_an_archive_that_is_unwell_is_asked_again(fault: int | str) -> None:
    with an_archive() as archive:
        path = archive.publish("BTCUSDT", "5m", "2025-01", a_history())
        archive.faults[path] = [fault, fault]
        found = ask(archive, lambda client: client.find_file(MONTH))
        assert found is not None
        assert archive.asked[path] == 3


def test_an_archive_that_stays_unwell_is_transient() -> None:
    with an_archive() as archive:
        path = archive.publish("BTCUSDT", "5m", "2025-01", a_history())
        archive.faults[path] = [500] * 3
        with pytest.raises(Transient, match="was answered 500"):
            ask(archive, lambda client: client.find_file(MONTH))


def test_an_answer_that_is_always_cut_off_is_transient() -> None:
    with an_archive() as archive:
        path = archive.publish("BTCUSDT", "5m", "2025-01", a_history())
        archive.faults[path] = ["cut"] * 3
        with pytest.raises(Transient, match="is not reachable"):
            ask(archive, lambda client: client.find_file(MONTH))


def test_a_file_that_never_agrees_with_its_checksum_is_not_taken() -> None:
    with an_archive() as archive:
        path = archive.publish("BTCUSDT", "5m", "2025-01", a_history())
        archive.files[path] += b"more"
        with pytest.raises(
            Transient, match=r"BTCUSDT-5m-2025-01\.zip is not what .*expected sha256"
        ):
            ask(archive, lambda client: client.find_file(MONTH))
        assert archive.asked[path] == 3


@pytest.mark.parametrize("content", [b"", b"<html>", b"z" * 64])
def test_a_checksum_that_is_none_is_refused(content: bytes) -> None:
    with an_archive() as archive:
        path = archive.publish("BTCUSDT", "5m", "2025-01", a_history())
        archive.files[f"{path}.CHECKSUM"] = content
        with pytest.raises(Refused, match="was no sha256"):
            ask(archive, lambda client: client.find_file(MONTH))


def test_a_refusal_is_not_asked_again() -> None:
    with an_archive() as archive:
        path = archive.publish("BTCUSDT", "5m", "2025-01", a_history())
        archive.faults[path] = [400]
        with pytest.raises(Refused, match="was answered 400"):
            ask(archive, lambda client: client.find_file(MONTH))


def test_nobody_there_is_transient() -> None:
    nobody = ArchiveServer()
    nobody.url = "http://127.0.0.1:9"
    with pytest.raises(Transient, match="is not reachable"):
        ask(nobody, lambda client: client.find_file(MONTH))
    nobody.url = "http://127.0.0.1:port"
    with pytest.raises(Transient, match="is not reachable"):
        ask(nobody, lambda client: client.find_file(MONTH))


def test_requests_are_patient_by_default() -> None:
    client = BinanceArchive("http://127.0.0.1:9")
    asyncio.run(client.close())
