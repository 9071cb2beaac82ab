"""Refuse a lock that names an address, a folder of some machine, or a package without a hash."""

from __future__ import annotations

import re
import sys
from pathlib import Path

FOREIGN = re.compile(r"://|file:|--(find-links|index-url|extra-index-url|trusted-host)|(^|\s)/\w")


def problems(text: str) -> list[str]:
    """Return one sentence per line that does not belong into a lock."""
    found = [
        f"line {number}: expected no address and no path, found {line.strip()}"
        for number, line in enumerate(text.splitlines(), start=1)
        if FOREIGN.search(line)
    ]
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if re.match(r"[A-Za-z0-9]", block) and "--hash=sha256:" not in block:
            found.append(f"{block.split()[0]}: expected a hash, found none")
    return found


def main() -> int:
    """Print what is wrong with the named locks; return 1 when something is."""
    found = [
        f"{name}: {problem}"
        for name in sys.argv[1:]
        for problem in problems(Path(name).read_text(encoding="utf-8"))
    ]
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
