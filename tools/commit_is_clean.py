"""Refuse files that hold what looks like a key, or that are too large for a repository."""

from __future__ import annotations

import re
import sys
from pathlib import Path

MAX_BYTES = 1_000_000
KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}"
    r"|\bAIza[\w-]{35}\b|\bsk-[A-Za-z0-9]{32,}\b|\bfo1_[\w-]{40,}\b"
    r"|(?i:api_?key|secret_?key|password|token)\s*[=:]\s*[\"'][A-Za-z0-9+/_-]{32,}[\"']"
)
ALLOWED = "example"
"""A line that bears this word shows a published example and no key of anybody."""


def problems(name: str, content: bytes) -> list[str]:
    """Return one sentence per thing in a file that should not be committed."""
    found = []
    if len(content) > MAX_BYTES:
        found.append(f"{name}: expected at most {MAX_BYTES} bytes, found {len(content)}")
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        if KEY.search(line) and ALLOWED not in line:
            found.append(f"{name}:{number}: this looks like a key; keep it in the environment")
    return found


def main() -> int:
    """Look at the files named; return 1 when one must not be committed."""
    found = [line for name in sys.argv[1:] for line in problems(name, Path(name).read_bytes())]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
