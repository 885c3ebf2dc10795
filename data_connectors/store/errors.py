"""What goes wrong at the store and can be mended."""

from __future__ import annotations

from ..errors import RtccError


class StoreError(RtccError):
    """The store is missing, held, newer, unreadable, or was asked for what it cannot do.

    Attributes
    ----------
    transient : bool
        A passing conflict (a held lock, another writer's commit): worth trying again for a while.
    vanished : bool
        A data file was gone when it was read: worth a few tries, since a writer may just have
        replaced it.
    """

    def __init__(self, message: str, *, transient: bool = False, vanished: bool = False) -> None:
        super().__init__(message)
        self.transient = transient
        self.vanished = vanished


class PlateDataError(StoreError):
    """A plate-bearing table was asked for without a purpose, or would have left the store."""
