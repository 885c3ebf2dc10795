"""Every search beside plain loops over small data: midnight, the change of clocks, parked cars and repeats among it."""

from __future__ import annotations

import re
from collections import defaultdict
from math import asin, cos, radians, sin, sqrt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rtcc_analytics import lpr
from rtcc_analytics.lpr.confusion import misreading_cost

from . import brute

ZONE = ZoneInfo("America/New_York")
EVE = pd.Timestamp("2025-11-01T22:00", tz=ZONE).tz_convert("UTC")  # six hours before clocks go back
NIGHT = {"start": "2025-11-02", "end": "2025-11-03"}  # 25 hours long
SITES = {"c1": (-73.93, 41.70), "c2": (-73.93, 41.80), "c3": (-73.83, 41.70)}
PLATES = ("AB12", "AB1Z", "A812", "BA12", "XAB1", "C0D0", "CODO")
quick = settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
STOOD = [("AB12", "c1", 60 * minute) for minute in range(110, 140, 4)]  # parked, over midnight
minutes = st.integers(0, 34 * 60).map(lambda minute: 60 * minute)
some_reads = st.builds(
    lambda rows, stood: rows + STOOD * stood,
    st.lists(
        st.tuples(st.sampled_from(PLATES), st.sampled_from(sorted(SITES)), minutes), min_size=1, max_size=60,
    ),
    st.booleans(),
)  # fmt: skip


