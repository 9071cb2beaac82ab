"""The log: what a line looks like, where it goes, and that it cannot leak."""

from __future__ import annotations

import errno
import io
import json
import logging
import sys
from pathlib import Path

import pytest

from aitrader.logs import LINE_CHARS, MASK, Tail, masked, start_logging
from aitrader.model.errors import ConfigError

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
LISTEN_KEY = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a"
SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdce1c46a44f3e8a4b2c5d1"
WEB_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4fwpMeJf36P"
SOURCE = 'def conditions(m):\n    return {"my secret edge": rsi(m.close, 14) < 30}\n'

log = logging.getLogger("aitrader.test")


class FixedTime:
    """A clock that stands."""

    def now_ms(self) -> int:
        """Always the same instant."""
        return 1_735_689_600_000


class FullDisk(io.StringIO):
    """A file that takes nothing more."""

    def write(self, text: str) -> int:
        """Refuse."""
        raise OSError(errno.ENOSPC, "no space left")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"api_key={KEY}", KEY),
        (f"BINANCE_SECRET_KEY: {KEY}", KEY),
        ("password='hunter two, four'", "hunter"),
        ("SUPABASE_ANON_KEY token=abc", "abc"),
        (f"POST /api/v3/order?symbol=BTCUSDT&signature={SIGNATURE}&x=1", SIGNATURE),
        (f"sent {{'X-MBX-APIKEY': '{KEY}'}}", KEY),
        (f"sent [(b'X-MBX-APIKEY', b'{KEY}')]", KEY),
        ('{"secret": "s3cr3t"}', "s3cr3t"),
        (r'"{\"api_key\": \"s3cr3t\"}"', "s3cr3t"),
        ("api-secret='never closed", "never"),
        (f"Authorization: Bearer {WEB_TOKEN}", WEB_TOKEN),
        ("with bearer abcdefgh12345678", "abcdefgh12345678"),
        (f"got {WEB_TOKEN} back", WEB_TOKEN),
        ("https://anna:pa55@exchange.example/x", "pa55"),
        (f"wss://stream.example/ws/{LISTEN_KEY}", LISTEN_KEY),
        (f"a bare {KEY}.", KEY),
        ("AIzaSyA-" + "0123456789abcdef" * 2, "0123456789abcdef"),
        ("bot 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_", "AAHdqTcv"),
        ("-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----", "MC4CAQAw"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMC4CAQAw", "MC4CAQAw"),
        (f"the trader's file: {SOURCE}", "secret edge"),
    ],
)
def test_a_secret_is_masked(text: str, secret: str) -> None:
    told = masked(text)
    assert secret not in told
    assert MASK in told


