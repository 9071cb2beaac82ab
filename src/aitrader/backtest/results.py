"""The results of a sweep on disk: one line per combination, so that a sweep may be interrupted.

A line is added when its combination is done and never changed. A line that a crash cut off is
left out when the file is read, and its combination is tried again. Lines of other studies (other
candles, another time, other costs) may stand in the same file: each has its own key.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from aitrader.backtest.outcome import Outcome
from aitrader.model.errors import ConfigError


class Results:
    """A file of outcomes; `known` are those that it had, and those added since, by key."""

    def __init__(self, path: Path) -> None:
        """Read it, if it is there.

        Raises:
            ConfigError: It cannot be read.
        """
        self.path = path
        self.known: dict[str, Outcome] = {}
        self._is_cut = False
        decoder = msgspec.json.Decoder(Outcome)
        try:
            lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        except OSError as exc:
            raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc
        for line in lines:
            self._is_cut = not line.endswith(b"\n")
            try:
                outcome = decoder.decode(line)
            except msgspec.MsgspecError:
                continue
            self.known[outcome.key] = outcome

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Write more outcomes; they are on the disk when this returns.

        Raises:
            ConfigError: The disk refused.
        """
        rows = tuple(outcomes)
        text = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(b"\n" + text if self._is_cut else text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as exc:
            raise ConfigError(f"{self.path} cannot be written: {exc.strerror}") from exc
        self._is_cut = False
        self.known |= {row.key: row for row in rows}
