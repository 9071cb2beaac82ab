"""Settings: where they come from, what wins, and what a person is told."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from aitrader.config import (
    MARKETS,
    SECRETS,
    Settings,
    environment_name,
    known_settings,
    read_settings,
)
from aitrader.model.errors import ConfigError

DOCS = Path(__file__).parents[2] / "docs"


def read(folder: Path, file: str = "", **variables: str) -> Settings:
    """Read with a settings file of this text and these environment variables only."""
    if file:
        (folder / "settings.toml").write_text(file, encoding="utf-8")
    return read_settings(data_folder=folder, environ=variables)


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.start_cash == Decimal(10_000)
    assert settings.paper_trading is True
    assert settings.sqlite_path == tmp_path / "aitrader.sqlite"


def test_nothing_is_created_by_reading(tmp_path: Path) -> None:
    read(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_file_beats_the_default(tmp_path: Path) -> None:
    assert read(tmp_path, "max_open_positions = 5").max_open_positions == 5


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, "port = 1", PORT="2").port == 2


def test_a_flag_beats_the_environment(tmp_path: Path) -> None:
    settings = read_settings(
        data_folder=tmp_path, flags={"port": 3, "user_id": None}, environ={"PORT": "2"}
    )
    assert (settings.port, settings.user_id) == (3, "local")


def test_the_data_folder_comes_from_the_environment_too(tmp_path: Path) -> None:
    settings = read_settings(environ={"AITRADER_DATA_FOLDER": str(tmp_path)})
    assert settings.data_folder == tmp_path


def test_without_a_folder_it_is_in_the_home() -> None:
    assert read_settings(environ={}).data_folder == Path("~/.aitrader").expanduser()


def test_the_environment_of_the_process_is_read_when_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER_ID", "anna")
    monkeypatch.delenv("SQLITE_PATH", raising=False)
    assert read_settings(data_folder=tmp_path).user_id == "anna"


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    assert read(tmp_path, USER_ID="").user_id == "local"


def test_a_variable_set_to_false_is_false(tmp_path: Path) -> None:
    assert read(tmp_path, PAPER_TRADING=" False ").paper_trading is False


def test_a_choice_may_be_written_in_any_case(tmp_path: Path) -> None:
    settings = read(tmp_path, LOG_LEVEL="debug", LOG_FORMAT="JSON")
    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")


def test_money_stays_exact_from_the_file(tmp_path: Path) -> None:
    settings = read(tmp_path, "start_cash = 25000\nfee_bps = 7.1\nslippage_bps = '0.3'")
    assert settings.start_cash == Decimal(25_000)
    assert (settings.fee_bps, settings.slippage_bps) == (Decimal("7.1"), Decimal("0.3"))


def test_a_database_may_stand_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.db"
    assert read(tmp_path, SQLITE_PATH=str(path)).sqlite_path == path
    flagged = read_settings(data_folder=tmp_path, flags={"sqlite_path": path}, environ={})
    assert flagged.sqlite_path == path


@pytest.mark.parametrize("name", MARKETS)
def test_a_market_stands_for_its_addresses(tmp_path: Path, name: str) -> None:
    settings = read(tmp_path, MARKET=name)
    expected = MARKETS[name]
    assert (settings.market_rest_url, settings.market_stream_url) == (
        expected.rest_url,
        expected.stream_url,
    )
    has_orders = bool(expected.order_ws_url)
    assert (settings.order_rest_url, settings.order_ws_url) == (
        expected.rest_url if has_orders else "",
        expected.order_ws_url,
    )


def test_public_data_alone_takes_no_orders_and_every_other_market_does() -> None:
    assert [name for name, at in MARKETS.items() if not at.order_ws_url] == ["data-only"]


def test_orders_may_have_an_address_of_their_own(tmp_path: Path) -> None:
    settings = read(tmp_path, MARKET="testnet", ORDER_REST_URL="http://here:1")
    assert settings.order_rest_url == "http://here:1"
    assert settings.order_ws_url == MARKETS["testnet"].order_ws_url


def test_secrets_are_hidden_wherever_settings_are_shown(tmp_path: Path) -> None:
    settings = read(
        tmp_path, API_KEY="a-token-of-ours", BINANCE_API_KEY="k-one", BINANCE_SECRET_KEY="s-two"
    )
    assert settings.binance_secret_key == "s-two"
    for text in (repr(settings), str(settings), f"{settings}"):
        assert "binance_secret_key=***" in text
        assert "log_level='INFO'" in text
        for secret in ("a-token-of-ours", "k-one", "s-two"):
            assert secret not in text
    assert "binance_secret_key=''" in repr(read(tmp_path))


def test_a_secret_that_cannot_be_used_is_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        read(tmp_path, "binance_secret_key = 123456789")
    assert "123456789" not in str(refusal.value)


def test_without_a_market_the_addresses_are_those_of_public_data(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.market_rest_url == Settings().market_rest_url
    assert settings.market_stream_url == MARKETS["data-only"].stream_url


def test_an_address_of_ones_own_beats_the_market(tmp_path: Path) -> None:
    settings = read(tmp_path, "market_rest_url = 'http://here:1'", MARKET="binance.us")
    assert settings.market_rest_url == "http://here:1"
    assert settings.market_stream_url == MARKETS["binance.us"].stream_url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MARKET", "nyse"),
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("PAPER_TRADING", "maybe"),
        ("FEE_BPS", "nan"),
        ("FEE_BPS", "1001"),
        ("SLIPPAGE_BPS", "-1"),
        ("START_CASH", "0"),
        ("START_CASH", "a lot"),
        ("START_CASH", "Infinity"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("USER_ID", "two words"),
        ("MAX_SYMBOLS", "0"),
        ("MAX_OPEN_POSITIONS", "1.5"),
        ("MARKET_REST_URL", "ftp://somewhere"),
        ("MARKET_STREAM_URL", "https://somewhere"),
    ],
)
def test_a_wrong_value_is_said_in_one_sentence(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, **{name: value})
    told = str(caught.value)
    assert told.startswith(f"{name} takes ") and told.endswith(f"found '{value}'")
    assert "\n" not in told


def test_a_wrong_value_in_the_file_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"port in .*settings\.toml takes .*, found true"):
        read(tmp_path, "port = true")


def test_a_wrong_flag_is_named_as_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--max-symbols takes .*, found 0$"):
        read_settings(data_folder=tmp_path, flags={"max_symbols": 0}, environ={})


def test_a_long_value_is_cut_in_the_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"found 'x{56}\.\.\.$"):
        read(tmp_path, PORT="x" * 900)


def test_an_unknown_name_in_the_file_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no setting max_symbol; did you mean max_symbols"):
        read(tmp_path, "max_symbol = 3")


def test_a_name_like_no_other_is_to_be_removed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no setting zzz; remove it"):
        read(tmp_path, "zzz = 3")


def test_a_file_cannot_move_its_own_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="data_folder cannot be set in a file of that folder"):
        read(tmp_path, "data_folder = '/elsewhere'")


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"settings\.toml is not TOML: .*line 1"):
        read(tmp_path, "port: 8080")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(ConfigError, match=r"settings\.toml cannot be read: "):
        read(tmp_path)


def test_a_home_that_does_not_exist_is_said() -> None:
    with pytest.raises(ConfigError, match="has no home folder to stand in"):
        read_settings(data_folder=Path("~nobody-of-this-name/x"), environ={})


def test_every_setting_says_what_it_takes_and_means() -> None:
    for setting in known_settings():
        assert setting.takes and setting.description, setting.name


def test_no_two_settings_share_a_variable() -> None:
    names = [setting.environment for setting in known_settings()]
    assert len(set(names)) == len(names)
    assert environment_name("port") == "PORT"


def test_the_page_names_every_setting_with_its_variable_and_default() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    for setting in known_settings():
        row = next((line for line in page.splitlines() if f"`{setting.name}`" in line), "")
        for part in (f"`{setting.environment}`", setting.takes, setting.description):
            assert part in row, f"docs/settings.md: the row of {setting.name} lacks {part}"
        if setting.default:
            assert f"`{setting.default}`" in row, f"docs/settings.md: default of {setting.name}"


def test_a_relative_folder_becomes_a_full_path() -> None:
    assert read_settings(data_folder=Path("here"), environ={}).data_folder == Path(
        os.path.abspath("here")
    )


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_secret_is_never_shown(name: str, tmp_path: Path) -> None:
    secret = "http://me:hunter2@proxy" if name == "proxy_url" else "hunter2" * 5
    settings = read_settings(data_folder=tmp_path, environ={environment_name(name): secret})
    assert getattr(settings, name) == secret
    assert "hunter2" not in f"{settings} {settings!r}"


def test_a_secret_that_cannot_be_used_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"PROXY_URL takes .*, found \*\*\*"):
        read_settings(data_folder=tmp_path, environ={"PROXY_URL": "socks://me:hunter2@proxy"})