@pytest.mark.parametrize(
    "text",
    [
        "order at1-abcdefghijklmnopqrstuvwxyz filled 1.5 BTCUSDT at 64000.12",
        "the answer cost 512 tokens, prompt_tokens=512",
        "line 3: unknown name rsii; did you mean rsi?",
        "open /home/anna/.aitrader/aitrader.sqlite",
        "https://data-api.binance.vision/api/v3/klines?symbol=BTCUSDT&limit=1000",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked(text) == text


def test_a_line_is_cut() -> None:
    assert len(masked("word " * 10_000)) == LINE_CHARS


def test_no_handler_ever_sees_a_secret(tmp_path: Path) -> None:
    """Tries to leak by every road: message, arguments, field, field's name, traceback, stack."""
    stream, tail = io.StringIO(), Tail()
    naive = logging.StreamHandler(naive_stream := io.StringIO())
    naive.setFormatter(logging.Formatter("%(message)s %(args)s %(msg)s"))
    logging.getLogger().addHandler(naive)
    for style in ("text", "json"):
        logging_now = start_logging("DEBUG", style, folder=tmp_path, stream=stream, tail=tail)
        log.info("api_key=%s", KEY)
        log.info("headers %s", {"X-MBX-APIKEY": KEY})
        log.info("wrong %d", KEY)
        log.info("field", extra={"order": f"signature={KEY}", "token": KEY, "price": 1.5})
        log.info("stack", stack_info=True, extra={"secret": KEY})
        try:
            raise ValueError(f"refused: apikey={KEY}")
        except ValueError:
            log.exception("no")
        logging_now.close()
    seen = stream.getvalue() + naive_stream.getvalue() + str(tail.since(0))
    seen += (tmp_path / "aitrader.log").read_text(encoding="utf-8")
    assert KEY not in seen
    assert "ValueError" in seen and "price=1.5" in seen


def test_a_text_line_has_instant_level_place_and_ids() -> None:
    stream = io.StringIO()
    start_logging("INFO", "text", stream=stream)
    log.info("filled %s", "1.5", extra={"order": "at1-x", "symbol": "BTCUSDT"})
    instant, rest = stream.getvalue().split(" ", 1)
    assert instant.endswith("Z") and len(instant) == 24
    assert rest == "INFO test: filled 1.5 order=at1-x symbol=BTCUSDT\n"


def test_a_traceback_follows_a_text_line() -> None:
    stream = io.StringIO()
    start_logging("INFO", "text", stream=stream)
    log.error("died", exc_info=ValueError("why"))
    assert stream.getvalue().rstrip().endswith("ValueError: why")


def test_no_exception_is_no_traceback() -> None:
    stream = io.StringIO()
    start_logging("INFO", "json", stream=stream)
    log.error("odd", exc_info=sys.exc_info())
    assert "traceback" not in json.loads(stream.getvalue())


def test_a_json_line_is_one_object_with_its_ids() -> None:
    stream = io.StringIO()
    start_logging("INFO", "json", stream=stream)
    log.error("died", exc_info=ValueError("why"), extra={"trader": "dip"})
    row = json.loads(stream.getvalue())
    assert (row["level"], row["logger"], row["text"]) == ("ERROR", "aitrader.test", "died")
    assert row["trader"] == "dip" and "ValueError: why" in row["traceback"]


def test_lines_below_the_level_are_not_logged() -> None:
    tail = Tail()
    start_logging("WARNING", "text", tail=tail)
    log.info("quiet")
    log.warning("loud")
    assert [row.text for row in tail.since(0)[1]] == ["loud"]


def test_requests_of_libraries_are_not_told() -> None:
    tail = Tail()
    start_logging("DEBUG", "text", tail=tail)
    logging.getLogger("httpx2").info("HTTP Request: GET ...")
    assert tail.since(0) == (0, ())


def test_the_tail_gives_what_came_after_a_count() -> None:
    tail = Tail()
    start_logging("INFO", "text", tail=tail)
    log.info("one")
    count, rows = tail.since(0)
    assert (count, [row.text for row in rows]) == (1, ["one"])
    log.info("two", extra={"trader": "dip"})
    count, rows = tail.since(count)
    assert (count, [row.text for row in rows]) == (2, ["two trader=dip"])
    assert tail.since(count) == (2, ())


def test_the_tail_keeps_the_newest_only() -> None:
    tail = Tail(rows=2)
    start_logging("INFO", "text", tail=tail)
    for number in range(5):
        log.info("%d", number)
    count, rows = tail.since(0)
    assert (count, [row.text for row in rows]) == (5, ["3", "4"])
    assert tail.since(9) == (5, ())


def test_the_tail_may_bear_another_clock() -> None:
    tail = Tail(times=FixedTime())
    start_logging("INFO", "text", tail=tail)
    log.info("now")
    assert tail.since(0)[1][0].at_ms == 1_735_689_600_000


def test_a_full_disk_loses_the_line_and_nothing_else(tmp_path: Path) -> None:
    logging_now = start_logging("INFO", "text", folder=tmp_path)
    handler = logging.getLogger().handlers[-1]
    assert isinstance(handler, logging.FileHandler)
    before = handler.setStream(FullDisk())
    assert before is not None
    before.close()
    log.info("where to?")
    assert getattr(handler, "lost", 0) == 1
    logging_now.close()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file stands here")
    with pytest.raises(ConfigError, match=r"^cannot write the log .*taken"):
        start_logging("INFO", "text", folder=tmp_path / "taken")


def test_closing_leaves_no_handler() -> None:
    before = list(logging.getLogger().handlers)
    start_logging("INFO", "text", stream=io.StringIO(), tail=Tail()).close()
    assert logging.getLogger().handlers == before
    assert logging.getLogRecordFactory() is logging.LogRecord
