"""One engine process of a world: begun, listened to, stopped, killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

LIFE = Path(__file__).with_name("life.py")
POLL_S = 0.02
END_WITHIN_S = 40.0


class Life:
    """One engine process."""

    def __init__(self, plan: Mapping[str, object]) -> None:
        self.is_up = False
        self.is_ended = False
        self.recovered: dict[str, float] | None = None
        """`wall_s`, `cpu_s` from the process's start until all is known and protected."""
        self.died_at: tuple[int, bool, list[str]] | None = None
        """The durable write it ended with, whether after it, and of what kinds."""
        self.is_measured = True
        """False once it was stopped while it recovered."""
        self.refused = ""
        self.errors = 0
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        self._log = (Path(str(plan["folder"])).with_suffix(".log")).open("ab")
        began = {"spawned_s": time.monotonic()}
        self._process = subprocess.Popen(
            [sys.executable, str(LIFE), json.dumps({**plan, **began})],
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._said = b""

    @property
    def is_alive(self) -> bool:
        """True until the process has ended."""
        return self._process.poll() is None

    def listen(self) -> None:
        """Take in what it says."""
        assert self._process.stdout is not None
        self._said += self._process.stdout.read() or b""
        *lines, self._said = self._said.split(b"\n")
        for line in lines:
            said = json.loads(line)
            self.refused = said.get("refused", self.refused)
            self.errors = said.get("errors", self.errors)
            self.recovered = said.get("recovered", self.recovered)
            self.is_ended |= "errors" in said
            if "died_at" in said:
                self.died_at = (said["died_at"], said["is_written"], said["kinds"])
            self.is_up = bool(said["up"])

    def sleep(self, for_s: float) -> None:
        """Stop the process (SIGSTOP) and let it go on."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGSTOP)
            time.sleep(for_s)
            self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Ask it to end, and wait for that."""
        self._process.terminate()
        end_s = time.monotonic() + END_WITHIN_S
        while self.is_alive and time.monotonic() < end_s:
            time.sleep(POLL_S)
            self.listen()
        self.listen()

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._process.kill()
        self._process.wait()
        self.listen()
        self.is_up = False
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()
