"""Bodies as they really come: rows that cannot be used, files half written, overwritten or oddly named."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import ANY

import pandas as pd
import pytest

from data_connectors import Store
from data_connectors.readers import SourceFile
from data_connectors.store import StoreError
from rtcc_analytics.lpr.watching import Handled, Watcher, put
from tests.rtcc_analytics.lpr.conftest import write_plates
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
    done = watcher.match()
    assert (done.files, done.alerts, done.refused) == (2, 1, 1)
    assert watcher.keep().reads == 1
    with watcher.store.sightings(PURPOSE) as sightings:
        [(line, reason)] = sightings.read("SELECT line, reason FROM rejects").itertuples(index=False)
    assert line == 1 and reason
    [reason] = [p.read_text() for p in watcher.spool.glob("refused/*/*.reason")]
    assert "no row can be used" in reason


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


def test_nothing_that_is_sent_ends_the_watch(watcher: Watcher, monkeypatch) -> None:  # noqa: F811
    lay(watcher, "huge.json", b'[{"id":' + b"9" * 6000 + b"}]")
    lay(watcher, "huge.ndjson", b'{"id":' + b"9" * 6000 + b"}\n" + b'{"id": "a"}\n')
    lay(watcher, b"n\xff.json", body("B2B2B2B"))
    odd = lay(watcher, "odd.json", body("C3C3C3C"))
    lay(watcher, "good.json", body("W4N7E2D"))
    sha256 = SourceFile.sha256.func

    def unforeseen(self: SourceFile) -> str:
        if self.name == odd.name:
            raise ZeroDivisionError("not foreseen")
        return sha256(self)

    monkeypatch.setattr(SourceFile, "sha256", property(unforeseen))
    done = watcher.once()
    assert (done.alerts, done.reads, done.refused) == (1, 1, 4)
    reasons = {p.name: p.read_text() for p in watcher.spool.glob("refused/*/*.reason")}
    assert reasons.pop("odd.json.reason") == "ZeroDivisionError: not foreseen\n"
    assert "digits" in reasons["huge.json.reason"] and any("not UTF-8" in reason for reason in reasons.values())


def test_a_spool_removed_is_made_again_for_its_owner_alone(watcher: Watcher) -> None:  # noqa: F811
    lay(watcher, "gone.json", body("B2B2B2B"))
    assert watcher.match().files == 1
    shutil.rmtree(watcher.spool)
    assert watcher.keep() == watcher.match() == Handled()
    shutil.rmtree(watcher.spool)
    put(watcher.spool, "flock_reads", body("W4N7E2D"), suffix=".json")
    assert watcher.spool.stat().st_mode & 0o077 == 0
    assert watcher.once().alerts == 1


def test_a_fault_of_the_store_blames_no_file(watcher: Watcher, monkeypatch) -> None:  # noqa: F811
    path = lay(watcher, "good.json", body("W4N7E2D"))
    watcher.refresh()

    def broken(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "loading", broken)
    monkeypatch.setattr(Watcher, "_alert", broken)
    with pytest.raises(StoreError, match="disk is full"):
        watcher.match()
    assert path.exists()


def test_a_store_that_goes_away_for_a_while_is_waited_for(watcher: Watcher, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setattr("rtcc_analytics.lpr.watching.FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr("rtcc_analytics.lpr.watching.KEEP_EVERY_S", 0.0)
    said: list[str] = []
    rounds: list[Handled] = []
    path = lay(watcher, "good.json", body("W4N7E2D"))
    loading, alert, refused = Store.loading, Watcher._alert, StoreError("Unable to connect: Connection refused")
    faults = [refused, refused, StoreError("server closed the connection unexpectedly"), refused, refused]

    def flaky(self: object, *given: object) -> object:
        if faults:
            raise faults.pop(0)
        return (loading if isinstance(self, Store) else alert)(self, *given)

    monkeypatch.setattr(Store, "loading", flaky)
    monkeypatch.setattr(Watcher, "_alert", flaky)
    watcher.run(stop=lambda: sum(r.reads for r in rounds) == 1, pause_s=0.0, tell=rounds.append, say=said.append)
    assert ["cannot be reached" in words for words in said] == [True, False] and "reached again" in said[-1]
    assert (sum(r.alerts for r in rounds), sum(r.refused for r in rounds)) == (1, 0) and not path.exists()


def test_an_entry_expunged_alerts_no_more(watcher: Watcher) -> None:  # noqa: F811
    watcher.refresh()
    watcher.store.expunge("hotlist_entries", source="bolo", match={"plate": "W4N7E2D"}, reason="an order")
    assert watcher.refresh(every_s=0.0) and not watcher.refresh(every_s=0.0)
    lay(watcher, "good.json", body("W4N7E2D", "M1S5I6N"))
    assert watcher.once().alerts == 1


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]])
def test_of_two_entries_without_a_case_the_same_is_told_in_whatever_order(watcher: Watcher, order: list[int]) -> None:  # noqa: F811
    entries = pd.DataFrame({
        "list_name": "L", "plate": "D4D4D4D", "region": [None, "NY", "NY", None],
        "category": [None, "Unpaid parking", "Armed and dangerous", "Abandoned"], "priority": [None, None, "1", "2"],
    })  # fmt: skip
    write_plates(watcher.store, "hotlist_entries", entries.iloc[order], source="l")
    lay(watcher, "good.json", body("D4D4D4D"))
    assert watcher.once().alerts == 1
    assert held(watcher.store)["category"].tolist() == ["Armed and dangerous"]
