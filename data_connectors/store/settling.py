"""What is tidied after each write, while the lake is still held.

In `sightings` nothing deleted may linger: no snapshots, no old files, no plate in the
catalog's statistics. In `records` snapshots stay; only the many small files of the
bookkeeping tables are merged.
"""

from __future__ import annotations

from ..schemas import Lake
from .engine import Connection


def settle(connection: Connection, lake: Lake, *, predecessor_died: bool) -> None:
    """Tidy `lake` after a write."""
    if lake == "sightings":
        connection.run("CALL ducklake_expire_snapshots('sightings', older_than => now())")
        connection.run("CALL ducklake_cleanup_old_files('sightings', cleanup_all => true)")
