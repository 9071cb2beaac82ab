from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from aitrader.model.errors import ConfigError
from aitrader.modes.door import (
    FILE_NAME,
    LONGEST_SOCKET_PATH,
    SOCKET_NAME,
    Door,
    News,
    find_door,
    find_socket_path,
    hear,
    new_token,
    remove_door,
    tell,
    write_door,
)

DOOR = Door(pid=4711, socket_path="", port=40123, token="only-for-you")


def test_a_door_is_found_as_it_was_written(tmp_path: Path) -> None:
    write_door(tmp_path, DOOR)
    assert find_door(tmp_path) == DOOR


def test_only_this_user_may_read_the_token(tmp_path: Path) -> None:
    write_door(tmp_path, DOOR)
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_a_new_door_replaces_the_old_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_door(tmp_path, DOOR)
    write_door(tmp_path, Door(pid=4712, socket_path="/somewhere", port=0, token=""))
    found = find_door(tmp_path)
    assert found is not None
    assert found.pid == 4712
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_there_is_no_door_where_no_engine_was(tmp_path: Path) -> None:
    assert find_door(tmp_path / "nowhere") is None


@pytest.mark.parametrize("text", ["", "{", '{"pid": "four"}', "[1, 2]"])
def test_a_file_that_is_no_door_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    assert find_door(tmp_path) is None


def test_a_door_is_taken_away_once_or_twice(tmp_path: Path) -> None:
    write_door(tmp_path, DOOR)
    remove_door(tmp_path)
    remove_door(tmp_path)
    assert find_door(tmp_path) is None


def test_a_folder_with_a_short_path_has_a_unix_socket() -> None:
    folder = Path("/home/ada/.aitrader")
    assert find_socket_path(folder) == folder / SOCKET_NAME


def test_a_path_too_long_for_a_unix_socket_has_none() -> None:
    room = LONGEST_SOCKET_PATH - len(f"//{SOCKET_NAME}")
    assert find_socket_path(Path("/" + "f" * room)) is not None
    assert find_socket_path(Path("/" + "f" * (room + 1))) is None


def test_the_length_of_a_path_counts_in_bytes() -> None:
    room = LONGEST_SOCKET_PATH - len(f"//{SOCKET_NAME}")
    assert find_socket_path(Path("/" + "ä" * room)) is None


def test_no_token_comes_twice() -> None:
    assert new_token() != new_token()
    assert len(new_token()) >= 40


def test_who_started_the_engine_hears_that_it_is_up() -> None:
    hears, tells = os.pipe()
    tell(tells, News(is_up=True))
    hear(hears)


def test_who_started_the_engine_hears_why_it_is_not_up() -> None:
    hears, tells = os.pipe()
    tell(tells, News(is_up=False, reason="the data folder is used by process 7"))
    with pytest.raises(ConfigError, match=r"^the data folder is used by process 7$"):
        hear(hears)


def test_an_engine_that_dies_without_a_word_is_an_error_too() -> None:
    hears, tells = os.pipe()
    os.close(tells)
    with pytest.raises(ConfigError, match=r"ended before it was up; its log says why$"):
        hear(hears)


def test_nobody_is_told_where_nobody_waits() -> None:
    tell(None, News(is_up=True))


def test_a_starter_that_has_left_is_not_missed() -> None:
    hears, tells = os.pipe()
    os.close(hears)
    tell(tells, News(is_up=True))
