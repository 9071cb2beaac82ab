"""Candles of the past for tests: tables, the files that hold them, and a server of such files."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl

import numpy as np

from aitrader.model.candle import INTERVAL_MS
from aitrader.storage.candles_table import CandleTable

REAL = Path(__file__).parents[1] / "../shared/data/candles"
"""Real candles beside the repository, where somebody put them."""

JANUARY_MS = 1_735_689_600_000
"""2025-01-01 00:00 UTC."""


def a_history(
    bars: int = 12, *, first_ms: int = JANUARY_MS, interval: str = "5m", seed: int = 1
) -> CandleTable:
    """Return consecutive sound candles with numbers of few decimals."""
    rng = np.random.default_rng(seed)
    closes = 100 + np.round(np.cumsum(rng.integers(-9, 10, bars)) / 100, 2)
    opens = np.append(100.0, closes[:-1])
    highs, lows = np.maximum(opens, closes) + 0.25, np.minimum(opens, closes) - 0.25
    volumes = rng.integers(1, 4000, bars) / 4
    rows = [opens, highs, lows, closes, volumes, volumes * 100, volumes * 4, volumes / 2]
    open_ms = first_ms + np.arange(bars, dtype=np.int64) * INTERVAL_MS[interval]
    return CandleTable(open_ms, np.array(rows))


def without(table: CandleTable, *places: int) -> CandleTable:
    """Return a table that lacks these rows."""
    return table.take(np.delete(np.arange(len(table)), places))


def same(left: CandleTable, right: CandleTable) -> bool:
    """Tell whether two tables hold the same times and numbers; NaN is NaN."""
    times = np.array_equal(left.open_ms, right.open_ms)
    return times and np.array_equal(left.values, right.values, equal_nan=True)


def binance_lines(table: CandleTable, *, unit: int = 1000) -> str:
    """Return rows as the archive's files have them; `unit` parts of a ms (1000: microseconds)."""
    lines = []
    for open_ms, row in zip(table.open_ms.tolist(), table.values.T.tolist(), strict=True):
        prices = ",".join(f"{number:.8f}" for number in row[:5])
        lines.append(
            f"{open_ms * unit},{prices},{(open_ms + 300_000) * unit - 1},{row[5]:.8f},"
            f"{row[6]:.0f},{row[7]:.8f},0.00000000,0\n"
        )
    return "".join(lines)


def zipped(name: str, text: str) -> bytes:
    """Return a zip file with one member."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return content.getvalue()


class ArchiveServer:
    """A stand-in for the public archive; what it does wrong is set from outside.

    `files`: bytes by path. `faults`: by path, what goes wrong the next times it is asked for: a
    status, or "cut" for an answer that ends early. `asked` counts requests by path.
    `listed` is what REST has, by symbol, at `now_ms`; without it there is no REST.
    """

    def __init__(self) -> None:
        self.url = ""
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[int | str]] = {}
        self.asked: Counter[str] = Counter()
        self.listed: dict[str, CandleTable] = {}
        self.now_ms = JANUARY_MS

    def answer(self, path: str) -> bytes | None:
        """Return what lies at a path, or what REST says there."""
        if not path.startswith("/api/v3/"):
            return self.files.get(path)
        name, _, query = path.removeprefix("/api/v3/").partition("?")
        if name == "time":
            return json.dumps({"serverTime": self.now_ms}).encode()
        if name == "exchangeInfo":
            return json.dumps({"serverTime": 0, "symbols": [*map(_rules, self.listed)]}).encode()
        return json.dumps(self._candles(dict(parse_qsl(query)))).encode()

    def _candles(self, asked: dict[str, str]) -> list[list[object]]:
        table, step_ms = self.listed[asked["symbol"]], INTERVAL_MS[asked["interval"]]
        first_ms, last_ms = int(asked["startTime"]), int(asked["endTime"])
        wanted = (table.open_ms >= first_ms) & (table.open_ms <= last_ms)
        found = table.take(wanted).take(slice(0, int(asked["limit"])))
        return [
            [at_ms, *map(str, row[:5]), at_ms + step_ms - 1, *map(str, row[5:]), "0.0", "0"]
            for at_ms, row in zip(found.open_ms.tolist(), found.values.T.tolist(), strict=True)
        ]

    def publish(self, symbol: str, interval: str, span: str, table: CandleTable) -> str:
        """Put a file and its checksum there; returns its path."""
        name = f"{symbol}-{interval}-{span}"
        return self.put(symbol, interval, span, zipped(f"{name}.csv", binance_lines(table)))

    def put(self, symbol: str, interval: str, span: str, content: bytes) -> str:
        """Put any bytes there as a file, with their checksum; returns the path."""
        period = "monthly" if len(span) == 7 else "daily"
        name = f"{symbol}-{interval}-{span}.zip"
        path = f"/data/spot/{period}/klines/{symbol}/{interval}/{name}"
        self.files[path] = content
        checksum = hashlib.sha256(content).hexdigest()
        self.files[f"{path}.CHECKSUM"] = f"{checksum}  {name}\n".encode()
        return path

    def zips_asked(self) -> int:
        """Return how often a zip that exists was asked for."""
        return sum(
            count
            for path, count in self.asked.items()
            if path.endswith(".zip") and path in self.files
        )


def _rules(symbol: str) -> dict[str, object]:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00100000", "stepSize": "0.00100000"},
    ]
    quote = "USDT"
    base = symbol.removesuffix(quote)
    names = {"symbol": symbol, "baseAsset": base, "quoteAsset": quote}
    return {**names, "status": "TRADING", "filters": filters}


@contextmanager
def an_archive() -> Iterator[ArchiveServer]:
    """Serve an archive on loopback."""
    archive = ArchiveServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            archive.asked[self.path] += 1
            faults = archive.faults.get(self.path, [])
            fault = faults.pop(0) if faults else None
            content = archive.answer(self.path)
            status = fault if isinstance(fault, int) else 404 if content is None else 200
            self.send_response(status)
            body = content if status == 200 and content is not None else b"no"
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)
            self.close_connection = fault == "cut"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    archive.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield archive
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
