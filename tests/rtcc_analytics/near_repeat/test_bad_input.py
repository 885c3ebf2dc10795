"""What a clerk, a spreadsheet or haste hands over: each an error or a warning with the values and what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rtcc_analytics.events import Events
from rtcc_analytics.near_repeat import (
    NearRepeatError,
    jacquez_test,
    knox_cross_test,
    knox_test,
    local_knox,
    mantel_test,
    near_repeat_chains,
    open_alerts,
)

BREAKS = {"distance_breaks": [0, 100, 200], "time_breaks": [0, 7, 14]}
EVERY = {
    "knox_test": lambda *events: knox_test(*events, **BREAKS, permutations=19, seed=1),
    "knox_cross_test": lambda *events: knox_cross_test(events, events, **BREAKS, permutations=19, seed=1),
    "local_knox": lambda *events: local_knox(*events, distance_m=100, days=7),
    "mantel_test": lambda *events: mantel_test(*events, permutations=19, seed=1),
    "jacquez_test": lambda *events: jacquez_test(*events, neighbours=1, permutations=19, seed=1),
    "near_repeat_chains": lambda *events: near_repeat_chains(*events, distance_m=100, days=7),
    "open_alerts": lambda *events: open_alerts(*events, at=100, **BREAKS, permutations=19, seed=1),
}
every_method = pytest.mark.parametrize("method", EVERY.values(), ids=EVERY)


def events(size: int = 40):
    rng = np.random.default_rng(size)
    return rng.uniform(0, 5000, size), rng.uniform(0, 5000, size), rng.integers(0, 90, size).astype(float)


@every_method
def test_no_events(method) -> None:
    with pytest.raises(NearRepeatError, match="no events.*widen the period, the area or the offenses"):
        method([], [], [])


@pytest.mark.parametrize("name", ["knox_test", "local_knox", "mantel_test", "open_alerts"])
def test_one_event(name) -> None:
    with pytest.raises(NearRepeatError, match="1 event.* at least 2 are needed"):
        EVERY[name]([1000.0], [1000.0], [3])


@every_method
@pytest.mark.parametrize(("column", "name"), [(0, "x"), (1, "y"), (2, "t")])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_missing_or_infinite_value(method, column, name, value) -> None:
    given = events()
    given[column][7] = value
    with pytest.raises(
        NearRepeatError, match=f"{name} is missing or infinite in 1 of 40 events .*position 7.*leave those out"
    ):
        method(*given)


def test_a_missing_date() -> None:
    x, y, _ = events()
    t = pd.Series(pd.date_range("2024-01-01", periods=40))
    t[3] = pd.NaT
    with pytest.raises(NearRepeatError, match="t is missing or infinite in 1 of 40 events .*position 3"):
        knox_test(x, y, t, **BREAKS, seed=1)


@every_method
def test_arrays_of_different_length(method) -> None:
    x, y, t = events()
    with pytest.raises(NearRepeatError, match="x has 40, y has 40, t has 39 values"):
        method(x, y, t[:-1])


@pytest.mark.parametrize(
    "name", ["knox_test", "knox_cross_test", "local_knox", "mantel_test", "jacquez_test", "open_alerts"]
)
def test_all_at_one_point_or_at_one_time(name) -> None:
    x, y, t = events()
    with pytest.raises(
        NearRepeatError, match=r"all \d+ events are at one point \(x 500, y 900\).*check the coordinates"
    ):
        EVERY[name](np.full(40, 500.0), np.full(40, 900.0), t)
    with pytest.raises(NearRepeatError, match=r"all \d+ events have the same time \(day 12\).*check the time column"):
        EVERY[name](x, y, np.full(40, 12.0))


@every_method
@pytest.mark.parametrize("size", [2, 40])
def test_degrees_where_metres_are_meant(method, size) -> None:
    rng = np.random.default_rng(1)
    lon, lat = -73.9 + rng.uniform(0, 0.3, size), 41.6 + rng.uniform(0, 0.3, size)
    with pytest.raises(
        NearRepeatError, match=r"x -73\.\d+ to -73\.\d+, y 41\.\d+ to 41\.\d+ look like degrees.*project"
    ):
        method(lon, lat, np.arange(size, dtype=float))


def test_degrees_with_breaks_in_degrees() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(NearRepeatError, match=r"look like degrees, where .* 0\.002 metres is meant"):
        knox_test(
            -73.9 + rng.uniform(0, 0.3, 40),
            41.6 + rng.uniform(0, 0.3, 40),
            np.arange(40),
            distance_breaks=[0, 0.001, 0.002],
            time_breaks=[0, 7],
            seed=1,
        )


def test_small_places_in_metres_are_no_degrees() -> None:
    assert near_repeat_chains([1, 2, 3], [0, 0, 0], [1, 1, 9], distance_m=1, days=1).chain.tolist() == [1, 1, 2]
    rng = np.random.default_rng(1)
    assert knox_test(
        *rng.uniform(0, 90, (2, 40)), np.arange(40), distance_breaks=[0, 10, 20], time_breaks=[0, 7], seed=1
    )


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        ([0, 200, 100], r"200.*|has 100 after 200: edges must ascend.*\[0.0, 100.0, 200.0\]"),
        ([0, 100, 100, 200], "has 100 after 100: edges must ascend, each once, or bands overlap"),
        ([[0, 100], [50, 150]], r"shape \(2, 2\): give the edges in one list"),
        ([-100, 0, 100], "begins at -100 .*start at 0"),
        ([0], "make no band"),
        ([], "make no band"),
        ([0, np.inf], "make no band with an end"),
        ([0, np.nan, 100], "missing value"),
        ("0-100", "are not numbers"),
    ],
)
@pytest.mark.parametrize("name", ["distance_breaks", "time_breaks"])
def test_breaks_unsorted_overlapping_or_none(breaks, words, name) -> None:
    with pytest.raises(NearRepeatError, match=words) as told:
        knox_test(*events(), **(BREAKS | {name: breaks}), seed=1)
    assert name in str(told.value)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"permutations": 0}, "permutations is 0; it must be a whole number from 1"),
        ({"permutations": 99.5}, "permutations is 99.5"),
        ({"seed": -1}, "seed is -1"),
        ({"metric": "chebyshev"}, "'chebyshev' is not known; choose one of euclidean, manhattan, street"),
        ({"metric": "street"}, "metric='street' needs network="),
        ({"network": object()}, "a street network was given, but metric is 'euclidean'"),
        ({"compat": "CrimeStat"}, "'CrimeStat' is not known; .* 'NRC'"),
        ({"compat": "NRC", "right_closed": True}, "left-closed bands only"),
        ({"weights": np.full(40, -1.0)}, "weights range from -1 to -1.* each must be 0 or more"),
        ({"weights": np.full(40, np.nan)}, "40 missing"),
        ({"weights": np.ones(39)}, r"weights have shape \(39,\), t \(40,\)"),
        ({"weights": np.zeros(40)}, "all weights are 0"),
        ({"weights": "aoristic"}, "only for Events"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_settings_that_cannot_be(asked, words) -> None:
    with pytest.raises(NearRepeatError, match=words):
        knox_test(*events(), **(BREAKS | {"seed": 1} | asked))


def test_times_of_mixed_zones() -> None:
    x, y, _ = events(4)
    t = [pd.Timestamp("2024-01-01", tz=zone) for zone in ("UTC", "America/New_York", "UTC", "America/Chicago")]
    with pytest.raises(
        NearRepeatError, match=r"America/Chicago, America/New_York, UTC.*drop the zone from local times"
    ):
        knox_test(x, y, t, **BREAKS, seed=1)
    with pytest.raises(NearRepeatError, match=r"time zones \(UTC\)"):
        knox_test(x, y, pd.Series(pd.date_range("2024-01-01", periods=4, tz="UTC")), **BREAKS, seed=1)


def test_two_types_of_different_zone_or_projection() -> None:
    x, y, _ = events(4)

    def of(timezone: str, crs: str) -> Events:
        return Events(
            x=x + 500_000,
            y=y,
            crs=crs,
            timezone=timezone,
            occurred_from=np.datetime64("2024-01-01T08:00:00") + np.arange(4) * np.timedelta64(86_400, "s"),
        )

    here = of("America/New_York", "EPSG:32618")
    with pytest.raises(NearRepeatError, match=r"America/New_York.*UTC.*one zone"):
        knox_cross_test(here, of("UTC", "EPSG:32618"), **BREAKS, seed=1)
    with pytest.raises(NearRepeatError, match=r"EPSG:32618.*EPSG:32615.*one study area"):
        knox_cross_test(here, of("America/New_York", "EPSG:32615"), **BREAKS, seed=1)


def test_words_where_numbers_belong() -> None:
    x, y, t = events(4)
    with pytest.raises(NearRepeatError, match="x holds something that is not a number"):
        knox_test(["a", "b", "c", "d"], y, t, **BREAKS, seed=1)
    with pytest.raises(NearRepeatError, match="t is neither days nor times"):
        knox_test(x, y, ["soon", "later", "soon", "later"], **BREAKS, seed=1)


def test_times_known_to_the_day_only_and_repeated_are_no_error() -> None:
    x, y, t = events()
    found = knox_test(x, y, np.repeat([1.0, 2.0], 20), **BREAKS, permutations=99, seed=1)
    assert np.isfinite(found.p_value).all()
    assert found.ratio[0, 1] != found.ratio[0, 1] and any("undefined (NaN)" in told for told in found.warnings)


def test_a_heap_of_stacked_and_copied_records_is_told() -> None:
    x, y, t = events(100)
    x[:12], y[:12] = 2500, 2500
    told = knox_test(x, y, t, **BREAKS, permutations=99, seed=1).warnings
    assert any("12 of 100 events (12%) are at one point (x 2500, y 2500)" in words for words in told)
    x, y, t = events(100)
    told = knox_test(np.r_[x, x[:5]], np.r_[y, y[:5]], np.r_[t, t[:5]], **BREAKS, permutations=99, seed=1).warnings
    assert any("5 of 105 events (5%) share place and time with another" in words for words in told)
    assert knox_test(x, y, t, **BREAKS, permutations=99, seed=1).warnings == ()


def test_too_few_shuffles_are_told() -> None:
    assert any(
        "9 shuffles give no p-value below 0.1" in told
        for told in knox_test(*events(), **BREAKS, permutations=9, seed=1).warnings
    )
