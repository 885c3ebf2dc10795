"""Where records are kept: `Store`, the only door to DuckDB."""

from __future__ import annotations

from .corrections import apply_corrections
from .errors import PlateDataError, StoreError
from .health import Finding, diagnose
from .ledger import LedgerCheck
from .location import quoted
from .purpose import Purpose
from .session import LoadingSession
from .store import Store

__all__ = [
    "Finding",
    "LedgerCheck",
    "LoadingSession",
    "PlateDataError",
    "Purpose",
    "Store",
    "StoreError",
    "apply_corrections",
    "diagnose",
    "quoted",
]
