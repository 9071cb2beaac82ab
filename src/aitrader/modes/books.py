"""`aitrader positions|orders|trades`: the books, on the screen, as CSV or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from aitrader.config import Settings
from aitrader.filters.words import printable
from aitrader.model.errors import ConfigError
from aitrader.modes.data import say, say_json
from aitrader.storage.books import (
    NO_LIMIT,
    OPEN_POSITIONS,
    ORDERS,
    TRADES,
    Record,
    read_books,
)
from aitrader.tui.export import to_csv

QUERIES = {"positions": OPEN_POSITIONS, "trades": TRADES, "orders": ORDERS}
SHOWN = {
    "positions": ("opened", "trader", "account", "symbol", "side", "status", "quantity",
                  "entry_price", "stop_price", "fees", "pnl"),
    "trades": ("exit", "trader", "account", "symbol", "side", "quantity", "entry_price",
               "exit_price", "fees", "pnl", "exit_reason"),
    "orders": ("planned", "trader", "account", "symbol", "side", "kind", "quantity", "price",
               "stop_price", "status", "filled", "note"),
}  # fmt: skip
"""What a screen shows of each; a file has it all."""

LONGEST = 40
"""Characters of a cell on the screen."""


def show_books(
    settings: Settings, name: str, *, most: int, csv: Path | None, as_json: bool
) -> None:
    """Say what the books hold, newest first; a CSV file gets all of it.

    Args:
        settings: Whose books.
        name: positions (the open ones), trades (the closed ones) or orders.
        most: How many to show; 0 for all.
        csv: The file to write instead.
        as_json: Print one JSON array instead.

    Raises:
        ConfigError: There is no database, or the file cannot be written.
    """
    limit = NO_LIMIT if csv is not None or most == 0 else most
    found = read_books(settings.sqlite_path, QUERIES[name], user_id=settings.user_id, most=limit)
    records = [_with_times(record) for record in found]
    if csv is not None:
        _write(csv, records)
        say(f"{len(records):,} {name} in {csv}")
    elif as_json:
        say_json(records)
    elif not records:
        say(f"no {'open positions' if name == 'positions' else name} yet")
    else:
        _say_table(records, SHOWN[name])


def _with_times(record: Record) -> Record:
    """Return a record whose milliseconds are also a time to read, before them."""
    readable: dict[str, str | int | None] = {}
    for name, value in record.items():
        if name.endswith("_ms"):
            readable[name.removesuffix("_ms")] = _time(value)
        readable[name] = value
    return readable


def _time(at_ms: str | int | None) -> str | None:
    if not isinstance(at_ms, int):
        return None
    moment = datetime.fromtimestamp(at_ms // 1000, UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _write(path: Path, records: Sequence[Record]) -> None:
    try:
        path.write_text(to_csv(records), encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"{path} cannot be written: {exc.strerror}") from exc


def _say_table(records: Sequence[Record], names: Sequence[str]) -> None:
    rows = [tuple(names), *[tuple(_cell(record[name]) for name in names) for record in records]]
    widths = [max(len(row[place]) for row in rows) for place in range(len(names))]
    for row in rows:
        say(_line(row, widths))


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _cell(value: str | int | None) -> str:
    text = "-" if value is None else printable(str(value))  # an exchange may say anything
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
