from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from aitrader.model.errors import ConfigError
from aitrader.storage.candles_files import replace_bytes, replace_file, writer_turn


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.json"
    replace_bytes(path, b"old")
    replace_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.json"]


def test_a_disk_that_refuses_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    replace_bytes(path, b"old")

    def fill_the_disk(unfinished: Path) -> None:
        unfinished.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(ConfigError, match="cannot be written: No space left on device"):
        replace_file(path, fill_the_disk)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.json"]


def test_a_crash_between_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    replace_bytes(path, b"old")

    def crash(unfinished: Path) -> None:
        unfinished.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(path, crash)
    assert path.read_bytes() == b"old"
    replace_bytes(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.json"]


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(ConfigError, match="cannot be written"):
        replace_bytes(tmp_path / "taken" / "file.json", b"new")
    with pytest.raises(ConfigError, match="cannot be written"), writer_turn(tmp_path / "taken"):
        raise AssertionError("no turn without a folder")


def test_writers_take_turns(tmp_path: Path) -> None:
    said: list[str] = []
    begun, released = threading.Event(), threading.Event()

    def first() -> None:
        with writer_turn(tmp_path):
            begun.set()
            released.wait(5)
            said.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    begun.wait(5)
    second = threading.Thread(target=lambda: _say_in_turn(tmp_path, said))
    second.start()
    released.set()
    thread.join()
    second.join()
    assert said == ["first", "second"]


def _say_in_turn(folder: Path, said: list[str]) -> None:
    with writer_turn(folder):
        said.append("second")


def test_two_processes_that_write_the_same_file_do_not_meet(tmp_path: Path) -> None:
    seen: list[Path] = []

    def write(unfinished: Path) -> None:
        seen.append(unfinished)
        unfinished.write_text("whole")

    replace_file(tmp_path / "file", write)
    assert str(os.getpid()) in seen[0].name and not seen[0].exists()
