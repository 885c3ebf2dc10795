"""Making a store, and telling whether one is there."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from ..schemas import Lake
from . import plate_index
from .engine import Attach, Connection, connected, sweep_spill
from .errors import StoreError
from .location import LAKES, Location, quoted
from .locking import Deadline, writer
from .migrations import migrate
from .settling import remove_orphans, settle

# What may be there before the catalog is: of an init that was killed or runs now, a policy, a disk's own folder.
_OWN = (*LAKES, *(f"{lake}.lock" for lake in LAKES), "spill", "store-of", "policy.toml", "keep.toml", "lost+found")


def require(location: Location) -> None:
    """Raise StoreError unless a store can be at `location`; a server is asked only when it is read."""
    if location.server is not None:
        return
    if location.root.exists() and not location.root.is_dir():
        raise StoreError(
            f"{location.text} is a file; a store is a folder. Give another location: rtcc init --store FOLDER"
        )
    if not location.catalog("records").is_file():
        raise StoreError(f"there is no store at {location.text}. Make one: rtcc init --store {location.text}")


def create(location: Location, *, explain: bool, wait_s: float) -> None:
    """Make the folders, catalogs and tables that are not there yet, and migrate the rest."""
    _make_folders(location)
    sweep_spill(location)
    deadline = Deadline.after(wait_s)
    with connected(location, explain=explain) as connection:
        for lake in LAKES:
            with writer(connection, lake, deadline) as predecessor_died:
                _claim_data(location)
                connection.attach(Attach(lake, read_only=False, create=True))
                steps = migrate(connection, lake)
                _leave_sorting_to_the_loader(connection, lake)
                if lake == "sightings" and not steps:  # a step has just filled them
                    plate_index.mend(connection)
                if predecessor_died:
                    remove_orphans(connection, lake)
                settle(connection, lake)
    if location.server is None:
        for lake in LAKES:
            location.catalog(lake).chmod(0o600)


def _leave_sorting_to_the_loader(connection: Connection, lake: Lake) -> None:
    """The loader orders rows by partition and sort key; DuckLake would sort each insert a second time."""
    connection.run(f"CALL {quoted(lake)}.set_option('sort_on_insert', false)")


def _make_folders(location: Location) -> None:
    root = location.root
    if root.exists() and not root.is_dir():
        raise StoreError(f"{root} is a file; a store is a folder. Give another location: rtcc init --store FOLDER")
    try:
        _refuse_foreign(location)
        if not root.exists():
            root.mkdir(parents=True, mode=0o700)
        for folder in [*(location.data(lake) for lake in LAKES), root / "spill"]:
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot make a store at {root}: {error.strerror or error}. Choose a folder that you may write: rtcc init --store FOLDER"
        ) from error
    if not os.access(root, os.W_OK | os.X_OK):
        raise StoreError(f"cannot write to {root}. Choose a folder that you may write: rtcc init --store FOLDER")


def _refuse_foreign(location: Location) -> None:
    """A store among someone's other files would be copied, backed up and deleted with them."""
    root = location.root
    strange = sorted(path.name for path in root.iterdir() if path.name not in _OWN) if root.exists() else []
    if strange and location.server is None and not location.catalog("records").exists():
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        raise StoreError(
            f"{root} is no store and not empty: it holds {', '.join(strange[:3])}{more}. A store is a folder of its own: "
            f"rtcc init --store {root / 'store'}"
        )


def _claim_data(location: Location) -> None:
    """One data folder serves one store: tidying removes files that its catalog does not know."""
    marker = location.root / "store-of"
    owner = (
        "this folder"
        if location.server is None
        else f"{location.server.host}:{location.server.port}/{location.server.database}"
    )
    if not marker.exists():
        used = [lake for lake in LAKES if any(location.data(lake).iterdir())]
        if used and location.server is not None:
            raise StoreError(f"{location.data(used[0])} already holds files of something else: give an empty data_path")
        marker.write_text(f"{owner}\n{uuid.uuid4()}\n")
    elif marker.read_text().splitlines()[0] != owner:
        raise StoreError(
            f"{location.root} is the data folder of the store on {marker.read_text().splitlines()[0]}, not of {owner}: "
            "give each store a data_path of its own"
        )


def folders_of(location: Location) -> list[Path]:
    """The folders that belong to a store."""
    return [location.data(lake) for lake in LAKES] + [location.root / "spill"]
