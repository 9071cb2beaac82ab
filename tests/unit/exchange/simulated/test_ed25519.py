import pytest

from aitrader.exchange.simulated.ed25519 import has_signed

VECTORS = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
        "1cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
        "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
)
"""The first two of RFC 8032, section 7.1: public key, message, signature."""
KEY, MESSAGE, SIGNATURE = (bytes.fromhex(each) for each in VECTORS[1])


@pytest.mark.parametrize("vector", VECTORS)
def test_the_published_signatures_are_good(vector: tuple[str, str, str]) -> None:
    assert has_signed(*(bytes.fromhex(each) for each in vector))


@pytest.mark.parametrize(
    ("key", "message", "signature"),
    [
        (KEY, b"other", SIGNATURE),
        (KEY, MESSAGE, SIGNATURE[:63] + b"\x01"),
        (KEY, MESSAGE, SIGNATURE[:32] + b"\xff" * 32),
        (KEY, MESSAGE, SIGNATURE[:-1]),
        (KEY[:-1], MESSAGE, SIGNATURE),
        (b"\xff" * 32, MESSAGE, SIGNATURE),
        (b"\x02" + b"\x00" * 31, MESSAGE, SIGNATURE),
        (b"\x01" + b"\x00" * 30 + b"\x80", MESSAGE, SIGNATURE),
        (KEY, MESSAGE, b"\x02" + b"\x00" * 31 + SIGNATURE[32:]),
    ],
)
def test_everything_else_is_not(key: bytes, message: bytes, signature: bytes) -> None:
    assert not has_signed(key, message, signature)
