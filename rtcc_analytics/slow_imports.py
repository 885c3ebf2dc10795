"""Imports that cost seconds for something nobody here needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_GRAMMAR = "rfc3987_syntax"


@contextmanager
def without_address_grammar() -> Iterator[None]:
    """Within the block, the package that checks internationalised web addresses counts as absent.

    jsonschema, which Altair and nbformat import, compiles that package's grammar whenever it is
    installed, and JupyterLab installs it: three of the four seconds that ``import altair`` takes.
    jsonschema does without it where it is absent, and no chart or notebook holds such an address.

    Examples
    --------
    >>> with without_address_grammar():
    ...     import altair
    """
    if _GRAMMAR in sys.modules:
        yield
        return
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if sys.modules.get(_GRAMMAR, 0) is None:
            del sys.modules[_GRAMMAR]
