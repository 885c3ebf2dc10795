"""`rtcc`, the command line: it parses, calls the library and prints.

Every command takes ``--store LOCATION`` or the environment variable ``RTCC_STORE``. What a
user can mend is printed as one message, without a traceback, and the exit status is 1.
Libraries are imported inside the commands, so that ``rtcc --help`` answers at once.
"""

from __future__ import annotations

import sys

from rtcc_analytics.cli.app import app

__all__ = ["app", "main"]


def main() -> None:
    """Run `rtcc` with the process's arguments; never returns."""
    from data_connectors.errors import RtccError

    try:
        app()
    except RtccError as error:
        print(f"rtcc: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("rtcc: interrupted; nothing was left half-written", file=sys.stderr)
        sys.exit(130)
