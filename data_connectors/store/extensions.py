"""DuckDB's extensions: put in place once a machine, their signatures checked once a process.

DuckDB checks the signature of a whole 35 MB file at each LOAD into each instance, a tenth of a
second each. The first LOAD of a process is checked; later instances skip the check as long as
the very same file is in place (same inode, size and time).
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from .errors import StoreError

_checked: dict[str, tuple[str, int, int, int]] = {}


def duckdb_module() -> Any:
    """DuckDB, imported when first needed: commands that open no store start without it."""
    import duckdb

    return duckdb


def new_instance(extensions: tuple[str, ...]) -> Any:
    """A DuckDB instance in memory with `extensions` loaded.

    Raises
    ------
    StoreError
        An extension can be neither loaded nor installed; the message names its package.
    """
    known = all(name in _checked and _same_file(_checked[name]) for name in extensions)
    instance = duckdb_module().connect(
        ":memory:",
        config={
            "allow_unsigned_extensions": known,
            "allow_persistent_secrets": False,  # a second ATTACH would look for them, which a hardened instance may not
        },
    )
    for name in extensions:
        _load(instance, name)
    if not known:
        _remember(instance, extensions)
    return instance


def _same_file(seen: tuple[str, int, int, int]) -> bool:
    try:
        return _fingerprint(seen[0]) == seen
    except OSError:
        return False


def _fingerprint(path: str) -> tuple[str, int, int, int]:
    found = os.stat(path)
    return (path, found.st_ino, found.st_size, found.st_mtime_ns)


def _remember(instance: Any, extensions: tuple[str, ...]) -> None:
    paths = instance.execute(
        "SELECT extension_name, aliases, install_path FROM duckdb_extensions() WHERE loaded"
    ).fetchall()
    for name in extensions:
        for official, aliases, path in paths:
            if name == official or name in aliases:
                with suppress(OSError):
                    _checked[name] = _fingerprint(path)


def _load(instance: Any, name: str) -> None:
    """Load an extension, putting it in place first where this machine lacks it; a lock keeps processes from doing so at once."""
    errors = duckdb_module().Error
    with suppress(errors):
        instance.execute(f"LOAD {name}")
        return
    with open(Path(tempfile.gettempdir()) / f"rtcc-extensions-{os.getuid()}.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with suppress(errors):
            instance.execute(f"LOAD {name}")
            return
        try:
            _install(instance, name)
            instance.execute(f"LOAD {name}")
        except errors as error:
            first = str(error).strip().splitlines()[0]
            raise StoreError(
                f"DuckDB's {name!r} extension could not be loaded: {first}. "
                f"Install its package and try again: pip install duckdb-extension-{name}=={duckdb_module().__version__}"
            ) from error


def _install(instance: Any, name: str) -> None:
    """From its PyPI package where there is one, so that no network is needed, else by DuckDB's own INSTALL."""
    try:
        from duckdb_extensions import import_extension

        import_extension(name, force_install=True, con=instance)
    except ImportError:
        instance.execute(f"INSTALL {name}")
