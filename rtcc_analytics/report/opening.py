"""Which store a report notebook reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rtcc_analytics.report.document import ReportError

if TYPE_CHECKING:
    from data_connectors import Store


def opened(location: str = "", snapshot: int | None = None) -> Store:
    """The store at `location`, or the one that RTCC_STORE names, at a snapshot where one is given.

    Raises
    ------
    ReportError
        Neither says which store.

    Examples
    --------
    >>> import tempfile
    >>> from data_connectors import Store
    >>> here = Store.create(tempfile.mkdtemp() + "/county").location
    >>> opened(here, snapshot=1)                                            # doctest: +ELLIPSIS
    <Store ... at snapshot 1>
    """
    from data_connectors import Store

    location = location or os.environ.get("RTCC_STORE", "")
    if not location:
        raise ReportError(
            "no store is named: set `store` in the parameters cell, or the environment variable RTCC_STORE"
        )
    store = Store(location)
    return store if snapshot is None else store.at(snapshot)
