"""The same assessment over a real store: its SQL passes the store's guard, and its numbers are the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa

from data_connectors import Store
from rtcc_analytics.quality import assess

AS_OF = datetime(2024, 1, 1, 12, tzinfo=UTC)


def test_a_real_store_gives_the_same_findings_as_plain_tables(plant, incidents, calls, tmp_path: Path) -> None:
    incidents.loc[:299, ["lon", "lat"]] = (-73.92, 41.70)
    incidents.loc[:59, ["offense", "offense_raw"]] = ("unknown", "99-ZZ")
    incidents.loc[100:200, "offense_count"] = -1
    calls.loc[:9, "location_quality"] = "swapped"
    store = Store.create(str(tmp_path / "store"))
    with store.loading("records") as session:
        for name, frame in {"incidents": incidents, "calls": calls}.items():
            session.register("planted", pa.Table.from_pandas(frame, preserve_index=False))
            target = session.table(name)
            sql = f"INSERT INTO {target} BY NAME SELECT * FROM planted"
            session.commit(lambda s, sql=sql: s.run(sql))
            session.unregister("planted")
    plain = plant(incidents=incidents, calls=calls)
    for table in ("incidents", "calls"):
        real = assess(store, table=table, as_of=AS_OF)
        assert real.findings == assess(plain, table=table, as_of=AS_OF).findings != ()
        assert real.snapshot == store.snapshot()
        pd.testing.assert_series_equal(
            real.measures["rows"], assess(plain, table=table, as_of=AS_OF).measures["rows"], check_dtype=False)
