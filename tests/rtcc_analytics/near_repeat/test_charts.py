"""Each result has a picture that shows what the result says."""

from __future__ import annotations

import numpy as np
import pytest

from rtcc_analytics import charts_near_repeat as charts
from rtcc_analytics import near_repeat


@pytest.fixture(scope="module")
def events():
    rng = np.random.default_rng(2)
    x, y, t = rng.uniform(0, 5000, 200), rng.uniform(0, 5000, 200), rng.integers(0, 365, 200)
    return np.r_[x, x[:60] + 20], np.r_[y, y[:60]], np.r_[t, t[:60] + 3]


BREAKS = {"distance_breaks": [0, 100, 200], "time_breaks": [0, 7, 14], "seed": 1}


def rows(chart, layer: int) -> list[dict]:
    """The data behind one layer."""
    drawn = chart.to_dict()
    data = drawn["layer"][layer].get("data", drawn.get("data"))
    return drawn["datasets"][data["name"]]


def test_the_knox_picture_tells_each_band_and_frames_those_above_chance(events) -> None:
    found = near_repeat.knox_test(*events, **BREAKS)
    cells = rows(charts.knox_test(found), 0)
    assert [cell["shown"] for cell in cells] == [f"{ratio:.2f}" for ratio in found.ratio.ravel()]
    assert [cell["marked"] == charts.ABOVE for cell in cells] == found.above_chance().ravel().tolist()
    assert cells[0]["words"] == f"{found.observed[0, 0]} of {found.expected[0, 0]:.1f}"


def test_a_band_without_a_ratio_is_a_dash() -> None:
    found = near_repeat.knox_test([0, 5_000, 9_000], [0] * 3, [0, 3, 9], distance_breaks=[0, 9, 20_000],
                                  time_breaks=[0, 7], seed=1)  # fmt: skip
    assert [cell["shown"] for cell in rows(charts.knox_test(found), 0)] == ["–", "1.00"]


def test_two_types_have_three_tables(events) -> None:
    x, y, t = events
    found = near_repeat.knox_cross_test((x[:100], y[:100], t[:100]), (x[100:], y[100:], t[100:]), **BREAKS)
    titles = [part["title"]["text"] for part in charts.knox_cross_test(found).to_dict()["vconcat"]]
    assert titles == ["Either order", "First then second", "Second then first"]


def test_shuffles_surround_what_was_observed(events) -> None:
    for test, draw, options in (
        (near_repeat.mantel_test, charts.mantel_test, {}),
        (near_repeat.jacquez_test, charts.jacquez_test, {"neighbours": 3}),
    ):
        found = test(*events, permutations=99, seed=1, **options)
        picture = draw(found)
        assert [row["value"] for row in rows(picture, 0)] == found.simulated.tolist()
        assert rows(picture, 1)[0]["value"] == found.statistic


def test_local_chains_and_zones(events) -> None:
    local = near_repeat.local_knox(*events, distance_m=100, days=7)
    points = rows(charts.local_knox(local), 1)
    assert sum(row["size"] for row in points) == 260
    assert sum(row["size"] for row in points if row["marked"] == "stands out") == (local.q_value <= 0.05).sum()
    chains = near_repeat.near_repeat_chains(*events, distance_m=100, days=7)
    assert len(charts.near_repeat_chains(chains).data) == len(chains.to_frame())
    alerts = near_repeat.open_alerts(*events, at=300, **BREAKS)
    bars = rows(charts.open_alerts(alerts), 0)
    assert [row["expires_day"] for row in bars] == alerts.expires_day.tolist()[: charts.ZONES_SHOWN]
    assert all(row["event_day_from"] <= 0 < row["expires_day_from"] for row in bars)


def test_nothing_open_and_no_chain_are_pictures_too(events) -> None:
    x, y, _ = events
    alerts = near_repeat.open_alerts(*events, at=5_000, **BREAKS)
    assert "0 zones open" in charts.open_alerts(alerts).to_dict()["title"]["text"]
    chains = near_repeat.near_repeat_chains(x, y, np.arange(260) * 30, distance_m=1, days=1)
    assert charts.near_repeat_chains(chains).to_dict()
