"""What a store holds and what was loaded, as tables a person reads at a glance."""

from __future__ import annotations

import pandas as pd
from IPython.display import HTML

from rtcc_analytics.widgets.strips import table_html


def show_tables(tables: pd.DataFrame) -> HTML:
    """The tables of a store: rows, first and last instant (UTC), last load, sources.

    Parameters
    ----------
    tables : DataFrame
        From `Store.describe`.
    """
    sealed = [" (under seal)" if lake == "sightings" else "" for lake in tables["lake"]]
    columns = [
        ("Table", "left", [f"{name}{seal}" for name, seal in zip(tables["table"], sealed, strict=True)]),
        ("Rows", "right", [f"{n:,}" for n in tables["rows"]]),
        ("First (UTC)", "left", _minutes(tables["first_at"])),
        ("Last (UTC)", "left", _minutes(tables["last_at"])),
        ("Last load (UTC)", "left", _minutes(tables["last_load"])),
        ("Sources", "left", [str(sources or "–") for sources in tables["sources"]]),
    ]
    return HTML(table_html(columns, widest_px=720))


def show_loads(loads: pd.DataFrame, *, most: int = 8) -> HTML:
    """The latest loads: when, who, what, and what became of the rows.

    Parameters
    ----------
    loads : DataFrame
        From `Store.loads`, latest first.
    most : int
        Loads shown.
    """
    latest = loads.sort_values("loaded_at", ascending=False, kind="stable").head(most)
    counts = ("read", "new", "changed", "unchanged", "removed", "rejected")
    columns = [
        ("Load", "left", [f"{row.lake} {row.load_id}" for row in latest.itertuples()]),
        ("When (UTC)", "left", _minutes(latest["loaded_at"])),
        ("Who", "left", list(latest["loaded_by"].astype(str))),
        ("Source", "left", list(latest["source"].astype(str))),
        *((name.capitalize(), "right", [f"{n:,}" for n in latest[name]]) for name in counts if name in latest),
        ("Undone", "left", ["" if pd.isna(at) else f"{at:%Y-%m-%d}" for at in latest["undone_at"]]),
    ]
    return HTML(table_html(columns, caption=f"The latest {len(latest)} of {len(loads)} loads"))


def _minutes(instants: pd.Series) -> list[str]:
    return ["–" if pd.isna(at) else f"{at:%Y-%m-%d %H:%M}" for at in instants]
