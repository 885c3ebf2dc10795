"""Which store a notebook works on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from data_connectors.errors import RtccError

if TYPE_CHECKING:
    from data_connectors import Store

DEMO_STORE = "demo/store"


def open_store(location: str = "") -> Store:
    """The store at `location`; where that is empty, the one of ``RTCC_STORE``, else the demo store.

    A relative folder is looked for in the working folder and then in those above it, because a
    notebook's kernel runs in the notebook's own folder and the demo store lies beside it.

    Parameters
    ----------
    location : str
        A folder, or ``postgresql://user@host/db?data_path=FOLDER``.

    Raises
    ------
    RtccError
        There is no store there; the message says how to make one.

    Examples
    --------
    >>> open_store("nowhere/at/all")
    Traceback (most recent call last):
        ...
    data_connectors.errors.RtccError: no store at 'nowhere/at/all', looked for in ... folders; ...
    """
    from data_connectors import Store

    wanted = location or os.environ.get("RTCC_STORE", "") or DEMO_STORE
    if "://" in wanted or Path(wanted).is_absolute():
        return Store(wanted)
    here = Path.cwd()
    folders = [here, *here.parents]
    for folder in folders:
        if (folder / wanted).is_dir():
            return Store(str(folder / wanted))
    remedy = (
        "run `make demo`" if wanted == DEMO_STORE else "make one with `rtcc init --store LOCATION`, or run `make demo`"
    )
    raise RtccError(f"no store at {wanted!r}, looked for in {len(folders)} folders; {remedy}")
