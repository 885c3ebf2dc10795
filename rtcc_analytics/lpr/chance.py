"""How many vehicles would match as often by chance, given each vehicle's own habits.

A search asks about n occasions (a target's trips, or incidents). Under the null model each occasion might as well
have fallen on another day of its kind at the same time of day. Vehicle C then matches occasion i with probability
p_iC, the share of those other days on which it would have; its count is a sum of independent yes-or-no draws, a
Poisson-binomial. The sum of the tails over all vehicles is the expected number of chance matches.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# A vehicle stands out where chance gives fewer than half a vehicle, and its own habits do not explain it: its
# days are less independent than the model says (weather, school, timetables), hence the factor on top of the p-value.
STANDS_OUT_EXPECTED = 0.5
STANDS_OUT_HABIT_P = 0.01
MOST_HABIT_P = 0.05  # where so few other occasions were looked at that none could be told from 1 %
STANDS_OUT_TIMES_HABIT = 4.0


def expected_vehicles(habits: pd.Series, vehicles: pd.Series, *, most: int) -> NDArray[np.float64]:
    """Expected number of vehicles that match k or more occasions by chance, for k = 0 .. `most`.

    Parameters
    ----------
    habits : Series of lists
        For each kind of vehicle its probabilities above 0, one an occasion.
    vehicles : Series of int
        How many vehicles are of that kind.

    Examples
    --------
    >>> expected_vehicles(pd.Series([[0.5, 0.5], [0.1]]), pd.Series([4, 10]), most=2).round(3).tolist()
    [14.0, 4.0, 1.0]
    """
    return vehicles.to_numpy(float) @ tails_up_to(habits, most=most)


def tails_up_to(habits: pd.Series, *, most: int) -> NDArray[np.float64]:
    """P(N >= k) for k = 0 .. `most`, N a sum of independent draws; a row for each list of their probabilities.

    Examples
    --------
    >>> tails_up_to(pd.Series([[0.5, 0.5], [0.1]]), most=2).round(3).tolist()
    [[1.0, 0.75, 0.25], [1.0, 0.1, 0.0]]

    Notes
    -----
    By direct convolution; Hong, Y. (2013). Computational Statistics and Data Analysis 59, 41-51.
    """
    length = habits.str.len().to_numpy(dtype=int) if len(habits) else np.zeros(0, int)
    draws = np.zeros((length.max(initial=0), len(habits)))
    for row, own in enumerate(habits):
        draws[: length[row], row] = own
    mass = np.zeros((most + 1, len(habits)))  # the last row holds `most` and more
    mass[0] = 1.0
    for probability in draws:
        moved = mass * probability
        mass -= moved
        mass[1:] += moved[:-1]
        mass[-1] += moved[-1]
    return np.cumsum(mass[::-1], axis=0)[::-1].T


def with_chance(
    found: pd.DataFrame, kinds: pd.DataFrame, *, least: int, occasions: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add to each vehicle found what chance gives, and tabulate it by number of matches.

    Parameters
    ----------
    found : DataFrame
        ``matched`` and ``habits`` (list) of each vehicle.
    kinds : DataFrame
        ``habits`` and ``vehicles``: everybody with a chance of `least` matches.
    least : int
        Fewest matches reported.
    occasions : int
        Other occasions looked at, in all; no probability is claimed to be below 1 in as many and one.

    Returns
    -------
    found, chance : DataFrame
        `found` with ``expected_matches`` (its own habits), ``habit_p``, ``chance_vehicles`` and ``stands_out``, best
        first; the table ``matched``, ``vehicles``, ``expected``.
    """
    most = int(max(found["matched"].max() if len(found) else least, least))
    expected = expected_vehicles(kinds["habits"], kinds["vehicles"], most=most)
    floor = 1 / (occasions + 1)
    own = tails_up_to(found["habits"], most=most)[np.arange(len(found)), found["matched"].to_numpy(dtype=int)]
    rows = found.assign(
        expected_matches=[float(sum(habits)) for habits in found["habits"]],
        habit_p=np.maximum(own, floor),
        chance_vehicles=expected[found["matched"].to_numpy(dtype=int)],
    ).drop(columns="habits")
    rows["stands_out"] = (
        (rows["chance_vehicles"] < STANDS_OUT_EXPECTED)
        & (rows["habit_p"] <= max(STANDS_OUT_HABIT_P, min(floor, MOST_HABIT_P)))
        & (rows["matched"] >= STANDS_OUT_TIMES_HABIT * rows["expected_matches"])
    )
    rows = rows.sort_values(
        ["stands_out", "matched", "expected_matches", "plate"], ascending=[False, False, True, True], ignore_index=True
    )
    matched = np.arange(least, most + 1)
    vehicles = [int((found["matched"] >= k).sum()) for k in matched]
    return rows, pd.DataFrame({"matched": matched, "vehicles": vehicles, "expected": expected[least:]})
