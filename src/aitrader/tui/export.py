"""Rows as files and as text to paste."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(records: Sequence[Mapping[str, object]]) -> str:
    """Return the records as CSV with a line of names; text is never taken for a formula."""
    out = io.StringIO()
    if records:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(records[0])
        writer.writerows([_cell(value) for value in record.values()] for record in records)
    return out.getvalue()


def to_line(record: Mapping[str, object]) -> str:
    """Return one record as a line to paste, tabs between its fields."""
    return "\t".join(_text(value) for value in record.values())


def write(folder: Path, name: str, ending: str, *, text: str, now_ms: int) -> Path:
    """Write a file that is not there yet and return its path.

    Raises:
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.fromtimestamp(now_ms // 1000, UTC).strftime("%Y%m%d-%H%M%S")
    path, number = folder / f"{name}-{stamp}.{ending}", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{stamp}-{number}.{ending}"
    path.write_text(text, encoding="utf-8")
    return path


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(FORMULA) and not _is_number(value):
        return f"'{value}"
    return value if isinstance(value, int | float) else _text(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "; ".join(str(part) for part in value)
    return str(value)
