"""One job's process: it says how far it is in lines of JSON, and dies with this process.

Its stdin is a pipe that nobody writes to: when this process ends, however that happens, the child
reads its end and ends too. What it writes besides news (a sentence that says why it failed) is
kept, the last line of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import msgspec

from aitrader.model.errors import Refused
from aitrader.model.job import BacktestResult, Progress

LINE_LIMIT_BYTES = 1 << 20
END_S = 5.0
"""How long a child that was told to end may take."""

LONGEST_S = 7_200.0
"""How long a job may take in all."""

MOST_WORDS = 500

_NEWS: msgspec.json.Decoder[Progress | BacktestResult] = msgspec.json.Decoder(
    Progress | BacktestResult
)


class Child:
    """One process; `run` it once, for at most `longest_s`."""

    def __init__(self, words: Sequence[str], *, longest_s: float = LONGEST_S) -> None:
        self._words = tuple(words)
        self._longest_s = longest_s
        self._process: asyncio.subprocess.Process | None = None
        self._last_words = "it said nothing"
        self._is_unwanted = False

    async def run(self, on_progress: Callable[[Progress], None]) -> BacktestResult:
        """Return what came of it; the process is gone then, also when this is canceled.

        Raises:
            Refused: It could not start, took too long, or ended without a result; in its own
                sentence.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *self._words,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                limit=LINE_LIMIT_BYTES,
            )
        except OSError as error:
            raise Refused(0, f"the job's process could not start: {error}") from error
        self._process = process
        try:
            if self._is_unwanted:
                raise Refused(0, self._last_words)
            async with asyncio.timeout(self._longest_s):
                result = await self._listen(process, on_progress)
        except TimeoutError:
            raise Refused(
                0,
                f"it took more than {self._longest_s / 60:.0f} minutes and was ended: "
                "ask for fewer symbols or a shorter time",
            ) from None
        finally:
            await _end(process)
        if result is None:
            raise Refused(0, self._last_words)
        return result

    def stop(self) -> None:
        """Tell it to end; `run` then raises."""
        self._is_unwanted = True
        if self._process is not None:
            _signal_end(self._process)

    async def _listen(
        self, process: asyncio.subprocess.Process, on_progress: Callable[[Progress], None]
    ) -> BacktestResult | None:
        assert process.stdout is not None
        result = None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:
                self._last_words = f"it wrote a line of more than {LINE_LIMIT_BYTES} bytes"
                return None
            if not line:
                return result
            try:
                news = _NEWS.decode(line)
            except msgspec.DecodeError:
                said = line.decode(errors="replace").strip().removeprefix("aitrader: ")
                self._last_words = said[:MOST_WORDS] or self._last_words
                continue
            if isinstance(news, Progress):
                on_progress(news)
            else:
                result = news


def _signal_end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Return when the process is gone: asked first, then made to."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(END_S):
            _signal_end(process)
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
