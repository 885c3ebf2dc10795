"""What goes wrong at the store and can be mended."""

from __future__ import annotations

from ..errors import RtccError


class StoreError(RtccError):
    """The store is missing, held, newer, unreadable, or was asked for what it cannot do.

    `transient` tells a passing conflict (a held lock, another writer's commit), which is
    tried again, from a lasting fault, which is not.
    """

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient


class PlateDataError(StoreError):
    """A plate-bearing table was asked for without a purpose, or would have left the store."""
