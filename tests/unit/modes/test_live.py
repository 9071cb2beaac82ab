"""Whether there is a live account, and what it needs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from aitrader.config import Settings, read_settings
from aitrader.engine.clock import FrameClock
from aitrader.engine.health import Health
from aitrader.engine.inbox import BoundedInbox
from aitrader.engine.supervisor import Supervisor
from aitrader.model.errors import ConfigError
from aitrader.modes.live import LiveAccount, check_live, secret_of

LIVE = {
    "PAPER_TRADING": "false",
    "MARKET": "testnet",
    "BINANCE_API_KEY": "the-key-of-a-test",
    "BINANCE_SECRET_KEY": "the-secret-of-a-test",
}


def settings_with(folder: Path, **variables: str) -> Settings:
    environ = {**LIVE, "AITRADER_LOCK_FOLDER": str(folder / "locks"), **variables}
    return read_settings(data_folder=folder, environ=environ)


def an_account(settings: Settings) -> LiveAccount:
    health = Health()
    inbox, tasks = BoundedInbox(health), Supervisor(health)
    return LiveAccount(settings, inbox, FrameClock(0), tasks=tasks)


def test_paper_alone_needs_nothing(tmp_path: Path) -> None:
    settings = read_settings(data_folder=tmp_path, environ={})
    check_live(settings)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("MARKET", "data-only", "MARKET is data-only, which takes no orders: set MARKET to one of"),
        ("BINANCE_API_KEY", "", "BINANCE_API_KEY is not set"),
        ("BINANCE_SECRET_KEY", "", "BINANCE_SECRET_KEY is not set"),
    ],
)
def test_what_a_live_account_lacks_is_said(
    tmp_path: Path, variable: str, value: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        check_live(settings_with(tmp_path, **{variable: value}))


def test_a_secret_stands_for_itself_and_a_path_for_its_file(tmp_path: Path) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----"
    assert secret_of(settings_with(tmp_path)) == "the-secret-of-a-test"
    assert secret_of(settings_with(tmp_path, BINANCE_SECRET_KEY=pem)) == pem
    path = tmp_path / "key.pem"
    path.write_text(pem + "\n")
    assert secret_of(settings_with(tmp_path, BINANCE_SECRET_KEY=str(path))) == pem


def test_a_file_that_holds_no_key_is_said_without_its_name(tmp_path: Path) -> None:
    missing = tmp_path / "nothing.pem"
    with pytest.raises(ConfigError, match="names a file that cannot be read") as refusal:
        secret_of(settings_with(tmp_path, BINANCE_SECRET_KEY=str(missing)))
    assert "nothing.pem" not in str(refusal.value)
    missing.write_text("x" * 20_000)
    with pytest.raises(ConfigError, match="too long"):
        secret_of(settings_with(tmp_path, BINANCE_SECRET_KEY=str(missing)))


def test_one_key_has_one_engine_whatever_its_data_folder(tmp_path: Path) -> None:
    async def story() -> None:
        first = an_account(settings_with(tmp_path))
        second = an_account(
            msgspec.structs.replace(settings_with(tmp_path), data_folder=tmp_path / "b")
        )
        first.take_key()
        with pytest.raises(ConfigError, match=f"with the data folder {tmp_path}: two engines"):
            second.take_key()
        await first.close()
        second.take_key()
        await second.close()

    asyncio.run(story())


def test_locks_without_a_home_need_a_full_path(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(
        settings_with(tmp_path), lock_folder=Path("~nobody-of-this-name/locks")
    )
    with pytest.raises(ConfigError, match="set AITRADER_LOCK_FOLDER to a full path"):
        an_account(settings)
