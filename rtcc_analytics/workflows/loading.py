"""What the loading notebook shows before an analyst names a file of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_connectors import Store

EXAMPLE_PROFILE, EXAMPLE_FILES = "simulated_beacon_monthly", "SIMULATED_beacon_*.csv"


def example_files(store: Store, *, most: int = 2) -> tuple[str, list[Path]]:
    """A profile and the newest raw files beside a demo store; no file where the store is another.

    Parameters
    ----------
    store : Store
        `make demo` leaves the raw files of its simulated county in the folder ``raw`` beside it.
    most : int
        Files at most.

    Examples
    --------
    >>> import tempfile
    >>> from data_connectors import Store
    >>> example_files(Store.create(tempfile.mkdtemp() + "/store"))
    ('simulated_beacon_monthly', [])
    """
    return EXAMPLE_PROFILE, sorted((Path(store.location).parent / "raw").glob(EXAMPLE_FILES))[-most:]
