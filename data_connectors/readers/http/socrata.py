"""Socrata open data (SODA 2): ``$limit`` and ``$offset`` in the stable order of the row identifier.

Evidence: the query parameters, the token's header and the shape of answers and errors as the vendor documents
them. The tests speak this wire format from a local server; no live portal was asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from data_connectors.readers.http.transport import Client, FetchError, Page, Source, State

_RESOURCE = re.compile(r"^https?://[^/]+/resource/\w{4}-\w{4}(\.json)?$")
_OURS = ("$limit", "$offset", "$order", "$group", "$query")


def understands(url: str) -> bool:
    """Whether the address is a Socrata resource.

    Examples
    --------
    >>> understands("https://data.example.gov/resource/abcd-1234.json?$where=year=2026")
    True
    """
    return bool(_RESOURCE.match(url.partition("?")[0]))


def headers(token: str | None) -> Mapping[str, str]:
    """The application token's header; without a token the server may slow requests down.

    Examples
    --------
    >>> headers("t")
    {'X-App-Token': 't'}
    """
    return {"X-App-Token": token} if token else {}


def open_source(url: str, client: Client, page_size: int) -> Source:
    """The resource, counted.

    Raises
    ------
    FetchError
        The address pages or groups by itself, or the server's answer is no list of records.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    refused = [name for name in _OURS if name in query]
    if refused:
        raise FetchError(
            f"{', '.join(refused)} in the address: records are paged here, in the order of their identifier. "
            f"Leave it out of {url}; $where and $select are understood."
        )
    path = parts.path if parts.path.endswith(".json") else f"{parts.path}.json"
    address = urlunsplit((parts.scheme, parts.netloc, path, "", ""))

    def state(client: Client) -> State:
        filters = {name: value for name, value in query.items() if name != "$select"}
        return _state(client, address, filters)

    def page(client: Client, offset: int) -> Page:
        answer = client.json(address, {**query, "$limit": page_size, "$offset": offset, "$order": ":id"})
        return Page(answer.body, len(_records(answer.document, address)))

    return Source(
        url=url, opened=state(client), page=page, state=state,
        notes=("A field that is empty on a whole page is absent from it: name it as optional in the profile.",),
    )


def _state(client: Client, address: str, filters: Mapping[str, str]) -> State:
    answer = client.json(address, {**filters, "$select": "count(*)"})
    changed = answer.headers.get("X-SODA2-Truth-Last-Modified") or answer.headers.get("Last-Modified")
    try:
        return State(int(next(iter(_records(answer.document, address)[0].values()))), changed)
    except (IndexError, StopIteration, ValueError, AttributeError) as error:
        raise FetchError(f"{address}: no count in the answer {str(answer.document)[:100]}") from error


def _records(document: object, address: str) -> list:
    if isinstance(document, list):
        return document
    said = document.get("message", document) if isinstance(document, dict) else document
    raise FetchError(f"{address}: not a list of records: {str(said)[:200]}. Check the address and its filter.")
