"""What is sent where."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx2
import pytest
from tests.unit.notify.phone import Phone

from aitrader.notify.channels import Channel, Discord, Refusal, Telegram, Webhook


def test_telegram_gets_a_message_for_the_chat() -> None:
    url, body = Telegram("1:abc", "42").letter("hello")
    assert url == "https://api.telegram.org/bot1:abc/sendMessage"
    assert (body["chat_id"], body["text"]) == ("42", "hello")


def test_discord_mentions_nobody() -> None:
    url, body = Discord("https://discord.com/hook").letter("@everyone")
    assert url == "https://discord.com/hook"
    assert body == {"content": "@everyone", "allowed_mentions": {"parse": []}}


def test_a_program_gets_the_text() -> None:
    assert Webhook("http://127.0.0.1:1").letter("x")[1] == {"source": "aitrader", "text": "x"}


@pytest.mark.parametrize(
    "make",
    [lambda url: Telegram("1:abc", "42", url), Discord, Webhook],
    ids=["telegram", "discord", "webhook"],
)
@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (200, None),
        (404, Refusal("it answered 404", is_final=True)),
        (429, Refusal("it answered 429")),
        (503, Refusal("it answered 503")),
    ],
)
def test_what_a_place_refuses_for_good_is_not_worth_another_try(
    make: Callable[[str], Channel], status: int, refusal: Refusal | None
) -> None:
    phone = Phone(status)

    async def story() -> Refusal | None:
        server = await asyncio.start_server(phone.receive, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, httpx2.AsyncClient(trust_env=False) as client:
            return await make(url).send(client, "hello")

    assert asyncio.run(story()) == refusal
    assert phone.texts == ["hello"]
