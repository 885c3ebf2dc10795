"""The same searches by plain loops over every read, for small data: the definition, not the method."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pandas as pd


@dataclass(frozen=True)
class Window:
    """One occasion's window at one reader."""

    item: int
    camera: str
    at: pd.Timestamp
    lo: pd.Timestamp
    hi: pd.Timestamp


def passages(reads: pd.DataFrame, plate: str, gap_s: int = 900) -> list[tuple[str, pd.Timestamp, pd.Timestamp, bool]]:
    """(camera, first, last, parked) of one plate."""
    found = []
    for camera, own in reads[reads["plate"] == plate].groupby("camera_id"):
        chain: list[pd.Timestamp] = []
        for at in sorted(own["captured_at"]):
            if chain and (at - chain[-1]).total_seconds() > gap_s:
                found.append((camera, chain))
                chain = []
            chain.append(at)
        found.append((camera, chain))
    return sorted(
        ((c, x[0], x[-1], len(x) >= 4 and x[-1] - x[0] >= pd.Timedelta(10, "min")) for c, x in found),
        key=lambda p: p[1],
    )


def trip_windows(reads: pd.DataFrame, plate: str, *, window_s: int, gap_s: int = 3600) -> list[Window]:
    """The target's trips as windows at readers."""
    windows, item, last = [], 0, None
    for camera, first, end, parked in passages(reads, plate):
        if parked:
            continue
        if last is None or (first - last).total_seconds() > gap_s:
            item += 1
        last = end
        side = pd.Timedelta(window_s, "s")
        windows.append(Window(item, camera, first, first - side, first + side))
    return windows


def matches(
    reads: pd.DataFrame, windows: list[Window], *, start: str, end: str, zone: str, by_class: bool, target: str = ""
) -> tuple[dict[str, int], dict[str, list[float]]]:
    """For each plate: occasions matched, and its probability on each occasion it has one (null days all used)."""
    tz = ZoneInfo(zone)
    opens, closes = pd.Timestamp(start, tz=tz), pd.Timestamp(end, tz=tz)
    days = [d.date() for d in pd.date_range(start, pd.Timestamp(end) - pd.Timedelta(1, "D"))]
    events = defaultdict(list)
    for plate, camera, at in zip(reads["plate"], reads["camera_id"], reads["captured_at"], strict=True):
        if plate != target:
            events[camera].append((at, plate))
    matched: dict[str, set[int]] = defaultdict(set)
    habits: dict[str, list[float]] = defaultdict(list)
    for item in sorted({w.item for w in windows}):
        own = [w for w in windows if w.item == item]
        base = min(w.at for w in own).tz_convert(tz).date()
        alike = [d for d in days if d != base and (not by_class or (d.weekday() > 4) == (base.weekday() > 4))]
        others = [
            d for d in alike
            if all(opens <= (lo := _moved(w.lo, d - base, tz)) and lo + (w.hi - w.lo) <= closes for w in own)
        ]
        hits: dict[str, int] = defaultdict(int)
        for day in [base, *others]:
            seen = set()
            for w, moved in product(own, [timedelta(days=(day - base).days)]):
                lo = w.lo if day == base else _moved(w.lo, moved, tz)
                seen |= {p for at, p in events[w.camera] if lo <= at <= lo + (w.hi - w.lo)}
            for plate in seen:
                if day == base:
                    matched[plate].add(item)
                else:
                    hits[plate] += 1
        for plate, number in hits.items():
            habits[plate].append(round(number / len(others), 4))
    return {p: len(m) for p, m in matched.items()}, {p: sorted(h) for p, h in habits.items()}


def _moved(at: pd.Timestamp, by: timedelta, tz: ZoneInfo) -> pd.Timestamp:
    local = at.tz_convert(tz).tz_localize(None) + by
    return local.tz_localize(tz, ambiguous=False, nonexistent="shift_forward").tz_convert("UTC")
