"""`load`: files of one feed, read, mapped, checked and written in one transaction, with a receipt.

`staging` turns files into mapped rows in a temporary table; `writing` compares them with what the store holds
and writes the difference; `receipt` says what happened.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from data_connectors.loading.receipt import FileReceipt, LoadReceipt
from data_connectors.loading.staging import stage
from data_connectors.loading.writing import look, write
from data_connectors.profile import Profile
from data_connectors.readers import LoadError, SourceFile
from data_connectors.store import LoadingSession, Store

__all__ = ["FileReceipt", "LoadReceipt", "load"]

Progress = Callable[[int, int, str], None]


def load(
    store: Store | str | Path | None,
    profile: Profile | str | Path,
    files: Iterable[str | Path] | str | Path,
    *,
    dry_run: bool = False,
    allow_shrink: bool = False,
    progress: Progress | None = None,
) -> LoadReceipt:
    """Load files of one feed: all of them or nothing.

    Loading the same files again changes nothing. What a row replaces is the profile's `strategy`: records with an
    identifier are added or replaced one by one, a feed without identifiers is replaced by reporting window, a small
    register is replaced whole. Locations that an analyst corrected stay corrected.

    Parameters
    ----------
    store : Store or location
        Where to. None only with `dry_run`: then nothing is compared with what a store holds.
    profile : Profile, name or path
        What the columns mean: a `Profile`, the name of one shipped, or the path of a TOML file.
    files : path or iterable of paths
        Plain, ``.gz`` or ``.zip``. A register that is replaced whole is given whole.
    dry_run : bool
        Do everything except writing.
    allow_shrink : bool
        Let a reload leave less than 80 % of the rows that a window or a register has now.
    progress : callable, optional
        Called with bytes done, bytes in all, and what is being done. Raising from it stops the load, nothing written.

    Returns
    -------
    LoadReceipt
        What was read, new, changed, unchanged, removed and refused, and why.

    Raises
    ------
    LoadError
        A file cannot be read, lacks a column, holds no row or too many bad ones, or the reload would shrink what is
        there. Nothing was written.
    ProfileError
        The profile is at fault.
    StoreError
        The store cannot be opened or written; nothing was written.

    Examples
    --------
    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "sites.csv").write_text("place_id,name,kind,lon,lat\\n1,Court,county_site,-73.93,41.70\\n")
    >>> store = Store.create(folder / "store")
    >>> print(load(store, "places_csv", folder / "sites.csv").one_line())
    places_csv → places: 1 read, 1 new
    >>> print(load(store, "places_csv", folder / "sites.csv").one_line())
    places_csv → places: 1 read, 1 unchanged
    """
    known = profile if isinstance(profile, Profile) else Profile.find(profile)
    sources = _sources(files)
    if store is None:
        if not dry_run:
            raise LoadError("no store given", remedy="Give a store, or look first with dry_run=True.")
        with tempfile.TemporaryDirectory() as folder:
            return load(Store.create(folder + "/store"), known, files, dry_run=True, progress=progress)
    opened = store if isinstance(store, Store) else Store(store)
    report = progress or _silent
    with opened.loading(known.table.lake) as session:
        intake = stage(session, known, sources, report)
        report(1, 1, "comparing" if dry_run else "writing")
        if dry_run:
            return look(session, known, intake, allow_shrink=allow_shrink)

        def job(held: LoadingSession) -> LoadReceipt:
            return write(held, known, intake, allow_shrink=allow_shrink)

        return session.commit(job, note=f"nothing new from {known.source}")


def _silent(done: int, total: int, what: str) -> None:
    return None


def _sources(files: Iterable[str | Path] | str | Path) -> tuple[SourceFile, ...]:
    paths = [files] if isinstance(files, str | Path) else list(files)
    if not paths:
        raise LoadError("no files given", remedy="Name at least one file.")
    sources = tuple(SourceFile(Path(path)) for path in paths)
    for source in sources:
        source.check()
    return sources
