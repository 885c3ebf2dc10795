"""Making a store, and telling whether one is there."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from ..schemas import Lake
from .engine import Attach, Connection, connected
from .errors import StoreError
from .location import LAKES, Location, quoted
from .locking import Deadline, writer
from .migrations import migrate
from .settling import remove_orphans, settle


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
    deadline = Deadline.after(wait_s)
    with connected(location, explain=explain) as connection:
        for lake in LAKES:
            with writer(connection, lake, deadline) as predecessor_died:
                _claim_data(location)
                connection.attach(Attach(lake, read_only=False, create=True))
                migrate(connection, lake)
                _leave_sorting_to_the_loader(connection, lake)
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
