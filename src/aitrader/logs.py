"""The log: its format, where it goes, and what it must never show.

A record is masked where it is made, before any handler sees it: the record factory replaces what
looks like a secret in the message, the traceback and the fields, so that a handler somebody adds
later cannot leak either.

Ids travel as fields: `log.info("filled", extra={"order": order_id})`. Text shows them as
`order=at1-...`, JSON as members. `Tail` keeps the newest lines for the view. Lines are cut and the
file is rotated, so the log is bounded in memory and on disk.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Literal, Protocol

from aitrader.model.errors import ConfigError
from aitrader.model.view import LogRow

FILE_NAME = "aitrader.log"
FILE_BYTES = 5_000_000
FILES_KEPT = 3
TAIL_ROWS = 500
LINE_CHARS = 4_000
MASK = "***"
TALKATIVE = ("httpx2", "httpcore2", "asyncio", "picows", "stamina", "websockets")
"""Libraries that tell every request or connection at INFO; only their warnings are ours."""

LogStyle = Literal["text", "json"]

_NAME = (
    r"[\w-]{0,40}(?:api[_-]?key|secret|token(?!s)|passw(?:or)?d|signature|authorization)[\w-]{0,40}"
)
_PAIR = re.compile(
    rf"""(?P<name>\b{_NAME}\\*["']?)(?P<sign>\s*[=:]\s*|(?<=["'])\s*,\s*)"""
    r"""(?:(?:bearer|basic)\s+[^\s"',;&})\]]+|b?\\*(?P<quote>["']).*?(?P=quote)"""
    r"""|b?\\*["'].*|[^\s"',;&})\]]+)""",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(?P<kind>bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?P<scheme>\b\w{1,20}://)[^\s/@]+@")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL
)
_KEY_SHAPES = re.compile(
    r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"  # a JSON web token
    r"|\bAIza[\w-]{30,}|\bsk-[\w-]{16,}|\bfo1_[\w-]{16,}|\b\d{8,10}:[\w-]{35}"
    r"|(?<![A-Za-z0-9])(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{40,}"  # Binance: 60 or 64
)
_FILTER_SOURCE = re.compile(r"\bdef \w{1,40}\(m\b.*", re.DOTALL)
_SECRET_FIELD = re.compile(_NAME, re.IGNORECASE)
_OWN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Times(Protocol):
    """Whose time the view's lines bear."""

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        ...


def masked(text: str) -> str:
    """Return the text, cut to LINE_CHARS, with all that looks like a secret replaced by `***`."""
    text = _PRIVATE_KEY.sub(MASK, text[: 2 * LINE_CHARS])
    text = _PAIR.sub(rf"\g<name>\g<sign>{MASK}", text)
    text = _BEARER.sub(rf"\g<kind> {MASK}", text)
    text = _USER_IN_URL.sub(rf"\g<scheme>{MASK}@", text)
    text = _FILTER_SOURCE.sub(f"(filter source {MASK})", text)
    return _KEY_SHAPES.sub(MASK, text)[:LINE_CHARS]


class MaskedRecord(logging.LogRecord):
    """A record that holds no secret: its text is made and masked at once."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        try:
            text = super().getMessage()
        except (TypeError, ValueError, KeyError):
            text = f"{self.msg} {self.args}"  # a wrong format must not lose the line
        self.msg, self.args = masked(text), None
        if self.exc_info is None or self.exc_info[0] is None:
            self.exc_info = None
        else:
            self.exc_text = masked("".join(traceback.format_exception(*self.exc_info)).rstrip())
        if self.stack_info:
            self.stack_info = masked(self.stack_info)
        self.__dict__ = _MaskedFields(self.__dict__)  # `extra` is written straight into it


class _MaskedFields(dict[str, object]):
    """A record's attributes; fields that are added later are masked by name and by value."""

    def __setitem__(self, name: str, value: object) -> None:
        if _SECRET_FIELD.search(name):
            value = MASK
        elif not isinstance(value, bool | int | float):
            value = masked(str(value))
        super().__setitem__(name, value)


class Tail(logging.Handler):
    """The newest lines, for the view. Lines come from any thread; `since` never waits long."""

    def __init__(self, *, times: Times | None = None, rows: int = TAIL_ROWS) -> None:
        super().__init__()
        self._times = times
        self._rows: deque[LogRow] = deque(maxlen=rows)
        self._count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line, at the time of `times` (the record's own without it)."""
        at_ms = int(record.created * 1000) if self._times is None else self._times.now_ms()
        self._rows.append(LogRow(at_ms, record.levelname, _line(record)))
        self._count += 1

    def since(self, count: int) -> tuple[int, Sequence[LogRow]]:
        """Return how many lines there were in all, and those kept after the first `count`."""
        self.acquire()
        try:
            new = min(max(self._count - count, 0), len(self._rows))
            return self._count, tuple(self._rows)[len(self._rows) - new :]
        finally:
            self.release()


class TextFormatter(logging.Formatter):
    """`2025-01-01T00:00:00.000Z INFO engine.engine: filled order=at1-...`, then any traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole line."""
        where = record.name.removeprefix("aitrader.")
        line = f"{_instant(record)} {record.levelname} {where}: {_line(record)}"
        return "\n".join([line, *filter(None, (record.exc_text, record.stack_info))])


class JsonFormatter(logging.Formatter):
    """One JSON object per line: `at level logger text`, the fields, `traceback` if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole line."""
        row: dict[str, object] = {
            "at": _instant(record),
            "level": record.levelname,
            "logger": record.name,
            "text": record.getMessage(),
            **_fields(record),
        }
        if record.exc_text:
            row["traceback"] = record.exc_text
        return json.dumps(row, ensure_ascii=False)


class _File(RotatingFileHandler):
    """The log file. A full disk loses lines and nothing else; `lost` counts them."""

    lost = 0

    def handleError(self, record: logging.LogRecord) -> None:
        """Count a line that could not be written."""
        self.lost += 1


class Logging:
    """What `start_logging` set up; `close` takes it down again."""

    def __init__(self, handlers: Sequence[logging.Handler]) -> None:
        self._handlers = handlers

    def close(self) -> None:
        """Remove and close the handlers; records are made as before."""
        for handler in self._handlers:
            logging.getLogger().removeHandler(handler)
            with contextlib.suppress(OSError):  # the last flush onto a full disk
                handler.close()
        logging.setLogRecordFactory(logging.LogRecord)


def start_logging(
    level: str,
    style: LogStyle,
    *,
    folder: Path | None = None,
    stream: IO[str] | None = None,
    tail: Tail | None = None,
) -> Logging:
    """Send every record of this process, masked, to the places given.

    Args:
        level: The least level that is logged: DEBUG, INFO, WARNING, ERROR.
        style: How file and stream are written.
        folder: Where `aitrader.log` is kept, made if missing; None writes no file.
        stream: Where lines are shown, such as stderr of a headless run.
        tail: What keeps the newest lines for the view.

    Raises:
        ConfigError: The file cannot be written.
    """
    formatter = JsonFormatter() if style == "json" else TextFormatter()
    handlers: list[logging.Handler] = []
    if folder is not None:
        handlers.append(_file(folder))
    if stream is not None:
        handlers.append(logging.StreamHandler(stream))
    for handler in handlers:
        handler.setFormatter(formatter)
    if tail is not None:
        handlers.append(tail)
    logging.setLogRecordFactory(MaskedRecord)
    root = logging.getLogger()
    root.setLevel(level)
    for handler in handlers:
        root.addHandler(handler)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return Logging(handlers)


def _file(folder: Path) -> _File:
    path = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _File(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write the log {path}: {error.strerror}") from error


def _instant(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _line(record: logging.LogRecord) -> str:
    fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
    return f"{record.getMessage()} {fields}".rstrip()


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _OWN_ATTRIBUTES}
