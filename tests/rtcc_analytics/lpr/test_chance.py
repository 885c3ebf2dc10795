"""Associations against plain loops, and their expected number of chance matches against permutations and fresh data."""

from __future__ import annotations

from collections import Counter
from importlib import util
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rtcc_analytics.lpr.chance import expected_vehicles, tails_up_to
from rtcc_analytics.lpr.companions import travels_with
from rtcc_analytics.lpr.places import Place, at_places

_spec = util.spec_from_file_location("brute", Path(__file__).with_name("brute.py"))
brute = util.module_from_spec(_spec)
import sys  # noqa: E402

sys.modules["brute"] = brute
_spec.loader.exec_module(brute)

ZONE = "America/New_York"
MONDAY = pd.Timestamp("2025-10-20")
FIRST = pd.Timestamp("2025-10-20T04:00Z")


def frame(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    """Reads from (plate, camera, seconds of the wall clock since the first local midnight)."""
    table = pd.DataFrame(rows, columns=["plate", "camera_id", "s"])
    wall = (MONDAY + pd.to_timedelta(table.pop("s"), unit="s")).dt.as_unit("us")
    at = wall.dt.tz_localize(ZONE, ambiguous=np.zeros(len(wall), bool), nonexistent="shift_forward").dt.tz_convert(
        "UTC"
    )
    return table.assign(captured_at=at)


@given(st.lists(st.floats(0, 1), max_size=6))
def test_tails_are_those_of_every_outcome(probabilities: list[float]) -> None:
    counted = np.zeros(len(probabilities) + 1)
    for outcome in product((0, 1), repeat=len(probabilities)):
        counted[sum(outcome)] += np.prod([p if o else 1 - p for p, o in zip(probabilities, outcome, strict=True)])
    [tails] = tails_up_to(pd.Series([probabilities]), most=len(probabilities))
    assert np.allclose(tails, counted[::-1].cumsum()[::-1])


small_reads = st.lists(
    st.tuples(st.sampled_from("TABCD"), st.sampled_from(["c1", "c2"]), st.integers(0, 1152).map(lambda k: k * 300.0)),
    min_size=8, max_size=60,
)  # fmt: skip


@given(small_reads, st.integers(0, 3))
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_companions_are_those_of_plain_loops(in_memory, rows, jitter) -> None:
    reads = frame([(f"{p}{p}{p}{p}", c, s + jitter * (ord(p) % 7)) for p, c, s in rows])
    span = {"start": "2025-10-20", "end": "2025-10-26"}
    found = travels_with(in_memory(reads), plate="TTTT", **span, window_s=40, min_trips=1)
    windows = brute.trip_windows(reads, "TTTT", window_s=40)
    matched, habits = brute.matches(reads, windows, **span, zone=ZONE, by_class=False, target="TTTT")
    parked = {p for p in matched if any(x[3] for x in brute.passages(reads, p))}
    ours = dict(zip(found.rows["plate"], found.rows["matched"], strict=True))
    assert {p: n for p, n in ours.items() if p not in parked} == {p: n for p, n in matched.items() if p not in parked}
    expected = expected_vehicles(
        pd.Series(habits.values()), pd.Series([1] * len(habits)), most=max([1, *matched.values()])
    )
    assert np.allclose(found.chance["expected"], expected[1:])
    by_habit = dict(zip(found.rows["plate"], found.rows["expected_matches"], strict=True))
    assert all(np.isclose(by_habit[p], sum(habits.get(p, []))) for p in by_habit)


@given(small_reads, st.lists(st.integers(0, 4 * 86_400), min_size=1, max_size=4))
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_vehicles_at_places_are_those_of_plain_loops(in_memory, rows, when) -> None:
    reads = frame([(f"{p}{p}{p}{p}", c, s) for p, c, s in rows])
    places = [
        Place(0, 0, FIRST + pd.Timedelta(s + 3600, "s"), FIRST + pd.Timedelta(s + 7200, "s"), str(n), cameras=("c1",))
        for n, s in enumerate(sorted(when))
    ]
    span = {"start": "2025-10-20", "end": "2025-10-26"}
    found = at_places(in_memory(reads), places, **span, radius_m=1, before_min=10, after_min=0, min_places=1)
    opens = [p.start - pd.Timedelta(10, "min") for p in places]
    ends = [max(o.end for o in places[: n + 1]) for n in range(len(places))]
    begins = [n for n in range(len(places)) if n == 0 or opens[n] > ends[n - 1]]  # the others run on from those before
    item = [sum(b <= n for b in begins) for n in range(len(places))]
    windows = [brute.Window(i, "c1", at, at, p.end) for i, at, p in zip(item, opens, places, strict=True)]
    matched, habits = brute.matches(reads, windows, **span, zone=ZONE, by_class=False)
    assert dict(zip(found.rows["plate"], found.rows["matched"], strict=True)) == matched
    most = max([1, *matched.values()])
    expected = expected_vehicles(pd.Series(habits.values()), pd.Series([1] * len(habits)), most=most)
    assert np.allclose(found.chance["expected"], expected[1 : most + 1])


def test_duplicates_and_parked_reads_do_not_inflate(in_memory) -> None:
    target = [("T111", c, 86_400 * d + 40_000 + 600 * k) for d in range(4) for k, c in enumerate(("c1", "c2"))]
    friend = [(p.replace("T", "F"), c, s + 10) for p, c, s in target]
    stood = [("P222", "c1", 86_400 + 30_000 + 120 * k) for k in range(200)]
    once = frame(target + friend + stood)
    again = pd.concat([once, once.assign(captured_at=once["captured_at"] + pd.Timedelta(3, "s"))], ignore_index=True)
    for reads in (once, again):
        found = travels_with(in_memory(reads), plate="T111", start="2025-10-20", end="2025-11-20", min_trips=1)
        rows = found.rows.set_index("plate")
        assert (rows.at["F111", "matched"], rows.at["F111", "meetings"], rows.at["F111", "trips"]) == (4, 8, 4)
        assert "P222" not in rows.index


def test_a_trip_over_midnight_and_over_the_end_of_daylight_saving_is_one_trip(in_memory) -> None:
    at = [pd.Timestamp(t) for t in ("2025-11-02T03:55Z", "2025-11-02T04:05Z", "2025-11-02T05:30Z", "2025-11-02T06:20Z")]
    reads = pd.concat([
        pd.DataFrame({"plate": p, "camera_id": ["c1", "c2", "c3", "c4"], "captured_at": at}) for p in ("T111", "F111")
    ])  # fmt: skip
    reads["captured_at"] = reads["captured_at"].dt.as_unit("us")
    found = travels_with(in_memory(reads), plate="T111", start="2025-10-25", end="2025-11-20", min_trips=1)
    [row] = found.rows.to_dict("records")
    assert (row["matched"], row["trips"], row["meetings"]) == (2, 2, 4)


def traffic(rng: np.random.Generator, regime: str, *, days: int = 28) -> pd.DataFrame:
    """Traffic without any association: vehicles keep habits of their own, or none."""
    vehicles, cameras = 300, 5
    rows = []
    for v in range(vehicles):
        usual, spread = rng.uniform(6, 20) * 3600, 3600 * 4.0
        rate = 0.8
        if regime in ("commuters", "rush hour"):
            usual, spread = rng.normal(8, 0.3 if regime == "rush hour" else 1.5) * 3600, 240.0
        if regime == "mixed":
            usual, spread, rate = (rng.normal(8, 0.5) * 3600, 300.0, 0.9) if v % 2 else (usual, spread, 0.3)
        route = rng.permutation(cameras)[:3]
        for day in range(days):
            weekend = day % 7 > 4
            if rng.random() > (rate * (0.2 if weekend and regime != "random" else 1)):
                continue
            leaves = day * 86_400 + (rng.normal(usual, spread) if regime != "random" else rng.uniform(0, 86_400))
            rows += [(f"V{v:03d}", f"c{c}", leaves + 240 * k + rng.normal(0, 20)) for k, c in enumerate(route)]
    return frame(rows)


@pytest.mark.parametrize(
    ("regime", "window_s", "least"), [("random", 300, 1), ("commuters", 60, 2), ("rush hour", 60, 3), ("mixed", 60, 2)]
)
def test_as_many_companions_are_found_by_chance_as_expected(in_memory, regime: str, window_s: int, least: int) -> None:
    """Observed over expected near 1 on traffic in which nobody travels with anybody."""
    rng = np.random.default_rng(31)
    reads = traffic(rng, regime)
    asked = in_memory(reads)
    observed = expected = 0.0
    for target in rng.choice(reads["plate"].unique(), 14, replace=False):
        found = travels_with(
            asked, plate=target, start="2025-10-20", end="2025-11-17", window_s=window_s, min_trips=least
        )
        observed += found.chance["vehicles"].iloc[0]
        expected += found.chance["expected"].iloc[0]
    assert observed > 20, "too few to tell"
    assert 0.8 < observed / expected < 1.25, (regime, observed, expected)


def test_expected_is_what_permuted_days_give(in_memory) -> None:
    """The analytic expectation against its own definition: each trip on a day drawn at random, counted."""
    rng = np.random.default_rng(5)
    reads = traffic(rng, "commuters", days=14)
    span = {"start": "2025-10-20", "end": "2025-11-03"}
    target = reads["plate"].iloc[0]
    found = travels_with(in_memory(reads), plate=target, **span, window_s=300, min_trips=2)
    _, habits = brute.matches(
        reads, brute.trip_windows(reads, target, window_s=300), **span, zone=ZONE, by_class=True, target=target
    )
    counts: Counter[int] = Counter()
    draws = 400
    for _ in range(draws):
        counts.update(int((rng.random(len(p)) < p).sum()) for p in habits.values())
    for row in found.chance.itertuples():
        simulated = sum(n for k, n in counts.items() if k >= row.matched) / draws
        assert abs(simulated - row.expected) < 4 * np.sqrt(max(row.expected, 0.05) / draws) + 0.02


def test_vehicles_at_places_are_as_many_as_expected_by_chance(in_memory) -> None:
    rng = np.random.default_rng(77)
    observed = expected = 0.0
    for regime in ("random", "commuters", "mixed"):
        asked = in_memory(traffic(rng, regime))
        for _ in range(6):
            at = MONDAY + pd.to_timedelta(
                rng.choice(28, 5, replace=False) * 86_400 + rng.integers(7 * 3600, 9 * 3600, 5), unit="s"
            )
            places = [Place(0, 0, t, t, cameras=("c1", "c2")) for t in at]
            found = at_places(asked, places, start="2025-10-20", end="2025-11-17", radius_m=1, min_places=2)
            observed += found.chance["vehicles"].iloc[0]
            expected += found.chance["expected"].iloc[0]
    assert observed > 60 and 0.8 < observed / expected < 1.25, (observed, expected)
