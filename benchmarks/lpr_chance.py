"""How many vehicles a search gives by chance against how many it expects, over seeds and kinds of traffic.

    python benchmarks/lpr_chance.py [--seeds 8]

Traffic without any association: whoever stands out is a false lead. `expected` is what the search itself says of as
many matches; `standing out` counts vehicles marked `stands_out` per hundred searches.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from rtcc_analytics.lpr import Place, at_places, travels_with
from tests.rtcc_analytics.lpr.conftest import InMemory
from tests.rtcc_analytics.lpr.test_chance import traffic

SPAN = {"start": "2025-10-20", "end": "2025-11-17"}
MONDAY = pd.Timestamp("2025-10-20T04:00Z")
REGIMES = {"random": (300, 1), "commuters": (60, 2), "rush hour": (60, 3), "mixed": (60, 2)}


def companions(asked: InMemory, plates: np.ndarray, window_s: int, least: int) -> np.ndarray:
    """Observed, expected, standing out and searches, summed over targets."""
    total = np.zeros(4)
    for target in plates:
        found = travels_with(asked, plate=target, window_s=window_s, min_trips=least, **SPAN)
        first = found.chance.iloc[0]
        total += (first["vehicles"], first["expected"], found.rows["stands_out"].sum(), 1)
    return total


def near_places(asked: InMemory, rng: np.random.Generator, searches: int) -> np.ndarray:
    """The same for series of five incidents."""
    total = np.zeros(4)
    for _ in range(searches):
        offset = rng.choice(28, 5, replace=False) * 86_400 + rng.integers(7 * 3600, 9 * 3600, 5)
        places = [Place(0, 0, t, t, cameras=("c1", "c2")) for t in MONDAY + pd.to_timedelta(offset, unit="s")]
        found = at_places(asked, places, radius_m=1, min_places=2, **SPAN)
        first = found.chance.iloc[0]
        total += (first["vehicles"], first["expected"], found.rows["stands_out"].sum(), 1)
    return total


def main() -> None:
    """Sweep and print one line a regime and search."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    seeds = range(parser.parse_args().seeds)
    heads = f"{'searches':>9}{'observed':>10}{'expected':>10}{'ratio':>7}{'by seed':>14}{'standing out /100':>19}"
    print(f"{'':<28}{heads}")
    for regime, (window_s, least) in REGIMES.items():
        by_seed: dict[str, list[np.ndarray]] = {"travels_with": [], "at_places": []}
        for seed in seeds:
            rng = np.random.default_rng(1000 + seed)
            reads = traffic(rng, regime)
            asked = InMemory(reads)
            plates = rng.choice(reads["plate"].unique(), 10, replace=False)
            by_seed["travels_with"].append(companions(asked, plates, window_s, least))
            by_seed["at_places"].append(near_places(asked, rng, 6))
        for search, parts in by_seed.items():
            seen, expected, out, asked_for = np.sum(parts, axis=0)
            ratios = [p[0] / p[1] for p in parts if p[1] > 0]
            print(
                f"{regime + ', ' + search:<28}{asked_for:>9.0f}{seen:>10.0f}{expected:>10.1f}{seen / expected:>7.2f}"
                f"{min(ratios):>7.2f}-{max(ratios):<6.2f}{100 * out / asked_for:>19.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
