"""ArcGIS feature layers: ``resultOffset`` pages in the order of the object identifier.

Evidence: the query parameters, the layer's metadata and the error object (which comes with HTTP 200) as the
vendor documents them. The tests speak this wire format from a local server; no live service was asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from data_connectors.readers.http.transport import TRY_AGAIN, Client, FetchError, Page, Passing, Source, State

_LAYER = re.compile(r"^https?://.+/(FeatureServer|MapServer)/\d+(/query)?/?$", re.IGNORECASE)


def understands(url: str) -> bool:
    """Whether the address is a layer of a feature or map service.

    Examples
    --------
    >>> understands("https://gis.example.gov/arcgis/rest/services/Crime/FeatureServer/0")
    True
    """
    return bool(_LAYER.match(url.partition("?")[0]))


def headers(token: str | None) -> Mapping[str, str]:
    """The token's header, so that it stands in no address and no log.

    Examples
    --------
    >>> headers("t")
    {'X-Esri-Authorization': 'Bearer t'}
    """
    return {"X-Esri-Authorization": f"Bearer {token}"} if token else {}


def open_source(url: str, client: Client, page_size: int) -> Source:
    """The layer with its metadata read: how many records a page may have, what orders them, which fields are dates.

    Coordinates are asked for in WGS84 (``outSR=4326``), whatever the layer stores.

    Raises
    ------
    FetchError
        The service refuses, or the layer cannot be paged.
    """
    parts = urlsplit(url)
    path = re.sub(r"/query/?$", "", parts.path.rstrip("/"), flags=re.IGNORECASE)
    address = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    where = dict(parse_qsl(parts.query, keep_blank_values=True)).get("where") or "1=1"
    layer = _asked(client, address, {"f": "json"})
    identifier = _identifier(layer, address)
    if layer.get("advancedQueryCapabilities", {}).get("supportsPagination") is False:
        raise FetchError(f"{address} does not page. Ask its owner for a file, or export it from a browser.")
    size = min(page_size, int(layer.get("maxRecordCount") or page_size))
    dates = [f["name"] for f in layer.get("fields", ()) if f.get("type") == "esriFieldTypeDate"]

    def state(client: Client) -> State:
        edited = _asked(client, address, {"f": "json"}).get("editingInfo", {}).get("lastEditDate")
        answer = _asked(client, f"{address}/query", {"where": where, "returnCountOnly": "true", "f": "json"})
        if not isinstance(answer.get("count"), int):
            raise FetchError(f"{address}: no count in the answer {str(answer)[:100]}")
        return State(answer["count"], None if edited is None else str(edited))

    def page(client: Client, offset: int) -> Page:
        parameters = {
            "where": where, "outFields": "*", "returnGeometry": "true", "outSR": 4326,
            "orderByFields": identifier, "resultOffset": offset, "resultRecordCount": size, "f": "json",
        }  # fmt: skip
        answer = client.json(f"{address}/query", parameters, check=_check(address))
        features = answer.document.get("features")
        if not isinstance(features, list):
            raise FetchError(f"{address}: no features in the answer {str(answer.document)[:100]}")
        if not features and answer.document.get("exceededTransferLimit"):
            raise FetchError(f"{address}: an empty page at {offset:,}, though the server says that more follow")
        return Page(answer.body, len(features))

    notes = (f'Dates are milliseconds, UTC (stamped = "epoch_ms"): {", ".join(dates)}.',) if dates else ()
    return Source(
        url=url, opened=state(client), page=page, state=state,
        notes=(*notes, "Point coordinates are the columns geometry.x and geometry.y, WGS84."),
    )


def _asked(client: Client, address: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return client.json(address, parameters, check=_check(address)).document


def _check(address: str) -> Callable[[Any], None]:
    """Raises for the error object that these servers send with HTTP 200: again later, or for good."""

    def check(document: Any) -> None:
        if not isinstance(document, dict):
            raise FetchError(f"{address}: not a layer's answer: {str(document)[:100]}. Check the address.")
        error = document.get("error")
        if error is None:
            return
        code = error.get("code") if isinstance(error, dict) else None
        said = [error.get("message"), *(error.get("details") or ())] if isinstance(error, dict) else [error]
        told = f"{address} answers error {code}: {'; '.join(str(part) for part in said if part)}"
        if code in TRY_AGAIN:
            raise Passing(told)
        token = code in (498, 499)
        raise FetchError(f"{told}. {'Give a token: --token or RTCC_APP_TOKEN.' if token else 'Check the filter.'}")

    return check


def _identifier(layer: Mapping[str, Any], address: str) -> str:
    named = layer.get("objectIdField") or next(
        (f["name"] for f in layer.get("fields") or () if f.get("type") == "esriFieldTypeOID"), None
    )
    if named is None:
        raise FetchError(f"{address} has no object identifier: not a layer of records. Give a layer's own address.")
    return named
