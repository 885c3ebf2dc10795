"""Answers known from elsewhere, and the plain way to count pairs that fast code is held against."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from numpy.typing import NDArray


@pytest.fixture(scope="session")
def known(shared: Path) -> Callable[[str], dict[str, Any]]:
    """expected.json of a case, by the start of its folder's name."""

    def read(case: str) -> dict[str, Any]:
        folder = next((shared / "truth").glob(f"{case}_*"), None)
        if folder is None:
            pytest.skip(f"no case {case} in {shared / 'truth'}")
        return json.loads((folder / "expected.json").read_text())

    return read


@pytest.fixture(scope="session")
def january(shared: Path) -> tuple[NDArray, NDArray, NDArray]:
    """970 Chicago burglaries around January 2016: x, y, datetime64."""
    table = pd.read_csv(shared / "truth" / "02_knox_chicago_burglary_jan2016" / "chicago_be_month1.csv")
    return table.X.to_numpy(), table.Y.to_numpy(), pd.to_datetime(table.date).to_numpy()


@pytest.fixture(scope="session")
def four_years(shared: Path) -> tuple[NDArray, NDArray, NDArray]:
    """45,319 Chicago burglaries, 2014 to 2017: x, y, datetime64."""
    table = pd.read_csv(shared / "truth" / "26_speed_knox_2014" / "chicago_burglary_2014_2017.csv")
    day = pd.to_datetime(table.date_single, format="%d/%m/%Y").to_numpy()
    return table.x.to_numpy(), table.y.to_numpy(), day
