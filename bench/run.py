"""Run every bench, one after the other; each prints one JSON object on a line of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NOT_BENCHES = {"run.py", "report.py", "soak.py", "soak_terminal.py"}
LIMIT_S = 420


def main() -> int:
    """Return 0 when every bench ran and met its target; names in the arguments choose some."""
    wanted = set(sys.argv[1:])
    failed = 0
    for path in sorted(HERE.glob("*.py")):
        if path.name in NOT_BENCHES or (wanted and path.stem not in wanted):
            continue
        try:
            code = subprocess.run(
                [sys.executable, str(path)], check=False, timeout=LIMIT_S
            ).returncode
        except subprocess.TimeoutExpired:
            print(json.dumps({"bench": path.stem, "ok": False, "error": f"over {LIMIT_S} s"}))
            code = 1
        failed += code != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
