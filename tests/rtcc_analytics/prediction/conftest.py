"""The made-up town for every test here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import made_up


@pytest.fixture(scope="session")
def made_up_events() -> object:
    """Burglaries of the made-up town."""
    return made_up.burglaries()


@pytest.fixture(scope="session")
def made_up_grid() -> object:
    """Its squares."""
    return made_up.town()
