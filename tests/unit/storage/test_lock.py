"""The lock of a data folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aitrader.model.errors import ConfigError
from aitrader.storage.lock import LOCK_NAME, FolderLock, KeyLock

HOLD = """
import sys, pathlib
from aitrader.storage.lock import FolderLock
lock = FolderLock(pathlib.Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_the_folder_is_made_and_the_holder_is_known(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "new" / "folder")
    lock.acquire()
    assert lock.holder() == os.getpid()
    lock.release()


def test_a_second_holder_is_told_the_first(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire()
    with pytest.raises(ConfigError, match=f"is used by process {os.getpid()}:"):
        second.acquire()
    first.release()


def test_a_released_folder_may_be_taken(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire()
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_nobody_holds_a_folder_that_was_never_locked(tmp_path: Path) -> None:
    assert FolderLock(tmp_path).holder() is None
    (tmp_path / LOCK_NAME).write_text("who knows")
    assert FolderLock(tmp_path).holder() is None


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file cannot be written \(.+\): make it writable"):
        FolderLock(tmp_path / "file").acquire()


def test_the_death_of_its_holder_frees_the_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        lock = FolderLock(tmp_path)
        with pytest.raises(ConfigError, match=f"process {holder.pid}:"):
            lock.acquire()
        holder.kill()
        holder.wait()
    lock.acquire()
    lock.release()


def test_a_key_is_taken_once_and_its_name_is_nowhere(tmp_path: Path) -> None:
    first, second = KeyLock(tmp_path / "locks", "a-key"), KeyLock(tmp_path / "locks", "a-key")
    first.acquire(tmp_path)
    with pytest.raises(ConfigError, match=f"used by process {os.getpid()} with the data folder"):
        second.acquire(tmp_path)
    other = KeyLock(tmp_path / "locks", "another-key")
    other.acquire(tmp_path)
    other.release()
    first.release()
    second.acquire(tmp_path)
    second.release()
    assert all("key" not in path.name for path in (tmp_path / "locks").iterdir())


def test_locks_that_cannot_be_written_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="set AITRADER_LOCK_FOLDER"):
        KeyLock(tmp_path / "file", "a-key").acquire(tmp_path)
