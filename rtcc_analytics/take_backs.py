"""Rows that take an offense back: find the row each one cancels.

Some agencies correct their figures by adding a row of -1. Sums simply add it up; on a map a
minus one has no meaning, so it must leave together with the row that it cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_LONE = 1
_ANY_NUMBER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class TakeBacks:
    """Which rows stay on a map.

    Attributes
    ----------
    kept : array of bool, shape (n,)
        False for every row that takes an offense back, and for the row it cancels.
    matched : int
        Rows of -1 that found the row they cancel.
    unmatched : int
        Rows of -1 that found none; they leave alone.
    """

    kept: NDArray[np.bool_]
    matched: int
    unmatched: int


def match_take_backs(rows: pd.DataFrame) -> TakeBacks:
    """Pair each row that takes an offense back with one row that added it.

    Rows are of one source and one offense, in the source's own code where it has one. They are
    paired by the first of these that finds a partner, each partner used once:

    1. the same incident number;
    2. the same time, and the same address or coordinates;
    3. the same time, and the same house number (a -1 often comes with a shortened street);
    4. the same time, where one row alone is left that it can be;
    5. the same address or coordinates, the nearest earlier.

    Parameters
    ----------
    rows : DataFrame
        Columns source, incident_id, offense, offense_raw, offense_count, occurred_from, address,
        lon, lat; any index.

    Examples
    --------
    >>> rows = pd.DataFrame({
    ...     "source": "pd", "incident_id": None, "offense": "220", "offense_raw": "51312", "offense_count": [1, 1, -1],
    ...     "occurred_from": pd.to_datetime(["2012-05-01 08:00", "2012-05-02 08:00", "2012-05-01 08:00"], utc=True),
    ...     "address": ["3408 S SPRING AVE", "1 MAIN ST", "3408 SPRING"], "lon": [-90.2, -90.3, None],
    ...     "lat": [38.6, 38.7, None]})
    >>> match_take_backs(rows).kept.tolist()
    [False, True, False]
    """
    negative = rows["offense_count"].to_numpy() < 0
    kept = ~negative
    if not negative.any():
        return TakeBacks(kept, 0, 0)
    concerned = np.flatnonzero(_concerned(rows, negative))
    matched = _matched(_keys(rows.iloc[concerned]), negative[concerned])
    kept[concerned] = matched.kept
    return TakeBacks(kept, matched.matched, matched.unmatched)


def _concerned(rows: pd.DataFrame, negative: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows that have anything in common with a -1: few, so that the careful work below is on few."""
    concerned = negative.copy()
    for name in ("incident_id", "occurred_from", "address", "lon"):
        values = rows[name]
        given = values[negative].dropna()
        concerned |= values.isin(given).to_numpy(dtype=bool) if len(given) else False
    return concerned


def _matched(keys: pd.DataFrame, negative: NDArray[np.bool_]) -> TakeBacks:
    kept = ~negative
    open_rows = pd.Series(negative, index=keys.index)
    for columns, most in (
        (["what", "incident"], _ANY_NUMBER),
        (["what", "when", "address"], _ANY_NUMBER),
        (["what", "when", "spot"], _ANY_NUMBER),
        (["what", "when", "number"], _ANY_NUMBER),
        (["what", "when"], _LONE),
    ):
        taken, given = _pair(keys, columns, open_rows.to_numpy(), kept, most)
        open_rows.iloc[taken] = False
        kept[given] = False
    for place in ("address", "spot"):
        taken, given = _nearest_earlier(keys, place, open_rows.to_numpy(), kept)
        open_rows.iloc[taken] = False
        kept[given] = False
    unmatched = int(open_rows.sum())
    return TakeBacks(kept, int(negative.sum()) - unmatched, unmatched)


def _keys(rows: pd.DataFrame) -> pd.DataFrame:
    """What rows are compared by, missing where it cannot be known; index 0 to n - 1."""
    code = rows["offense_raw"].astype("string").fillna(rows["offense"].astype("string"))
    address = rows["address"].astype("string").str.upper().str.split().str.join(" ")
    when = pd.Series(pd.to_datetime(rows["occurred_from"], utc=True)).dt.tz_localize(None)
    lon, lat = (pd.to_numeric(rows[name], errors="coerce") for name in ("lon", "lat"))
    spot = lon.round(6).astype("string") + " " + lat.round(6).astype("string")
    keys = pd.DataFrame({
        "what": rows["source"].astype("string") + " " + code,
        "incident": rows["incident_id"].astype("string"),
        "when": when,
        "address": address.where(address.str.contains(" ", na=False)),
        "number": address.str.extract(r"^(\d+)\b", expand=False).where(address.str.match(r"^[1-9]", na=False)),
        "spot": spot.where(lon.notna() & lat.notna()),
    })
    return keys.reset_index(drop=True)


def _pair(
    keys: pd.DataFrame, columns: Sequence[str], negative: NDArray[np.bool_], kept: NDArray[np.bool_], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair rows alike in `columns`, first with first, where at most `most` rows could be meant."""
    whole = keys[columns].notna().all(axis=1).to_numpy()
    backs = keys.loc[negative & whole, columns]
    alike = keys["when"].isin(backs["when"]) if "when" in columns else keys[columns[-1]].isin(backs[columns[-1]])
    adds = keys.loc[kept & whole & alike.to_numpy(), columns]
    backs = backs.assign(turn=backs.groupby(columns).cumcount(), taken=backs.index)
    adds = adds.assign(turn=adds.groupby(columns).cumcount(), given=adds.index)
    if most == _LONE:
        adds = adds[adds.groupby(columns)["turn"].transform("size") == _LONE]
    pairs = backs.merge(adds, on=[*columns, "turn"])
    return pairs["taken"].to_numpy(), pairs["given"].to_numpy()


def _nearest_earlier(
    keys: pd.DataFrame, place: str, negative: NDArray[np.bool_], kept: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    columns = ["what", place]
    whole = keys[[*columns, "when"]].notna().all(axis=1).to_numpy()
    backs = keys.loc[negative & whole, [*columns, "when"]].rename_axis("taken").reset_index().sort_values("when")
    adds = keys.loc[kept & whole & keys[place].isin(backs[place]).to_numpy(), [*columns, "when"]]
    adds = adds.rename_axis("given").reset_index().sort_values("when")
    taken, given = [], []
    while len(backs) and len(adds):
        pairs = pd.merge_asof(backs, adds, on="when", by=columns).dropna(subset="given")
        pairs = pairs.drop_duplicates("given")
        if not len(pairs):
            break
        taken += pairs["taken"].tolist()
        given += pairs["given"].astype(int).tolist()
        backs, adds = backs[~backs["taken"].isin(taken)], adds[~adds["given"].isin(given)]
    return np.array(taken, dtype=np.int64), np.array(given, dtype=np.int64)
