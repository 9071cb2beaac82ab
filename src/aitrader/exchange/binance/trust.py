"""Whom a client of the exchange trusts.

To read the certificates of all authorities costs 30 to 60 ms of CPU and a megabyte, a tenth of an
engine's whole start; they are read once for all clients, and not at all where every address is
plain HTTP, as a simulated exchange's is.
"""

from __future__ import annotations

import ssl
from functools import cache

import httpx2


def trust_for(*urls: str) -> ssl.SSLContext | bool:
    """Return what these addresses are verified by, "" being none; False: there is nothing to."""
    is_plain = all(url.lower().startswith("http://") for url in urls if url)
    return False if is_plain else _authorities()


@cache
def _authorities() -> ssl.SSLContext:
    return httpx2.create_ssl_context()
