"""Bodies as they really come: rows that cannot be used, files half written, overwritten or oddly named."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import ANY

import pytest

from rtcc_analytics.lpr.watching import Handled, Watcher, put
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


def test_a_file_half_written_is_left_until_it_is_whole_or_changes_no_more(watcher: Watcher, monkeypatch) -> None:  # noqa: F811
    whole = body("W4N7E2D", "B2B2B2B")
    path = lay(watcher, "slow.json", whole[:-40])
    lay(watcher, "never.json", b"{ no json")
    lay(watcher, "good.json", body("M1S5I6N"))
    with monkeypatch.context() as young:
        young.setattr("rtcc_analytics.lpr.watching.SETTLED_S", 3600.0)
        assert watcher.match() == replace(Handled(1, 0, 1, 0), oldest_s=ANY)
        assert watcher.match() == Handled(), "tried again though nothing changed"
        path.write_bytes(whole)
        assert (watcher.match().alerts, len(held(watcher.store))) == (1, 2)
        assert watcher.keep() == Handled() and path.exists(), "may still grow"
    assert watcher.match().refused == 1 and watcher.keep().reads == 3
    assert not list(watcher.spool.glob("flock_reads/*"))


def test_a_file_that_grows_after_it_was_matched_is_matched_again_at_once(watcher: Watcher) -> None:  # noqa: F811
    path = lay(watcher, "grows.json", body("A1A1A1A"))
    assert watcher.match().alerts == 0 and watcher.match() == Handled()
    path.write_bytes(body("A1A1A1A", "W4N7E2D"))
    assert watcher.match().alerts == 1 and watcher.keep().reads == 2
