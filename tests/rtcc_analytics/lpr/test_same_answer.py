"""The same reads give the same answer, byte for byte, in whatever order they were stored: a packet can be verified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_connectors.store.sightings import content_hash
from rtcc_analytics import lpr

MONDAY = pd.Timestamp("2025-10-20T04:00Z")
SPAN = {"start": "2025-10-20", "end": "2025-11-10"}
SEARCHES: dict[str, Callable[[Any], object]] = {
    "history": lambda r: lpr.history(r, plate="AB*", **SPAN),
    "similar": lambda r: lpr.search_similar(r, plate="AB01", **SPAN),
    "with": lambda r: lpr.travels_with(r, plate="AB01", window_s=300, min_trips=1, **SPAN),
    "places": lambda r: lpr.at_places(
        r,
        [lpr.Place(-73.9, 41.7, MONDAY + pd.Timedelta(d, "D"), MONDAY + pd.Timedelta(d + 1, "D")) for d in (1, 3, 8)],
        radius_m=30_000, min_places=1, **SPAN,
    ),
    "convoys": lambda r: lpr.convoys(r, start="2025-10-21", end="2025-10-23", window_s=300, min_readers=1),
    "life": lambda r: lpr.pattern_of_life(r, plate="AB01", **SPAN),
    "impossible": lambda r: lpr.impossible_travel(r, clock_tolerance_s=0, **SPAN),
    "trips": lambda r: lpr.origin_destination(r, least_vehicles=1, **SPAN),
    "readers": lambda r: lpr.reader_performance(r, **SPAN),
}  # fmt: skip


class Recorded:
    """Reads in memory that keep the hash of each answer, as the ledger does."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.hashes = inner, []

    def read(self, sql: str, /, **parameters: Any) -> pd.DataFrame:
        self.hashes.append(content_hash(self.inner.database.execute(sql, parameters).to_arrow_table()))
        return self.inner.read(sql, **parameters)


def many_ties(rng: np.random.Generator) -> pd.DataFrame:
    """Reads on few moments, so that plates, readers and states tie often."""
    number = 6_000
    camera = rng.integers(0, 5, number)
    return pd.DataFrame({
        "plate": [f"AB{n:02d}" for n in rng.integers(0, 25, number)],
        "camera_id": [f"c{c}" for c in camera],
        "captured_at": (MONDAY + pd.to_timedelta(rng.integers(0, 21 * 288, number) * 300, unit="s")).as_unit("us"),
        "confidence": rng.random(number).round(3), "region": rng.choice(["NY", "NJ"], number),
        "lon": -73.9 + camera / 20, "lat": 41.7, "direction_deg": 90.0, "make": "x", "color": "y", "source": "s",
    })  # fmt: skip


@pytest.mark.parametrize("search", SEARCHES)
def test_an_answer_does_not_depend_on_the_order_of_storing(in_memory, search: str) -> None:
    reads = many_ties(np.random.default_rng(17))
    seen = []
    for seed in range(3):
        asked = Recorded(in_memory(reads.sample(frac=1, random_state=seed, ignore_index=True)))
        asked.inner.database.execute(f"SET threads = {seed + 1}")
        SEARCHES[search](asked)
        seen.append(asked.hashes)
    assert seen[0] and seen[0] == seen[1] == seen[2]
