"""How long a move of the hot spot explorer takes, from control to everything redrawn, on a store's own records.

    python benchmarks/explorer.py STORE [--events 300000]

What a move costs is the kernel's work: choosing records, map, charts, table and status as the browser gets them.
The target is half a second on 300,000 incidents. Each move is measured three times, there and back; the middle is
given beside `numpy.histogram2d` of the same events on as many cells, for comparison between machines.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from data_connectors import Store
from rtcc_analytics.widgets import HotspotExplorer
from rtcc_analytics.workflows.exploration import Exploration, read_exploration

TARGET_S = 0.5


def seconds(action: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def moves(explorer: HotspotExplorer) -> dict[str, tuple[object, object]]:
    """For each control where it stands and where it is moved to: to the dearest choices, all offenses and hours."""
    cells = [value for _, value in explorer.cell.options]
    widths = [value for _, value in explorer.bandwidth.options]
    first, last = explorer.period.value
    days = [day for _, day in explorer.period.options]
    found = {
        "offense": (explorer.offense.value, explorer.offense.options[-1][1]),
        "period": ((first, last), (first, days[-8])),
        "cell": (explorer.cell.value, cells[max(cells.index(explorer.cell.value) - 1, 0)]),
        "bandwidth": (explorer.bandwidth.value, widths[widths.index(explorer.bandwidth.value) + 6]),
        "hours": (explorer.hours.value, (18, 24)),
    }
    found |= {f"method {name}": (explorer.method.value, name) for _, name in explorer.method.options[1:]}
    areas = list(explorer.area.options)
    return found | ({"area": (areas[0], areas[1])} if len(areas) > 1 else {})


def measure(held: Exploration) -> None:
    """Print what each control's move takes."""
    days = held.events.local_day
    known = days[~np.isnat(days)]
    explorer = HotspotExplorer(held, start=known.min().item(), end=(known.max() + 1).item())
    reference = statistics.median(
        seconds(lambda: np.histogram2d(held.events.x, held.events.y, bins=int(explorer.view.surface.units.size**0.5)))
        for _ in range(3)
    )
    print(f"{held.events.size:,} records, {explorer.view.surface.units.size:,} cells; histogram2d {reference:.3f} s")
    for name, (stay, go) in moves(explorer).items():
        control = getattr(explorer, name.split()[0])
        control.value = go  # the first visit lays a grid or compiles; the explorer keeps it
        control.value = stay
        took = []
        for _ in range(3):
            took += [seconds(lambda: setattr(control, "value", go)), seconds(lambda: setattr(control, "value", stay))]  # noqa: B023 (called at once)
        middle = statistics.median(took)
        verdict = "within" if max(took) <= TARGET_S else "OVER"
        print(f"{name:<20} {middle:.3f} s (slowest {max(took):.3f}), {middle / reference:5.1f} x reference, "
              f"{verdict} {TARGET_S} s")


def main() -> None:
    """Measure on the store named, its events repeated or thinned to the number asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("--events", type=int, default=0, help="records to keep or repeat to; 0: as they are")
    asked = parser.parse_args()
    began = time.perf_counter()
    held = read_exploration(Store(asked.store))
    print(f"read {held.events.size:,} records in {time.perf_counter() - began:.1f} s")
    if asked.events:
        rows = np.arange(asked.events) % held.events.size
        held = Exploration(held.events.where(rows), held.ground, held.areas, held.snapshot)
    measure(held)


if __name__ == "__main__":
    main()
