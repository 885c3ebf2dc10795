"""Analysts search plates while loaders write them, each a process: whole loads are seen, and every search is told."""

from __future__ import annotations

from data_connectors import Store

from .test_loading import address, finish, start

ANALYST = """
    from data_connectors import Purpose
    store = Store(sys.argv[1])
    seen = []
    while len(seen) < 6:
        with store.sightings(Purpose("test", sys.argv[2])) as reads:
            seen.append(int(reads.read("SELECT count(*) AS n FROM plate_reads").n[0]))
    print(seen)
    """
LOADER = """
    from tests.rtcc_analytics.lpr.conftest import write_plates
    import pandas as pd
    store = Store(sys.argv[1])
    for n in range(3):
        at = pd.to_datetime([f"2025-11-0{n + 1}T10:00Z"] * 5, utc=True)
        reads = pd.DataFrame({"plate": [f"T{k}{sys.argv[2]}" for k in range(5)], "camera_id": "c1", "captured_at": at})
        write_plates(store, "plate_reads", reads, source=sys.argv[2])
    """


def test_several_analysts_and_loaders_of_plates_at_once(store: Store) -> None:
    loaders = [start(LOADER, address(store), f"L{n}") for n in range(2)]
    analysts = [start(ANALYST, address(store), f"26-{n}") for n in range(3)]
    for process in loaders:
        finish(process)
    for process in analysts:
        seen = eval(finish(process))
        assert seen == sorted(seen) and all(n % 5 == 0 for n in seen)
    assert store.verify_ledger().holds
    from data_connectors.store import audit_report

    assert [len(audit_report.searches_of(store, f"26-{n}")) for n in range(3)] == [6, 6, 6]
