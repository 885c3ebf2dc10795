"""Bodies as they really come: rows that cannot be used, files half written, overwritten or oddly named."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from rtcc_analytics.lpr.watching import Watcher, put
from tests.rtcc_analytics.lpr.test_watching import NOW, PURPOSE, body, held, watcher  # noqa: F401


def spoilt(*plates: str, **changed: object) -> bytes:
    """A body whose first row says something else."""
    rows = json.loads(body(*plates))
    rows[0] |= changed
    return json.dumps(rows).encode()


AHEAD = (datetime.now(UTC) + timedelta(days=1, hours=1)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    "changed",
    [{"plate": {"plate": "", "confidence": 0.9}}, {"plate": {"plate": "???", "confidence": 0.9}},
     {"capturedAt": "yesterday"}, {"capturedAt": AHEAD}],
    ids=["no plate", "???", "no time", "clock ahead"],
)  # fmt: skip
def test_a_row_that_cannot_be_used_takes_no_other_with_it(watcher: Watcher, changed: dict[str, object]) -> None:  # noqa: F811
    put(watcher.spool, "flock_reads", spoilt("B2B2B2B", "W4N7E2D", **changed), suffix=".json")
    put(watcher.spool, "flock_reads", spoilt("B2B2B2B", **changed), suffix=".json")
    done = watcher.once()
    assert (done.alerts, done.reads, done.refused) == (1, 1, 1)
    with watcher.store.sightings(PURPOSE) as sightings:
        [(line, reason)] = sightings.read("SELECT line, reason FROM rejects").itertuples(index=False)
    assert line == 1 and reason
    [reason] = [p.read_text() for p in watcher.spool.glob("refused/*/*.reason")]
    assert "none is left" in reason
