from __future__ import annotations

import ssl

from aitrader.exchange.binance.trust import trust_for


def test_all_clients_share_the_authorities() -> None:
    one = trust_for("https://api.binance.com", "")
    assert isinstance(one, ssl.SSLContext)
    assert one.verify_mode is ssl.CERT_REQUIRED
    assert one.check_hostname
    assert trust_for("https://api.binance.us") is one


def test_what_is_not_plain_http_throughout_is_verified() -> None:
    assert trust_for("http://127.0.0.1:9090", "HTTP://127.0.0.1:1", "") is False
    assert trust_for("http://127.0.0.1:9090", "https://api.binance.com")
    assert trust_for("nonsense")
