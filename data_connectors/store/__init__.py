"""Where records are kept: `Store`, the only door to DuckDB."""

from __future__ import annotations

from .errors import PlateDataError, StoreError
from .location import quoted
from .purpose import Purpose
from .store import Store

__all__ = ["PlateDataError", "Purpose", "Store", "StoreError", "quoted"]
