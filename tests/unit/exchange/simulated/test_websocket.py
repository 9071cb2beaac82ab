import asyncio
from typing import cast

import pytest
import uvicorn
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.server import ServerState

from aitrader.exchange.simulated.websocket import ENCODED, EncodedFrames, cut


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: object) -> None:
        self.written.append(cast("bytes", data))

    def is_closing(self) -> bool:
        return self.is_closed


async def nothing(scope: object, receive: object, send: object) -> None:
    """An application that does nothing."""


def a_protocol() -> tuple[EncodedFrames, Wire]:
    config = uvicorn.Config(nothing, log_config=None, lifespan="off")
    config.load()
    protocol, wire = EncodedFrames(config, ServerState(), {}), Wire()
    protocol.connection_made(wire)
    return protocol, wire


def test_encoded_frames_are_written_as_they_are_once_the_client_reads() -> None:
    async def story() -> None:
        protocol, wire = a_protocol()
        protocol.pause_writing()
        loop = asyncio.get_running_loop()
        sending = loop.create_task(protocol.send({"type": ENCODED, "bytes": b"\x81\x01a"}))
        await asyncio.sleep(0)
        assert wire.written == []
        protocol.resume_writing()
        await sending
        assert wire.written == [b"\x81\x01a"]

    asyncio.run(story())


def test_a_client_that_is_gone_is_told_to_the_sender() -> None:
    async def story() -> None:
        protocol, wire = a_protocol()
        wire.is_closed = True
        with pytest.raises(ClientDisconnected):
            await protocol.send({"type": ENCODED, "bytes": b"x"})

    asyncio.run(story())


class GoneSocket:
    """A socket whose other side went first."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def setsockopt(self, *_: object) -> None:
        raise self._error


@pytest.mark.parametrize("error", [OSError("bad"), ValueError("negative file descriptor")])
def test_a_connection_that_has_ended_already_is_cut_without_a_word(error: Exception) -> None:
    class Ended(Wire):
        def get_extra_info(self, name: str, default: object = None) -> object:
            return GoneSocket(error)

        def abort(self) -> None:
            self.is_closed = True

    wire = Ended()
    cut(wire)
    assert wire.is_closed
