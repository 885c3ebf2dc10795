"""A habit of one agency in a feed that many agencies share is found, and laid at that agency's door."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from .test_planted_faults import AS_OF, assess


def stamped(incidents: pd.DataFrame, rows: np.ndarray, how: str) -> None:
    """Give rows the clock that someone types who does not know it."""
    local = incidents.loc[rows, "occurred_local"]
    local = local.dt.normalize() if how == "midnight" else local - pd.to_timedelta(local.dt.day - 1, "D")
    incidents.loc[rows, "occurred_local"] = local
    for column in ("occurred_from", "occurred_to"):
        incidents.loc[rows, column] = local.dt.tz_localize("Etc/GMT+5").dt.tz_convert("UTC")


@pytest.mark.parametrize(("how", "check"), [("midnight", "midnight_heaping"), ("first", "first_of_month_heaping")])
def test_the_habit_of_one_agency_in_ten_is_found_and_named(
    plant, incidents: pd.DataFrame, how: str, check: str
) -> None:
    incidents["agency"] = np.random.default_rng(1).choice([f"Town {i} PD" for i in range(9)] + ["Troopers"], 4000)
    theirs = incidents.index[(incidents["agency"] == "Troopers") & (incidents["occurred_local"].dt.month > 1)]
    stamped(incidents, theirs[: len(theirs) // 12], how)
    (found,) = assess(plant(incidents=incidents), as_of=AS_OF).of(check)
    assert found.what.startswith("Troopers: ") and "likewise" not in found.what
    local = incidents.loc[incidents["agency"] == "Troopers", "occurred_local"]
    on_it = (local.dt.hour * 60 + local.dt.minute <= 1) if how == "midnight" else (
        (local.dt.day == 1) & (local.dt.month > 1))  # fmt: skip
    assert found.seen == on_it.sum()


def test_no_agency_is_named_where_all_share_the_habit_of_their_records_system(plant, incidents: pd.DataFrame) -> None:
    stamped(incidents, incidents.index[::12], "midnight")
    (found,) = assess(plant(incidents=incidents), as_of=AS_OF).of("midnight_heaping")
    assert found.what[0].isdigit()


def test_every_agency_with_the_habit_is_named(plant, incidents: pd.DataFrame) -> None:
    incidents["agency"] = np.tile(["A PD", "B PD", "C PD", "D PD"], 1000)
    for agency in ("B PD", "C PD"):
        stamped(incidents, incidents.index[incidents["agency"] == agency][::8], "midnight")
    (found,) = assess(plant(incidents=incidents), as_of=AS_OF).of("midnight_heaping")
    assert "B PD" in found.what and "C PD" in found.what and "A PD" not in found.what and "D PD" not in found.what
