"""Repeats and time from one choice of records: the same records everywhere, and what would mislead said."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events
from rtcc_analytics.near_repeat import knox_test
from rtcc_analytics.workflows.repeats import explore_repeats


def repeating(**given: Any) -> Events:
    """300 burglaries of a year at 20:00, 80 of them followed within 30 m after three days; 50 thefts at noon."""
    rng = np.random.default_rng(3)
    x, y, t = rng.uniform(0, 5000, 300), rng.uniform(0, 5000, 300), rng.integers(0, 360, 300)
    x, y, t = np.r_[x, x[:80] + 30, rng.uniform(0, 5000, 50)], np.r_[y, y[:80], rng.uniform(0, 5000, 50)], np.r_[
        t, t[:80] + 3, np.linspace(0, 363, 50).astype(int)
    ]  # fmt: skip
    hour = np.r_[np.full(380, 20), np.full(50, 12)].astype("timedelta64[h]")
    when = np.datetime64("2024-01-01T00:00:00") + t.astype("timedelta64[D]") + hour
    columns = {
        "x": x + 5e5, "y": y + 4.6e6, "crs": "EPSG:32618", "timezone": "UTC", "occurred_from": when,
        "offense": np.r_[["220"] * 380, ["23F"] * 50], "address": [f"{n} OAK ST" for n in range(430)],
    }  # fmt: skip
    return Events(**(columns | given))


def test_table_zones_and_clock_speak_of_the_same_records() -> None:
    view = explore_repeats(repeating(), offense="burglary", permutations=99)
    assert view.events.size == view.knox.events == 380
    assert view.hours.total == view.clock.size == 380
    plain = knox_test(view.events, distance_breaks=[0, 100, 200, 300, 400], time_breaks=[0, 7, 14, 21, 28],
                      permutations=99, seed=1)  # fmt: skip
    assert (view.knox.observed == plain.observed).all()
    assert view.clock.mean == pytest.approx(20.5) and view.clock.resultant == pytest.approx(1)
    assert view.title == "Burglary, 1 Jan 2024 to 29 Dec 2024"


def test_zones_say_where_how_long_and_hide_what_is_sensitive() -> None:
    events = repeating()
    view = explore_repeats(events, offense="burglary", at="2024-12-01", permutations=99)
    zones, alerts = view.zones(), view.alerts
    assert len(zones) == len(alerts.event) > 0
    assert (zones.days_left > 0).all() and (zones.expires > date(2024, 12, 1)).all()
    assert zones.address.tolist() == [f"{event} OAK ST" for event in alerts.event]
    hidden = explore_repeats(repeating(sensitive=np.ones(430, dtype=bool)), offense="burglary", at="2024-12-01",
                             permutations=99)  # fmt: skip
    assert set(hidden.zones().address) == {""}


def test_a_past_day_uses_only_what_was_known_and_the_lag_assumed() -> None:
    view = explore_repeats(repeating(), offense="burglary", at="2024-10-01", permutations=99, assumed_lag_days=5)
    days = view.events.local_day[view.alerts.event]
    assert days.max() <= np.datetime64("2024-09-26") and view.alerts.knox.events < view.knox.events


def test_chains_reach_as_far_as_zones_stay_open() -> None:
    view = explore_repeats(repeating(), offense="burglary", permutations=99)
    assert (view.chains.distance_m, view.chains.days) == (100, 7)
    linked = view.linked(least_events=2)
    assert len(linked) >= 75 and (linked.last_date >= linked.first_date).all()


def test_uncertain_times_spread_over_their_days() -> None:
    events = repeating()
    weeks = events.occurred_from + np.timedelta64(4, "D")
    spread = explore_repeats(repeating(occurred_to=weeks), offense="burglary", spread_times=True, permutations=19)
    assert spread.knox.observed.dtype.kind == "f"
    assert spread.knox.ratio[0, 0] < explore_repeats(events, offense="burglary", permutations=19).knox.ratio[0, 0]
    assert any("spread over several hours" in told for told in spread.cautions)


def test_what_misleads_is_said() -> None:
    timeless = repeating().occurred_from.copy()
    timeless[:7] = np.datetime64("NaT")
    view = explore_repeats(repeating(occurred_from=timeless), offense="23F", permutations=99)
    assert any("50 events make few pairs" in told for told in view.cautions)
    assert any("near repeats are not shown here" in told for told in view.cautions)
    view = explore_repeats(repeating(occurred_from=timeless), offense="220", permutations=99)
    assert "7 records have no time of occurrence and were left out" in view.cautions


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"offense": "arson"}, "no record of .* with a time: choose another offense"),
        ({"start": "2024-06-01", "end": "2024-06-01"}, "from 2024-06-01 to 2024-06-01 is empty"),
        (
            {"start": "2030-01-01", "end": "2031-01-01"},
            "0 records of .* between 2030-01-01 and 2031-01-01, of 380 in all",
        ),
        ({"at": "2023-06-01"}, "0 events had happened and were known"),
    ],
)
def test_a_choice_that_leaves_nothing_says_so(asked, words) -> None:
    with pytest.raises(RtccError, match=words):
        explore_repeats(repeating(), **({"offense": "burglary", "permutations": 19} | asked))
