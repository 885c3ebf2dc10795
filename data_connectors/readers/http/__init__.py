"""Public feeds over HTTP: Socrata resources and ArcGIS feature layers, page by page into a folder.

`fetch` only downloads. What it leaves are the server's own pages, as files that `load` takes with a profile
whose reader is ``format = "json"``, and ``manifest.json``, by which a killed download goes on where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from data_connectors.readers.http import arcgis, socrata
from data_connectors.readers.http.manifest import Manifest
from data_connectors.readers.http.transport import Client, FetchError, Source

__all__ = ["Download", "FetchError", "fetch"]

_MOVED = (
    "The data changed on the server while they were read: a record may be missing or be there twice. "
    "Call again for a clean copy."
)

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Download:
    """What a download left behind.

    Attributes
    ----------
    url : str
        The feed.
    files : tuple of Path
        The pages, in order: give them to `load` together.
    rows : int
        Records in them.
    pages_fetched, pages_kept : int
        Pages that came now, and pages that an earlier run had left.
    retries : int
        Requests that had to be made again.
    notes : tuple of str
        What a profile for these pages should know.

    Examples
    --------
    >>> print(Download("https://example.gov/resource/abcd-1234.json", (Path("p/page-00001.json"),), 5, 1, 0, 0, ()))
    5 records of https://example.gov/resource/abcd-1234.json in 1 page (1 fetched, 0 kept from before, 0 retries)
    Next: rtcc load PROFILE p/page-*.json
    """

    url: str
    files: tuple[Path, ...]
    rows: int
    pages_fetched: int
    pages_kept: int
    retries: int
    notes: tuple[str, ...]

    def __str__(self) -> str:
        pages = f"{len(self.files):,} page{'' if len(self.files) == 1 else 's'}"
        told = (
            f"{self.rows:,} records of {self.url} in {pages} "
            f"({self.pages_fetched:,} fetched, {self.pages_kept:,} kept from before, {self.retries:,} retries)"
        )
        following = [f"Next: rtcc load PROFILE {self.files[0].parent}/page-*.json"] if self.files else []
        return "\n".join([told, *self.notes, *following])


def fetch(
    url: str,
    folder: str | Path,
    *,
    page_size: int = 1000,
    token: str | None = None,
    progress: Progress | None = None,
    retrying: Callable[[str], None] = lambda _: None,
    wait_s: float = 300.0,
) -> Download:
    """Download every record of a public feed, page by page, into a folder.

    Pages are asked for in a stable order and their sum is held against the server's own count. Refusals for
    load (429, 5xx), broken connections and cut-off answers are tried again with growing pauses, or after the
    pause that the server names. Called again on the same folder, a download that was cut short goes on; one
    that is complete is made afresh only where the server says that the data have changed, or does not say.

    Parameters
    ----------
    url : str
        A Socrata resource (``https://host/resource/abcd-1234.json``) or an ArcGIS layer
        (``https://host/.../FeatureServer/0``). A filter may be given with it: ``?$where=...`` or ``?where=...``.
    folder : str or Path
        Where the pages go; made where it is missing. One folder holds one feed.
    page_size : int
        Records a page; fewer where the server allows fewer.
    token : str, optional
        Socrata application token or ArcGIS token, sent as a header to that server alone and never written down;
        the environment variable RTCC_APP_TOKEN where left out.
    progress : callable, optional
        Called as ``progress(records so far, records in all, what)``.
    retrying : callable, optional
        Told in words before each further try: what went wrong, the pause, the time left.
    wait_s : float
        How long one request may be tried again, in seconds.

    Returns
    -------
    Download
        The pages' files.

    Raises
    ------
    FetchError
        An address of neither kind, a refusal, no answer within `wait_s`, or a count that does not agree.
        Pages that came stay; calling again goes on from them.

    Examples
    --------
    >>> fetch("https://example.org/data.csv", "pages")
    Traceback (most recent call last):
    ...
    data_connectors.readers.http.transport.FetchError: https://example.org/data.csv is neither a Socrata ...
    """
    if page_size < 1:
        raise FetchError(f"page_size is {page_size}; it must be 1 or more")
    token = token or os.environ.get("RTCC_APP_TOKEN") or None
    kind = next((kind for kind in (socrata, arcgis) if kind.understands(url)), None)
    if kind is None:
        raise FetchError(
            f"{url} is neither a Socrata resource (https://HOST/resource/abcd-1234.json) nor an ArcGIS layer "
            "(https://HOST/.../FeatureServer/0). Download other files with a browser and load them."
        )
    if token and url.startswith("http://") and urlsplit(url).hostname not in ("localhost", "127.0.0.1"):
        raise FetchError(f"{url} would carry the token unencrypted. Use https, or give no token.")
    client = Client(wait_s=wait_s, headers=kind.headers(token), retrying=retrying)
    source = kind.open_source(url, client, page_size)
    manifest = Manifest.resume(Path(folder), source)
    kept = len(manifest.pages)
    moved = _fetch_pages(source, manifest, client, progress)
    manifest.finish()
    return Download(
        source.url, manifest.files, manifest.rows, len(manifest.pages) - kept, kept, client.retries,
        (*moved, *source.notes),
    )


def _fetch_pages(source: Source, manifest: Manifest, client: Client, progress: Progress | None) -> tuple[str, ...]:
    """Pages until their sum is what the server counts; where it counts more by then, those too.

    Returns a note where the data changed under the paging: a record may then be missing or twice.

    Raises
    ------
    FetchError
        The sum and the count do not agree: the pages are given up, and the next call starts afresh.
    """
    state = source.opened
    while not manifest.complete:
        while manifest.rows < state.count:
            page = source.page(client, manifest.rows)
            if page.rows == 0:
                break
            manifest.add(page)
            if progress is not None:
                progress(manifest.rows, state.count, f"page {len(manifest.pages):,}")
        before, state = state, source.state(client)
        if manifest.rows == state.count:
            moved = state.changed != source.opened.changed
            return (_MOVED,) if moved else ()
        if manifest.rows != before.count or state.count < before.count:
            manifest.forget()
            raise FetchError(
                f"the server counts {state.count:,} records of {source.url}, {manifest.rows:,} came: the data changed "
                "while they were read. Call again: it starts afresh."
            )
    return ()
