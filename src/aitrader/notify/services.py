"""The 170 services that the library Apprise knows, with the optional extra `apprise`.

Theory of operation. Apprise blocks until a service has answered, so each notice is brought by a
thread of its own. It is a daemon: no service that hangs keeps the program from ending. Whoever
waits gives up after `SEND_S` and leaves the thread alone; until it has ended, no second one is
started for that service, so there is never more than one each.

Apprise and what it stands on log addresses, which are secrets: nothing they log goes anywhere.
The library costs the engine 0.3 s and 28 MB, so the first service that is named imports it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from importlib import import_module
from typing import Any

import httpx2

from aitrader.model.errors import ConfigError
from aitrader.notify.channels import Refusal

SEND_S = 30.0
"""Apprise rests up to 5.5 s between two notices, and takes 4 s to connect and 4 s to read."""

TITLE = "aitrader"
TALKATIVE = ("apprise", "urllib3", "requests", "requests_oauthlib", "oauthlib")


class Service:
    """One address of Apprise as a channel; it is checked when made, nothing is sent by that."""

    def __init__(self, address: str, number: int, *, send_s: float = SEND_S) -> None:
        """Prepare to send.

        Args:
            address: Such as `ntfys://ntfy.sh/topic`; a secret.
            number: Which one of the setting it is, for the sentence that refuses it.
            send_s: How long one notice may take.

        Raises:
            ConfigError: Apprise is not installed or does not know the address.
        """
        apprise = _apprise()
        asset = apprise.AppriseAsset(
            app_id=TITLE, app_desc=TITLE, app_url="", async_mode=False, service_timeout=0
        )
        service = _find(apprise, address, asset)
        if service is None:
            raise ConfigError(
                "NOTIFY_URLS takes addresses of Apprise such as ntfys://ntfy.sh/topic; number "
                f"{number} is none, or its service needs a library that is not installed"
            )
        if service.overflow_mode is apprise.OverflowMode.UPSTREAM:
            # As it is by default a service may refuse what is too long for it, and trouble is lost.
            service.overflow_mode = apprise.OverflowMode.SPLIT
        self.name = f"{service.service_name} (number {number} of NOTIFY_URLS)"
        self._send_s = send_s
        self._services = apprise.Apprise(service, asset=asset)
        self._text_format = apprise.NotifyFormat.TEXT
        self._thread: threading.Thread | None = None

    async def send(self, client: httpx2.AsyncClient, text: str) -> Refusal | None:
        """Have a thread bring the text; `client` is not used."""
        if self._thread is not None and self._thread.is_alive():
            return Refusal("the notice before is still on its way", is_final=True)
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._thread = threading.Thread(
            target=self._bring, args=(text, answer), name="notice", daemon=True
        )
        self._thread.start()
        try:
            async with asyncio.timeout(self._send_s):
                has_arrived = await answer
        except TimeoutError:
            return Refusal(f"no answer within {self._send_s:g} s", is_final=True)
        return None if has_arrived else Refusal("its service did not take it")

    def _bring(self, text: str, answer: asyncio.Future[bool]) -> None:
        result = self._services.notify(body=text, title=TITLE, body_format=self._text_format)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants to know
            answer.get_loop().call_soon_threadsafe(_settle, answer, bool(result))


def _settle(answer: asyncio.Future[bool], has_arrived: bool) -> None:
    if not answer.done():
        answer.set_result(has_arrived)


def _find(apprise: Any, address: str, asset: Any) -> Any:  # noqa: ANN401 - see _apprise
    try:
        return apprise.Apprise.instantiate(address, asset=asset)
    except (AttributeError, LookupError, TypeError, ValueError):  # what its parsers trip over
        return None


def _apprise() -> Any:  # noqa: ANN401 - the library is there only with the extra
    for name in TALKATIVE:
        logger = logging.getLogger(name)
        if logger.propagate:
            logger.propagate = False
            logger.addHandler(logging.NullHandler())
    try:
        return import_module("apprise")
    except ImportError as exc:
        raise ConfigError(
            "NOTIFY_URLS needs Apprise, which is not installed: pip install 'aitrader[apprise]'"
        ) from exc
