"""Bodies as they really come: rows that cannot be used, files half written, overwritten or oddly named."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rtcc_analytics.lpr.watching import Watcher, put
from tests.rtcc_analytics.lpr.test_watching import NOW, PURPOSE, body, held, watcher  # noqa: F401


def lay(watcher: Watcher, name: str | bytes, content: bytes) -> Path:  # noqa: F811
    """A file written into the spool as it lies."""
    folder = watcher.spool / "flock_reads"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / os.fsdecode(name)
    path.write_bytes(content)
    return path


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


def test_a_file_set_aside_replaces_none_of_the_same_name(watcher: Watcher) -> None:  # noqa: F811
    for words in (b"first", b"second", b"third"):
        lay(watcher, "same.json", words)
        assert watcher.once().refused == 1
    aside = list(watcher.spool.glob("refused/flock_reads/*"))
    assert sorted(p.read_bytes() for p in aside if p.suffix == ".json") == [b"first", b"second", b"third"]
    assert {p.with_suffix("") for p in aside if p.suffix == ".reason"} == {p for p in aside if p.suffix == ".json"}
