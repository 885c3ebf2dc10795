"""A local server that speaks the wire formats of Socrata and of ArcGIS feature layers, with faults on order."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Fault = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Portal:
    """What the server has, what it was asked, and which requests it spoils."""

    records: list[dict]
    max_record_count: int = 1000
    edited: str | None = "2026-01-05T10:00:00Z"
    token: str | None = None
    pages: bool = True
    faults: dict[int, Fault] = field(default_factory=dict)
    page_faults: dict[int, list[Fault]] = field(default_factory=dict)
    before_page: Callable[[int], None] = lambda offset: None
    asked: list[str] = field(default_factory=list)
    headers: list[dict] = field(default_factory=list)
    port: int = 0

    @property
    def socrata(self) -> str:
        return f"http://127.0.0.1:{self.port}/resource/abcd-1234.json"

    @property
    def arcgis(self) -> str:
        return f"http://127.0.0.1:{self.port}/arcgis/rest/services/Crime/FeatureServer/0"


def serve(portal: Portal) -> ThreadingHTTPServer:
    """Start the server on a free port; the caller shuts it down."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = len(portal.asked)
            portal.asked.append(self.path)
            portal.headers.append(dict(self.headers.items()))
            parts = urlsplit(self.path)
            query = {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
            offset = query.get("$offset", query.get("resultOffset"))
            fault = portal.faults.pop(number, None)
            if fault is None and offset is not None and portal.page_faults.get(int(offset)):
                fault = portal.page_faults[int(offset)].pop(0)
            if fault is not None:
                fault(self)
                return
            if offset is not None:
                portal.before_page(int(offset))
            answer = _socrata if parts.path.startswith("/resource/") else _arcgis
            answer(self, portal, parts.path, query)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    portal.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def send(handler: BaseHTTPRequestHandler, document: object, status: int = 200, **headers: str) -> None:
    body = json.dumps(document).encode()
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def busy(handler: BaseHTTPRequestHandler) -> None:
    send(handler, {"message": "busy"}, 503, Retry_After="0")


def too_many(handler: BaseHTTPRequestHandler) -> None:
    send(handler, {"message": "slow down"}, 429, Retry_After="0")


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Break the connection in the middle of an answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'[{"id": ')
    handler.wfile.flush()
    handler.connection.close()


def truncated(handler: BaseHTTPRequestHandler) -> None:
    """A whole HTTP answer whose JSON stops short."""
    body = b'[{"id": "1"}, {"id"'
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _socrata(handler: BaseHTTPRequestHandler, portal: Portal, path: str, query: dict[str, str]) -> None:
    marks = {"X_SODA2_Truth_Last_Modified": portal.edited} if portal.edited else {}
    if path != "/resource/abcd-1234.json":
        send(handler, {"code": "dataset.missing", "error": True, "message": "Not found"}, 404)
        return
    rows = [r for r in portal.records if query.get("$where", "") in ("", f"kind='{r['kind']}'")]
    if query.get("$select") == "count(*)":
        send(handler, [{"count": str(len(rows))}], **marks)
        return
    if query.get("$order") != ":id":
        # Without an order the service promises none: hand the rows out another way round each time.
        rows = rows[::-1] if len(portal.asked) % 2 else rows
    offset, limit = int(query.get("$offset", 0)), min(int(query.get("$limit", 1000)), portal.max_record_count)
    send(handler, [{k: v for k, v in r.items() if v is not None} for r in rows[offset : offset + limit]], **marks)


def _arcgis(handler: BaseHTTPRequestHandler, portal: Portal, path: str, query: dict[str, str]) -> None:
    if portal.token and handler.headers.get("X-Esri-Authorization") != f"Bearer {portal.token}":
        send(handler, {"error": {"code": 499, "message": "Token Required", "details": []}})
        return
    if not path.endswith("/query"):
        send(handler, {
            "id": 0, "type": "Feature Layer", "maxRecordCount": portal.max_record_count, "objectIdField": "OBJECTID",
            "advancedQueryCapabilities": {"supportsPagination": portal.pages},
            "fields": [{"name": "OBJECTID", "type": "esriFieldTypeOID"},
                       {"name": "REPORTED", "type": "esriFieldTypeDate"},
                       {"name": "kind", "type": "esriFieldTypeString"}],
            **({"editingInfo": {"lastEditDate": 1767600000000}} if portal.edited else {}),
        })  # fmt: skip
        return
    where = query.get("where", "1=1")
    if "nonsense" in where:
        error = {"code": 400, "message": "Unable to complete operation.", "details": ["Invalid query"]}
        send(handler, {"error": error})
        return
    rows = [r for r in portal.records if where == "1=1" or where == f"kind='{r['kind']}'"]
    if query.get("returnCountOnly") == "true":
        send(handler, {"count": len(rows)})
        return
    offset = int(query["resultOffset"])
    size = min(int(query["resultRecordCount"]), portal.max_record_count)
    part = rows[offset : offset + size]
    degrees = query.get("outSR") == "4326"
    features = [{
        "attributes": {"OBJECTID": r["id"], "REPORTED": r["at_ms"], "kind": r["kind"]},
        "geometry": {"x": r["lon"], "y": r["lat"]} if degrees else {"x": -8_230_000.0, "y": 5_120_000.0},
    } for r in part]  # fmt: skip
    answer = {"objectIdFieldName": "OBJECTID", "features": features}
    if offset + size < len(rows):
        answer["exceededTransferLimit"] = True
    send(handler, answer)
