"""What a download folder holds, written after every page, so that a killed download goes on."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_connectors.readers.http.transport import FetchError, Page, Source

_NAME = "manifest.json"


@dataclass
class Manifest:
    """The pages of one feed in one folder.

    Attributes
    ----------
    folder : Path
        Where the pages lie.
    url : str
        The feed they come from.
    changed : str or None
        The server's mark for the state of the data they were taken in.
    pages : list of dict
        ``file``, ``rows``, ``sha256`` of each page, in order.
    complete : bool
        Whether all pages are there.
    """

    folder: Path
    url: str
    changed: str | None
    pages: list[dict[str, Any]] = field(default_factory=list)
    complete: bool = False

    @property
    def rows(self) -> int:
        """Records in the pages so far: the offset of the next page."""
        return sum(page["rows"] for page in self.pages)

    @property
    def files(self) -> tuple[Path, ...]:
        """The pages' files, in order."""
        return tuple(self.folder / page["file"] for page in self.pages)

    @classmethod
    def resume(cls, folder: Path, source: Source) -> Manifest:
        """The download in a folder as far as it got and still holds, or a new one.

        Pages are kept up to the first that is missing or altered. All are given up where the data on the server
        have changed since, or where a complete download cannot be told to be still current.

        Raises
        ------
        FetchError
            The folder holds another feed's pages.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _NAME
        if not path.exists():
            return cls(folder, source.url, source.opened.changed)
        found = _read(path)
        if found["url"] != source.url:
            raise FetchError(f"{folder} holds pages of {found['url']}, not of {source.url}. Give another folder.")
        pages = _whole(folder, found["pages"])
        complete = bool(found["complete"]) and len(pages) == len(found["pages"])
        rows = sum(page["rows"] for page in pages)
        current = found["changed"] == source.opened.changed and rows <= source.opened.count
        if not current or (complete and (source.opened.changed is None or rows != source.opened.count)):
            return cls(folder, source.url, source.opened.changed)
        return cls(folder, source.url, source.opened.changed, pages, complete)

    def add(self, page: Page) -> None:
        """Write one page, then the manifest that names it; a kill between the two costs one page."""
        name = f"page-{len(self.pages) + 1:05d}.json"
        _write(self.folder / name, page.body)
        self.pages.append({"file": name, "rows": page.rows, "sha256": hashlib.sha256(page.body).hexdigest()})
        self._save()

    def finish(self) -> None:
        """Mark the download complete, and take away pages that an earlier, longer one left."""
        self.complete = True
        self._save()
        named = {page["file"] for page in self.pages}
        for path in self.folder.glob("page-*.json*"):
            if path.name not in named:
                path.unlink()

    def forget(self) -> None:
        """Give up the pages: the next call starts afresh."""
        (self.folder / _NAME).unlink(missing_ok=True)

    def _save(self) -> None:
        told = {"url": self.url, "changed": self.changed, "complete": self.complete, "pages": self.pages}
        _write(self.folder / _NAME, json.dumps(told, indent=1).encode())


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
        return {key: found[key] for key in ("url", "changed", "complete", "pages")}
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise FetchError(f"{path} is not a download's manifest. Give an empty folder.") from error


def _whole(folder: Path, pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = []
    for page in pages:
        path = folder / Path(page["file"]).name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != page["sha256"]:
            break
        kept.append(page)
    return kept


def _write(path: Path, data: bytes) -> None:
    """Put a file in place whole: nobody ever sees half of it."""
    beside = path.with_name(f"{path.name}.part")
    with beside.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
