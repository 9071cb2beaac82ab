"""Which notices the settings ask for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.builders import AT_MS

from aitrader.config import Settings, read_settings
from aitrader.engine.clock import FrameClock
from aitrader.model.errors import ConfigError
from aitrader.modes.notices import channel_of, find_notifier

CLOCK = FrameClock(AT_MS)
PLACES = "telegram:1:abc/-42 https://discord.com/api/webhooks/x http://127.0.0.1:1"


def settings(folder: Path, **environ: str) -> Settings:
    return read_settings(data_folder=folder, environ=environ)


def test_without_a_place_nobody_is_told(tmp_path: Path) -> None:
    assert find_notifier(settings(tmp_path), CLOCK) is None


def test_each_place_that_is_named_is_told(tmp_path: Path) -> None:
    found = settings(tmp_path, NOTIFY_TO=PLACES, NOTIFY_ON="fills quiet=22-7")
    assert find_notifier(found, CLOCK) is not None
    assert "1:abc" not in repr(found)


def test_several_places_can_be_told_apart_in_the_log() -> None:
    names = [channel_of(word, number).name for number, word in enumerate(PLACES.split(), 1)]
    assert names == [
        "Telegram (number 1 of NOTIFY_TO)",
        "Discord (number 2 of NOTIFY_TO)",
        "the webhook (number 3 of NOTIFY_TO)",
    ]


@pytest.mark.parametrize("place", ["telegram:secret", "ftp://secret/x", "secret", "http://[secret"])
def test_a_place_that_is_none_is_refused_and_not_quoted(tmp_path: Path, place: str) -> None:
    with pytest.raises(ConfigError, match="number 1 is neither") as caught:
        find_notifier(settings(tmp_path, NOTIFY_TO=place), CLOCK)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("words", ["weather", "closes quiet=25-7"])
def test_what_is_no_topic_and_no_hour_is_refused(tmp_path: Path, words: str) -> None:
    with pytest.raises(
        ConfigError, match="NOTIFY_ON takes some of signals analyses fills closes trouble"
    ):
        find_notifier(settings(tmp_path, NOTIFY_ON=words), CLOCK)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_a_service_of_apprise_is_told_and_its_address_hidden(tmp_path: Path) -> None:
    pytest.importorskip("apprise", reason="needs the extra: pip install 'aitrader[apprise]'")
    found = settings(tmp_path, NOTIFY_URLS="json://user:hunter2@127.0.0.1:9/path")
    assert find_notifier(found, CLOCK) is not None
    assert "hunter2" not in repr(found)


def test_without_the_extra_a_person_reads_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)  # as if it were not installed
    with pytest.raises(ConfigError, match=r"pip install 'aitrader\[apprise\]'") as caught:
        find_notifier(settings(tmp_path, NOTIFY_URLS="json://hunter2@127.0.0.1"), CLOCK)
    assert "hunter2" not in str(caught.value)
