"""Files and folders that appear whole or not at all, and never over something else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import StoreError


@contextmanager
def placed(path: Path, what: str) -> Iterator[Path]:
    """A name beside `path` to write to; renamed to `path` at the end, removed where anything fails.

    Raises
    ------
    StoreError
        `path` exists (an empty folder does not count), or its folder cannot be written.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise StoreError(f"{path} already exists; give the {what} another name, nothing is overwritten")
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(partial)
        yield partial
        if path.is_dir():
            path.rmdir()
        partial.rename(path)
    except OSError as error:
        raise StoreError(f"cannot write the {what} to {path}: {error.strerror or error}") from error
    finally:
        _remove(partial)


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
