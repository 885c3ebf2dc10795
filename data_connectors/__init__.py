"""Raw files in, records out: `load` brings files of any feed into a `Store`.

Nothing is imported before it is asked for, so that ``import data_connectors`` costs nothing.

Examples
--------
>>> from data_connectors import Store, load
>>> load.__module__
'data_connectors.loading'
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "LoadError": "data_connectors.readers",
    "LoadReceipt": "data_connectors.loading",
    "PlateDataError": "data_connectors.store",
    "Profile": "data_connectors.profile",
    "Purpose": "data_connectors.store",
    "RtccError": "data_connectors.errors",
    "Store": "data_connectors.store",
    "StoreError": "data_connectors.store",
    "load": "data_connectors.loading",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'data_connectors' has no {name!r}; it has: {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)
