"""Secrets in a live daemon that everything goes wrong for: none may be found anywhere afterwards.

The key, its secret, the API token and the proxy's password are unlike any other text. The daemon
trades with them at the most talkative log level while the exchange loses answers, refuses, fails
and cuts; callers send the token in every wrong way. Then every file it left, everything it printed
and everything it answered is searched.
"""

from __future__ import annotations

import base64
from pathlib import Path

import httpx2
import pytest
from tests.live_daemon import TOKEN, TRADER, Daemon, an_exchange

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

KEY = "Zq7xK2vN9pLw4rTyB8mHc3JdF6gSaE1uXoR5iWnVbQzMkPtY0hGjUeDlCfIsOA2z"
SECRET = "Hy3bV8nXc5zQm1kLp7jWd9gRf2sTa4eUo6iYvBxNqKwJhGtMrPzEuCySlDfOaIb"
PASSWORD = "opensesame-42-hunter2"
FAULTS = [
    {"kind": "lost_answer", "path": "order", "verb": "POST", "times": 1},
    {"kind": "status", "status": 503, "path": "order", "share": 0.3, "for_s": 20},
    {"kind": "status", "status": 418, "path": "account", "times": 1},
]


def forms(secret: str) -> list[bytes]:
    """Return a secret as it might be written."""
    plain = secret.encode()
    return [plain, base64.b64encode(plain)[:-4], plain.hex().encode(), plain[::-1]]


def leaks(text: bytes) -> list[str]:
    """Return which secrets stand in a text, in any form."""
    named = {"key": KEY, "secret": SECRET, "token": TOKEN, "password": PASSWORD}
    return [name for name, secret in named.items() if any(form in text for form in forms(secret))]


def answers_to_every_wrong_way(daemon: Daemon) -> bytes:
    """Send the token where it does not belong, and return all that came back."""
    asked = [
        ("GET", f"/api/orders?api_key={TOKEN}", {}),
        ("GET", f"/{TOKEN}", {}),
        ("GET", "/status", {"authorization": f"Basic {TOKEN}"}),
        ("GET", "/status", {"authorization": f"Bearer {TOKEN}x"}),
        ("POST", "/api/traders", {"content-type": "application/json"}),
        ("PUT", f"/api/traders/{KEY}/mode", {}),
    ]
    told = b""
    for verb, path, headers in asked:
        given = {"authorization": daemon.web.headers["authorization"], **headers}
        body = f'{{"source": "{TOKEN}"' if verb == "POST" else None
        answer = httpx2.request(verb, f"{daemon.web.base_url}{path}", headers=given, content=body)
        told += answer.content.replace(path.encode(), b"")
    for path in ("/status", "/health", "/metrics", "/api/logs", "/api/orders", "/openapi.json"):
        told += daemon.web.get(path).content
    return told


def test_nothing_secret_is_left_anywhere(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with an_exchange() as exchange:
        httpx2.post(f"{exchange}/simulator/keys", json={"key": KEY, "secret": SECRET})
        daemon = Daemon(
            folder,
            exchange,
            BINANCE_API_KEY=KEY,
            BINANCE_SECRET_KEY=SECRET,
            LOG_LEVEL="DEBUG",
            LOG_FORMAT="json",
        )
        with daemon:
            daemon.do("POST", "/api/traders", source=TRADER.format(name="Lively"))
            daemon.do("PUT", "/api/traders/lively/mode", mode="LIVE", sure=True)
            faults = httpx2.post(f"{exchange}/simulator/faults", json=FAULTS)
            assert faults.is_success, faults.text
            daemon.until(lambda: daemon.open_positions("live"))
            told = answers_to_every_wrong_way(daemon)
            httpx2.delete(f"{exchange}/simulator/keys/{KEY}")
            for row in daemon.open_positions("live"):
                daemon.do("POST", f"/api/positions/{row['id']}/close")
            daemon.until(lambda: "2015" in daemon.web.get("/api/logs").text)
            told += daemon.web.get("/api/logs").content
            daemon.process.terminate()
            _, said = daemon.process.communicate(timeout=60)
    assert leaks(told) == [], "in an answer"
    assert leaks(said.encode()) == [], "in what it printed"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"aitrader.sqlite", "aitrader.log"} <= {path.name for path in files}
    for path in files:
        assert leaks(path.read_bytes()) == [], f"in {path.name}"


@pytest.mark.parametrize(
    ("key", "secret", "expected"),
    [(KEY, "wrong" + SECRET, "binance_secret_key does not belong"), ("unknown" + KEY, SECRET, "")],
)
def test_a_key_that_is_refused_is_not_repeated(
    key: str, secret: str, expected: str, tmp_path: Path
) -> None:
    with an_exchange() as exchange:
        httpx2.post(f"{exchange}/simulator/keys", json={"key": KEY, "secret": SECRET})
        daemon = Daemon(
            tmp_path / "data",
            exchange,
            BINANCE_API_KEY=key,
            BINANCE_SECRET_KEY=secret,
            LOG_LEVEL="DEBUG",
        )
        _, said = daemon.process.communicate(timeout=60)
        daemon.web.close()
    assert daemon.process.returncode == 2
    assert expected in said
    assert leaks(said.encode()) == []


def test_a_proxys_password_is_not_repeated(tmp_path: Path) -> None:
    with an_exchange() as exchange:
        daemon = Daemon(
            tmp_path / "data",
            exchange,
            PROXY_URL=f"http://me:{PASSWORD}@127.0.0.1:9",
            LOG_LEVEL="DEBUG",
        )
        _, said = daemon.process.communicate(timeout=60)
        daemon.web.close()
    assert daemon.process.returncode == 2
    assert leaks(said.encode()) == []


def test_the_search_finds_what_it_looks_for() -> None:
    assert leaks(b"x" + base64.b64encode(SECRET.encode())) == ["secret"]
    assert leaks(f"?api_key={TOKEN}&".encode()) == ["token"]
