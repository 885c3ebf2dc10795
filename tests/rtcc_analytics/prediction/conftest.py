"""The made-up town for every test here."""

from __future__ import annotations

import pytest

from tests.rtcc_analytics.prediction import made_up


@pytest.fixture(scope="session")
def made_up_events() -> object:
    """Burglaries of the made-up town."""
    return made_up.burglaries()


@pytest.fixture(scope="session")
def made_up_grid() -> object:
    """Its squares."""
    return made_up.town()
