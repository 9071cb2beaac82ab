"""What the doctor sees, each illness by itself."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.processes import started

from aitrader.config import FILE_NAME
from aitrader.modes.doctor import Health, clock_finding, disk_finding, run_doctor

Said = pytest.CaptureFixture[str]


@contextmanager
def an_exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the settings point to a simulated exchange of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with started("exchange", "--port", port, "--symbols", 1) as exchange:
        assert exchange.stdout is not None
        exchange.stdout.readline()
        monkeypatch.setenv("ORDER_REST_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("MARKET_REST_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("MARKET_STREAM_URL", f"ws://127.0.0.1:{port}")
        yield


@pytest.fixture(autouse=True)
def no_market(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKET_REST_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("MARKET_STREAM_URL", "ws://127.0.0.1:9")


def seen(folder: Path, capsys: Said) -> dict[str, tuple[str, str]]:
    run_doctor(folder, as_json=True)
    found = json.loads(capsys.readouterr().out)
    return {row["thing"]: (row["health"], row["text"]) for row in found}


def test_a_new_folder_with_a_market_is_well(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    with an_exchange(monkeypatch):
        found = seen(tmp_path, capsys)
    found.pop("clock")  # a simulated exchange has a time of its own
    assert {health for health, _ in found.values()} == {"ok", "note"}
    assert found["stream"][0] == "ok" and found["market"][0] == "ok"


def test_no_market_is_said(tmp_path: Path, capsys: Said) -> None:
    assert not run_doctor(tmp_path, as_json=False)
    assert "BAD   market" in capsys.readouterr().out


def test_settings_that_cannot_be_used_end_the_visit(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / FILE_NAME).write_text("prot = 1")
    found = seen(tmp_path, capsys)
    assert list(found) == ["settings"]
    assert found["settings"][0] == "BAD" and "did you mean port?" in found["settings"][1]


def test_a_damaged_database_is_said(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "aitrader.sqlite").write_text("no database " * 500)
    assert seen(tmp_path, capsys)["database"][0] == "BAD"


def test_secrets_that_others_can_read_are_said(tmp_path: Path, capsys: Said) -> None:
    file = tmp_path / FILE_NAME
    file.write_text("")
    file.chmod(0o644)
    assert f"chmod 600 {file}" in seen(tmp_path, capsys)["secrets"][1]
    file.chmod(0o600)
    assert "secrets" not in seen(tmp_path, capsys)


def test_a_daemon_open_to_the_network_needs_a_token(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_HOST", "0.0.0.0")
    assert seen(tmp_path, capsys)["http"][0] == "BAD"
    monkeypatch.setenv("API_KEY", "0123456789abcdef")
    assert seen(tmp_path, capsys)["http"][0] == "ok"


def test_tokens_that_cannot_be_read_are_said(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "tokens.json").write_text("?")
    assert seen(tmp_path, capsys)["tokens"][0] == "BAD"


def test_places_to_be_told_are_judged_without_being_told(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "notices" not in seen(tmp_path, capsys)
    monkeypatch.setenv("NOTIFY_TO", "http://127.0.0.1:9/hook")
    assert seen(tmp_path, capsys)["notices"][0] == "ok"
    monkeypatch.setenv("NOTIFY_TO", "telegram:secret")
    health, text = seen(tmp_path, capsys)["notices"]
    assert health == "BAD" and "number 1 is neither" in text and "secret" not in text


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, capsys: Said) -> None:
    tmp_path.chmod(0o500)
    found = seen(tmp_path, capsys)
    tmp_path.chmod(0o700)
    assert found["data folder"][0] == "BAD"


def test_a_folder_that_is_not_there_yet_is_no_illness(tmp_path: Path, capsys: Said) -> None:
    assert seen(tmp_path / "new", capsys)["data folder"][0] == "note"


def test_it_looks_and_changes_nothing(tmp_path: Path, capsys: Said) -> None:
    seen(tmp_path, capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("offset_ms", "health"),
    [(0, "GOOD"), (-500, "GOOD"), (501, "NOTE"), (-1000, "NOTE"), (1001, "BAD"), (-9000, "BAD")],
)
def test_a_clock_is_judged_by_its_offset(offset_ms: int, health: str) -> None:
    found = clock_finding(offset_ms)
    assert found.health is Health[health]
    assert ("behind" if offset_ms > 0 else "ahead of") in found.text


@pytest.mark.parametrize(
    ("free", "health"), [(1 << 30, "GOOD"), ((1 << 30) - 1, "NOTE"), ((200 << 20) - 1, "BAD")]
)
def test_a_disk_is_judged_by_what_is_free(free: int, health: str) -> None:
    assert disk_finding(free).health is Health[health]


def test_a_stream_that_nobody_serves_is_said(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    with an_exchange(monkeypatch):
        monkeypatch.setenv("MARKET_STREAM_URL", "wss://127.0.0.1:9")
        found = seen(tmp_path, capsys)
    assert found["market"][0] == "ok" and found["stream"][0] == "BAD"


def with_a_key(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("PAPER_TRADING", "false")
    monkeypatch.setenv("MARKET", "simulator")
    monkeypatch.setenv("BINANCE_API_KEY", "demo")
    monkeypatch.setenv("BINANCE_SECRET_KEY", secret)


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("demo", "ok: live on simulator: the key may trade"),
        ("wrong", "BAD: binance_secret_key does not belong to binance_api_key"),
        ("", "BAD: PAPER_TRADING is false and BINANCE_SECRET_KEY is not set"),
    ],
)
def test_a_key_for_live_orders_is_tried(
    secret: str, said: str, tmp_path: Path, capsys: Said
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch, an_exchange(monkeypatch):
        with_a_key(monkeypatch, secret)
        health, text = seen(tmp_path, capsys)["orders"][:2]
    assert said in f"{health}: {text}"


def test_an_exchange_that_takes_no_question_is_said(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_key(monkeypatch, "demo")
    monkeypatch.setenv("ORDER_REST_URL", "http://127.0.0.1:9")
    found = seen(tmp_path, capsys)["orders"]
    assert found[0] == "BAD" and "the account cannot be asked for" in found[1]
