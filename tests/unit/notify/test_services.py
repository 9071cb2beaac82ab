"""Apprise itself, over a loopback server: one notice, a refusal, a service that hangs."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from tests.builders import AT_MS
from tests.unit.notify.phone import Phone

from aitrader.engine.clock import FrameClock
from aitrader.model.errors import ConfigError
from aitrader.model.events import EntriesPaused
from aitrader.notify.channels import Refusal
from aitrader.notify.notifier import Manners, Notifier
from aitrader.notify.services import Service

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""Apprise has it imported by way of its e-mail service."""

PAUSED = EntriesPaused(at_ms=AT_MS, is_paused=True)


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the environment stands between Apprise and the loopback."""
    pytest.importorskip("apprise", reason="needs the extra: pip install 'aitrader[apprise]'")
    monkeypatch.setenv("NO_PROXY", "*")


def sent(
    phone: Phone,
    story: Callable[[Service], Awaitable[None]],
    *,
    send_s: float = 20.0,
    query: str = "",
) -> None:
    async def whole() -> None:
        server = await asyncio.start_server(phone.receive, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        address = f"json://user:hunter2@127.0.0.1:{port}/secret-path{query}"
        async with asyncio.timeout(30), server:
            await story(Service(address, 1, send_s=send_s))

    asyncio.run(whole())


async def carry(service: Service, text: str) -> Refusal | None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await service.send(client, text)


def test_a_notice_arrives_as_it_was_written() -> None:
    phone = Phone()

    async def story(service: Service) -> None:
        assert await carry(service, "dip: <b> *x* \\n 1 < 2\nand more") is None

    sent(phone, story)
    assert phone.texts == ["dip: <b> *x* \\n 1 < 2\nand more"]


def test_the_notifier_tells_a_service_as_any_other_place() -> None:
    phone = Phone(500)

    async def story(service: Service) -> None:
        notifier = Notifier([service], FrameClock(AT_MS), Manners(rest_s=0.001))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(notifier.run())
            notifier.update([PAUSED])
            await phone.until(2)
            task.cancel()

    sent(phone, story)
    assert phone.texts == ["no new entries from now on"] * 2


def test_what_a_service_does_not_take_is_said_without_its_address(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    phone = Phone(403)

    async def story(service: Service) -> None:
        refusal = await carry(service, "hello")
        assert refusal is not None
        said = f"{service.name}: {refusal.reason}"
        assert said == "JSON (number 1 of NOTIFY_URLS): its service did not take it"

    sent(phone, story)
    out, err = capfd.readouterr()
    for secret in ("hunter2", "secret-path"):
        assert secret not in caplog.text + out + err


def test_a_service_that_hangs_is_left_alone_until_it_has_ended() -> None:
    may_go_on = threading.Event()

    class Slow(Phone):
        async def receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.to_thread(may_go_on.wait, 20)
            await super().receive(reader, writer)

    phone = Slow()

    async def story(service: Service) -> None:
        late, kept_away = await carry(service, "1"), await carry(service, "2")
        assert late is not None
        assert late.reason == "no answer within 0.05 s"
        assert kept_away is not None
        assert kept_away.reason == "the notice before is still on its way"
        assert late.is_final
        assert kept_away.is_final
        may_go_on.set()
        await phone.until(1)

    sent(phone, story, send_s=0.05)
    assert phone.texts == ["1"]


def test_an_end_of_the_program_does_not_wait_for_a_service() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # nobody takes up what calls
        address = f"json://127.0.0.1:{server.getsockname()[1]}"
        refusal = asyncio.run(carry(Service(address, 1, send_s=0.05), "late"))
        assert refusal is not None
        (thread,) = [thread for thread in threading.enumerate() if thread.name == "notice"]
        assert thread.daemon
        caller, _ = server.accept()
        caller.close()
        thread.join(20)  # what it has to say to the closed loop harms nobody
        assert not thread.is_alive()


@pytest.mark.parametrize(("query", "count"), [("", 2), ("?overflow=truncate", 1)])
def test_what_is_too_long_for_a_service_comes_in_parts_unless_its_address_says_otherwise(
    query: str, count: int
) -> None:
    phone = Phone()

    async def story(service: Service) -> None:
        assert await carry(service, "x" * 40_000) is None

    sent(phone, story, query=query)
    assert len(phone.texts) == count
    assert len("".join(phone.texts)) == (40_000 if count == 2 else 32_768)


@pytest.mark.parametrize(
    "address", ["secret", "secret://x", "json://", "dbus://[secret", "http://["]
)
def test_an_address_of_no_service_is_refused_and_not_quoted(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigError, match=r"NOTIFY_URLS takes .* number 2 is none") as caught:
        Service(address, 2)
    assert "secret" not in str(caught.value) + caplog.text
