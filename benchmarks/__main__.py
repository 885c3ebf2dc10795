"""`python -m benchmarks`: those that need no store of yours, one after the other; the others are named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BY_THEMSELVES = ("methods.py", "temporal.py", "peers.py", "loading.py")
WITH_A_STORE = ("briefing.py", "explorer.py", "forecast.py", "lpr.py")


def main() -> int:
    """Run each benchmark in a process of its own; the exit status is the first that failed."""
    status = 0
    for name in BY_THEMSELVES:
        print(f"\n== {name}", flush=True)
        status = status or subprocess.run([sys.executable, str(HERE / name)], check=False).returncode
    print("\nwith a store or a folder of yours:")
    for name in WITH_A_STORE:
        print(f"  python benchmarks/{name} --help")
    return status


if __name__ == "__main__":
    sys.exit(main())
