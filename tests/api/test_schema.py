"""The API against its own document: schemathesis sends what it allows and what it forbids."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.api_room import FULL, Room

EXAMPLES = 10
"""Per operation and phase."""

CONFIG = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 413, 415, 422, 429]
"""
"""A body that is wrong and also too large is refused with 413."""

pytest.importorskip("schemathesis")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@contextmanager
def a_server(folder: Path) -> Iterator[int]:
    """An API in a thread of its own."""
    ready, done, ports = threading.Event(), threading.Event(), []

    async def serve() -> None:
        async with Room(folder).served() as port:
            ports.append(port)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield ports[0]
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("token", [FULL, ""])
def test_the_api_keeps_to_its_document(tmp_path: Path, token: str) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    with a_server(tmp_path) as port:
        address = f"http://127.0.0.1:{port}"
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json",
            "--checks", "all", "--max-examples", str(EXAMPLES), "--seed", "7", "--no-color",
            "--phases", "examples,coverage,fuzzing",
            "--exclude-path", "/metrics",
        ]  # fmt: skip
        if token:
            command += ["--header", f"Authorization: Bearer {token}"]
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=280, check=False, cwd=tmp_path,
            env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)},  # noqa: TID251
        )  # fmt: skip
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
