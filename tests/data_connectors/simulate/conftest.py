"""One small simulated county for all tests of this folder."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pandas as pd
import pytest

from data_connectors.simulate import SimulatedCounty, simulate_county

SMALL = {"seed": 7, "until": date(2025, 11, 24), "years": 2, "scale": 0.4, "plate_days": 30, "traffic": 0.12}


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> SimulatedCounty:
    """Two years and most of a third, at four tenths of the crimes and an eighth of the traffic."""
    return simulate_county(tmp_path_factory.mktemp("county"), **SMALL)


@pytest.fixture(scope="session")
def truth(county: SimulatedCounty) -> dict[str, Any]:
    """The planted truth."""
    return json.loads(county.truth.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def true_incidents(county: SimulatedCounty) -> pd.DataFrame:
    """One row a crime: what really happened, where and when."""
    frame = pd.read_csv(county.folder / "truth_incidents.csv", keep_default_na=False, parse_dates=["true_at_local"])
    return frame.set_index("record_id", drop=False)


@pytest.fixture(scope="session")
def true_reads(county: SimulatedCounty) -> pd.DataFrame:
    """One row a read: which vehicle it was."""
    return pd.read_csv(county.folder / "truth_reads.csv", keep_default_na=False).set_index("read_id", drop=False)
