import base64
import hashlib
import hmac

import pytest
from tests.unit.exchange.simulated.test_ed25519 import VECTORS

from aitrader.exchange.simulated.keys import ApiKey, Keyring, permissions, read_key
from aitrader.model.errors import Refused

NOW_MS = 1_499_827_319_559
PUBLISHED_KEY = (
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"  # the published example
)
PUBLISHED_SECRET = (
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # the published example
)
ORDER = (
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
    "&timestamp=1499827319559"
)
PUBLIC_KEY, _, SIGNATURE = (bytes.fromhex(each) for each in VECTORS[0])


def a_keyring(now_ms: int = NOW_MS) -> Keyring:
    return Keyring(lambda: now_ms, ApiKey(PUBLISHED_KEY, secret=PUBLISHED_SECRET))


def test_the_published_request_is_accepted_in_query_and_body() -> None:
    signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    params = {"signature": signature, "timestamp": str(NOW_MS), "recvWindow": "5000"}
    a_keyring().check_http(PUBLISHED_KEY, f"{ORDER}&signature={signature}", "", params)
    a_keyring().check_http(PUBLISHED_KEY, "", f"{ORDER}&signature={signature.upper()}", params)


def test_the_published_socket_request_is_accepted() -> None:
    params = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "recvWindow": "100",
        "timestamp": "1645423376532",
        "apiKey": PUBLISHED_KEY,
        "signature": "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
    }
    assert a_keyring(1_645_423_376_532).check_socket(params).key == PUBLISHED_KEY
    with pytest.raises(Refused, match="Signature"):
        a_keyring(1_645_423_376_532).check_socket({**params, "price": "1"})


def test_an_ed25519_signature_is_accepted_percent_encoded_too() -> None:
    key = ApiKey("e", public_key=PUBLIC_KEY)
    text = base64.b64encode(SIGNATURE).decode()
    assert key.has_signed("", text)
    assert key.has_signed("", text.replace("=", "%3D").replace("+", "%2B").replace("/", "%2F"))
    assert not key.has_signed("", "not base64!")


@pytest.mark.parametrize(
    ("stamp", "window", "code"),
    [
        (NOW_MS - 5000, "", 0),
        (NOW_MS + 999, "", 0),
        ((NOW_MS - 10) * 1000, "50.125", 0),
        (NOW_MS - 5001, "", -1021),
        (NOW_MS + 1000, "", -1021),
        (NOW_MS, "60001", -1131),
    ],
)
def test_a_request_is_good_for_a_window_of_time(stamp: int, window: str, code: int) -> None:
    params = {"timestamp": str(stamp), "recvWindow": window}
    if not code:
        a_keyring().check_time(params)
        return
    with pytest.raises(Refused) as found:
        a_keyring().check_time(params)
    assert found.value.code == code


def test_a_key_is_missing_unknown_added_or_removed() -> None:
    keyring = a_keyring()
    for name, code in (("", -2014), ("other", -2015)):
        with pytest.raises(Refused) as found:
            keyring.find(name)
        assert found.value.code == code
    keyring.add(ApiKey("other", secret="s"))
    assert keyring.find("other").secret == "s"
    keyring.remove("other")
    with pytest.raises(Refused):
        keyring.find("other")


def test_a_key_is_read_in_any_of_its_forms() -> None:
    raw = PUBLIC_KEY.hex()
    packed = base64.b64encode(bytes(12) + PUBLIC_KEY).decode()
    pem = f"-----BEGIN PUBLIC KEY-----\n{packed}\n-----END PUBLIC KEY-----\n"
    for text in (raw, base64.b64encode(PUBLIC_KEY).decode(), pem):
        assert read_key({"key": "e", "public_key": text}).public_key == PUBLIC_KEY
    made = read_key({"key": "h", "secret": "s"})
    assert made.has_signed("a", hmac.new(b"s", b"a", hashlib.sha256).hexdigest())


def test_a_key_may_trade_and_not_withdraw_unless_it_is_said() -> None:
    usual = permissions(read_key({"key": "h", "secret": "s"}))
    assert (usual["enableSpotAndMarginTrading"], usual["enableWithdrawals"]) == (True, False)
    other = permissions(read_key({"key": "h", "secret": "s", "may": "withdraw"}))
    assert (other["enableSpotAndMarginTrading"], other["enableWithdrawals"]) == (False, True)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"key": "a"},
        {"key": "a", "secret": "b", "public_key": "c"},
        {"key": "a", "public_key": "AA"},
        {"key": "a", "secret": "b", "may": "trade steal"},
    ],
)
def test_what_is_no_key_is_not_read(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_key(given)
