"""aitrader as a person starts it: processes of its own, in folders that are thrown away.

Nothing here waits for a time: it waits for an end, for a line, for a word on a screen or for a
file, each with a limit after which the test fails.
"""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from time import perf_counter

LIMIT_S = 40.0
"""How long anything may take on a busy machine before a test gives it up."""
ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[PX^_\]].*?(?:\x1b\\|\x07)|\x1b[@-_=>]", re.DOTALL
)
LONGEST_ESCAPE = 200
"""Characters; what is cut within one is put together with what comes next."""

Ended = subprocess.CompletedProcess[str]


def aitrader(*words: object, limit_s: float = LIMIT_S) -> Ended:
    """Run the command to its end and return what it said."""
    return subprocess.run(
        command(words), capture_output=True, text=True, timeout=limit_s, check=False
    )


@contextlib.contextmanager
def started(*words: object) -> Iterator[subprocess.Popen[str]]:
    """Run the command beside the block; what is left of it afterwards is killed."""
    process = subprocess.Popen(
        command(words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def command(words: Sequence[object]) -> list[str]:
    """Return the command line of aitrader as it is under test."""
    return [sys.executable, "-m", "aitrader", *map(str, words)]


def is_alive(pid: int) -> bool:
    """Return whether a process is there and has not ended; one that waits to be reaped has."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(shown.stdout.strip()) and not shown.stdout.strip().startswith("Z")


class Screen:
    """A program in a terminal of its own: what it wrote as plain text, and a keyboard."""

    def __init__(self, words: Sequence[str], *, columns: int = 120, rows: int = 36) -> None:
        self._plain = ""
        self._raw = ""
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._read = 0
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            ["env", "TERM=xterm-256color", "COLORTERM=truecolor", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    @property
    def text(self) -> str:
        """All that was written, without what moves the cursor or colors."""
        return self._plain + ESCAPES.sub("", self._raw)

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.close()

    def wait_until_full(self) -> None:
        """Return when the program has to wait because nobody reads what it writes."""
        end_s, before = perf_counter() + LIMIT_S, -1
        while (waiting := self._unread()) != before or not waiting:
            assert perf_counter() < end_s, f"{waiting} bytes and still more"
            before = waiting
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.3)

    def _unread(self) -> int:
        found = fcntl.ioctl(self._master, termios.FIONREAD, struct.pack("i", 0))
        return int(struct.unpack("i", found)[0])

    def close(self) -> None:
        """Close the terminal; the program in it is told so by the system."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def wait_for(self, pattern: str, *, limit_s: float = LIMIT_S) -> re.Match[str]:
        """Return the first match in what was written since the last one that was waited for."""
        end_s = perf_counter() + limit_s
        while (found := re.compile(pattern).search(self.text, self._read)) is None:
            assert perf_counter() < end_s, f"no {pattern!r} in {self.text[self._read :][-2000:]!r}"
            assert self._take(0.2) or self.process.poll() is None, (
                f"ended before {pattern!r}: {self.text[-2000:]!r}"
            )
        self._read = found.end()
        return found

    def keep_up(self) -> None:
        """Read what was written: a program whose terminal nobody reads comes to a stop."""
        while self._take(0.0):
            pass

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def wait_for_end(self, *, limit_s: float = LIMIT_S) -> int:
        """Return the exit code."""
        end_s = perf_counter() + limit_s
        while self.process.poll() is None:
            assert perf_counter() < end_s, f"still there: {self.text[-2000:]!r}"
            self._take(0.05)
        self.keep_up()
        return self.process.returncode

    def _take(self, wait_s: float) -> bool:
        """Read what has come; False when nothing has."""
        if self._master < 0:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(wait_s)
            return False
        if not select.select([self._master], [], [], wait_s)[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux: the other end is closed
            return False
        self._raw += self._decode(data)
        cut = self._raw.rfind("\x1b")
        if cut < 0 or len(self._raw) - cut > LONGEST_ESCAPE:
            cut = len(self._raw)
        self._plain += ESCAPES.sub("", self._raw[:cut])
        self._raw = self._raw[cut:]
        return bool(data)