def frame(rows: list[tuple[str, str, int]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["plate", "camera_id", "second"])
    at = (EVE + pd.to_timedelta(table.pop("second"), unit="s")).dt.as_unit("us")
    return table.assign(
        captured_at=at, lon=[SITES[c][0] for c in table["camera_id"]], lat=[SITES[c][1] for c in table["camera_id"]],
        confidence=0.9, region="NY", direction_deg=0.0, make="", color="", source="s",
    )  # fmt: skip


def within(reads: pd.DataFrame, start: str, end: str) -> pd.DataFrame:
    lo, hi = (pd.Timestamp(t).tz_localize(ZONE) for t in (start, end))
    return reads[(reads["captured_at"] >= lo) & (reads["captured_at"] < hi)]


@quick
@given(some_reads, st.sampled_from(["AB12", "AB*", "?B12", "A?1*", "B1", "*12", "0D"]), st.booleans())
def test_history_by_pattern(in_memory, rows, pattern: str, partial: bool) -> None:
    reads = frame(rows)
    found = lpr.history(in_memory(reads), plate=pattern, partial=partial, **NIGHT).rows
    expression = "".join({"*": ".*", "?": "."}.get(c, c) for c in pattern)
    own = within(reads, **NIGHT)
    fits = [p for p in PLATES if (re.search if partial else re.fullmatch)(expression, p)]
    expected = [(p, *passage) for p in fits for passage in brute.passages(own, p)]
    ours = list(
        zip(found["plate"], found["camera_id"], found["first_at"], found["last_at"], found["parked"], strict=True)
    )
    assert sorted(ours) == sorted(expected) and found["reads"].sum() == own["plate"].isin(fits).sum()


@quick
@given(some_reads, st.sampled_from(PLATES), st.sampled_from([0.0, 1.8, 2.8, 4.0, 4.6]))
def test_similar_plates(in_memory, rows, plate: str, most_cost: float) -> None:
    reads = frame(rows)
    found = lpr.search_similar(in_memory(reads), plate=plate, most_cost=most_cost, **NIGHT).rows
    own = within(reads, **NIGHT)
    near = {p: n for p, n in own["plate"].value_counts().items() if misreading_cost(plate, p) <= most_cost}
    assert dict(zip(found["plate"], found["reads"], strict=True)) == near
    assert found["cost"].tolist() == sorted(found["cost"])


@quick
@given(some_reads, st.sampled_from([0.0, 600.0]), st.sampled_from([50.0, 160.0]))
def test_impossible_steps(in_memory, rows, clock_tolerance_s: float, max_kmh: float) -> None:
    reads = frame(rows)
    found = lpr.impossible_travel(
        in_memory(reads), max_kmh=max_kmh, clock_tolerance_s=clock_tolerance_s, **NIGHT
    ).details
    expected = []
    for plate, own in within(reads, **NIGHT).sort_values(["captured_at", "camera_id"], kind="stable").groupby("plate"):
        steps = list(zip(own["camera_id"], own["captured_at"], strict=True))
        for (a, first), (b, then) in zip(steps, steps[1:], strict=False):
            hours = ((then - first).total_seconds() + clock_tolerance_s) / 3600
            if a != b and apart_km(a, b) > max_kmh * hours:
                expected.append((plate, a, b, first, then))
    ours = list(zip(*(found[c] for c in ("plate", "from_camera", "to_camera", "from_at", "to_at")), strict=True))
    assert sorted(ours) == sorted(expected)


def apart_km(a: str, b: str) -> float:
    (x, y), (u, v) = ([radians(d) for d in SITES[c]] for c in (a, b))
    return 2 * 6371.0088 * asin(sqrt(sin((v - y) / 2) ** 2 + cos(y) * cos(v) * sin((u - x) / 2) ** 2))


@quick
@given(some_reads)
def test_where_trips_begin_and_end(in_memory, rows) -> None:
    reads = frame(rows)
    found = lpr.origin_destination(in_memory(reads), least_vehicles=1, **NIGHT)
    own, ends, legs = within(reads, **NIGHT), defaultdict(list), defaultdict(list)
    for plate in own["plate"].unique():
        moving = sorted((f, c, last) for c, f, last, parked in brute.passages(own, plate) if not parked)
        trips: list[list[tuple]] = []
        for passage in moving:
            if trips and (passage[0] - trips[-1][-1][2]).total_seconds() <= 3600:
                trips[-1].append(passage)
            else:
                trips.append([passage])
        for trip in trips:
            if len(trip) > 1:
                ends[trip[0][1], trip[-1][1]].append((plate, (trip[-1][0] - trip[0][0]).total_seconds()))
            for (_, a, left), (at, b, _) in zip(trip, trip[1:], strict=False):
                if a != b:
                    legs[a, b].append((at - left).total_seconds())
    ours = {(r.origin, r.destination): (r.trips, r.vehicles, r.median_s) for r in found.rows.itertuples()}
    assert ours == {k: (len(v), len({p for p, _ in v}), np.median([s for _, s in v])) for k, v in ends.items()}
    walked = {(r.from_camera, r.to_camera): (r.passages, r.median_s) for r in found.details.itertuples()}
    assert walked == {k: (len(v), np.median(v)) for k, v in legs.items()}


@quick
@given(some_reads, st.sampled_from(PLATES))
def test_habits_by_local_day_and_hour(in_memory, rows, plate: str) -> None:
    reads = frame([*rows, (plate, "c1", 3 * 3600 + 60)])
    span = {"start": "2025-11-01", "end": "2025-11-04"}
    found = lpr.pattern_of_life(in_memory(reads), plate=plate, **span)
    expected, days, watched = defaultdict(int), defaultdict(set), defaultdict(set)
    for camera, first, _, _ in brute.passages(reads, plate):
        local = first.tz_convert(ZONE)
        expected[camera, local.weekday(), local.hour] += 1
        days[camera].add(local.date())
    for camera, at in zip(reads["camera_id"], reads["captured_at"], strict=True):
        watched[camera].add(at.tz_convert(ZONE).date())
    assert {(r.camera_id, r.weekday, r.hour): r.passages for r in found.details.itertuples()} == expected
    assert {r.camera_id: (r.days_seen, r.days_watched) for r in found.rows.itertuples()} == {
        c: (len(d), len(watched[c])) for c, d in days.items()
    }


@quick
@given(some_reads)
def test_readers_by_local_day(in_memory, rows) -> None:
    reads = frame(rows)
    found = lpr.reader_performance(in_memory(reads), start="2025-11-01", end="2025-11-04").days
    expected: dict[tuple, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for camera, at in zip(reads["camera_id"], reads["captured_at"], strict=True):
        expected[camera, at.tz_convert(ZONE).date()][0] += 1
    for plate in reads["plate"].unique():
        for camera, first, last, parked in brute.passages(reads, plate):
            own = reads[(reads["plate"] == plate) & (reads["camera_id"] == camera)]["captured_at"].between(first, last)
            day = expected[camera, first.tz_convert(ZONE).date()]
            day[1] += 1
            day[2 + parked] += own.sum() if parked else own.sum() - 1
    numbers = found[["passages", "duplicates", "parked_reads"]].fillna(0).astype(int)
    days = [d.date() if hasattr(d, "date") else d for d in found["local_day"]]
    ours = {(c, d): [r, *n] for c, d, r, n in zip(found["camera_id"], days, found["reads"], numbers.to_numpy().tolist(),
                                                  strict=True)}  # fmt: skip
    assert ours == dict(expected)


def entries(rows: list[tuple[str, int | None, int | None, str | None]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["plate", "issued", "expires", "region"])
    moments = {f"{name}_at": pd.to_datetime([None if pd.isna(h) else EVE + pd.Timedelta(h, "h") for h in table[name]],
                                            utc=True).astype("datetime64[us, UTC]")
               for name in ("issued", "expires")}  # fmt: skip
    return table.assign(list_name="L", category="STOLEN", case_number="S-1", **moments).drop(
        columns=["issued", "expires"]
    )


@pytest.mark.parametrize("retro", [False, True])
@pytest.mark.parametrize("similar", [False, True])
def test_wanted_plates(store_of, retro: bool, similar: bool) -> None:
    rng = np.random.default_rng(4)
    rows = [(rng.choice(PLATES), rng.choice(sorted(SITES)), int(rng.integers(0, 34 * 60)) * 60) for _ in range(150)]
    listed = [("AB12", 4, 20, "NY"), ("AB1Z", None, None, None), ("C0D0", 10, None, "NJ"), ("BA12", None, 6, "NY"),
              ("GONE", None, None, None)]  # fmt: skip
    reads, wanted = frame(rows), entries(listed)
    store = store_of(reads, L=wanted)
    from data_connectors import Purpose

    with store.sightings(Purpose("test", "T-1")) as session:
        found = lpr.hotlist_matches(session, retro=retro, similar=similar, **NIGHT).rows
    own, expected = within(reads, **NIGHT), []
    fold = str.maketrans("OQDIZSB", "0001258")
    for entry in wanted.itertuples():
        swapped = {entry.plate[:i] + entry.plate[i + 1] + entry.plate[i] + entry.plate[i + 2 :] for i in range(3)}
        for plate in PLATES:
            alike = plate in swapped or plate.translate(fold) == entry.plate.translate(fold)
            if plate != entry.plate and not (similar and alike):
                continue
            for camera, first, last, _ in brute.passages(own, plate):
                early = pd.notna(entry.issued_at) and last < entry.issued_at
                late = pd.notna(entry.expires_at) and first >= entry.expires_at
                if early and retro or not early and not late:
                    expected.append((entry.plate, plate, camera, first))
    ours = list(zip(found["listed"], found["plate"], found["camera_id"], found["first_at"], strict=True))
    assert sorted(ours) == sorted(expected) and len(expected) > 10
    assert set(found.loc[found["listed"] == "C0D0", "region_match"]) <= {"differs"}
    assert not found.loc[found["region_match"] == "differs", "stands_out"].any()
