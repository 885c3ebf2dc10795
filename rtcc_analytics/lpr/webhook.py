"""The webhook: reads posted by a vendor go to the spool, and nothing else happens here."""

from __future__ import annotations

import hmac
import re
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rtcc_analytics.lpr.leads import LprError
from rtcc_analytics.lpr.watching import plate_profile, put

MOST_BODY = 8_000_000
MOST_SPOOL = 2_000_000_000
LEAST_TOKEN = 16
_SUFFIX = {
    "application/json": ".json", "application/x-ndjson": ".ndjson", "text/csv": ".csv",
}  # fmt: skip


class Webhook(ThreadingHTTPServer):
    """Many connections at a time; a burst waits in the system's queue. Made by `webhook`."""

    daemon_threads = True
    request_queue_size = 512
    spool: Path
    token: str
    profiles: tuple[str, ...]
    most_spool: int


class _Handler(BaseHTTPRequestHandler):
    """One request: taken to the spool, or refused with a reason."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    server: Webhook

    def do_POST(self) -> None:
        """Take a body."""
        refusal = self._refusal()
        if refusal:
            return self._answer(*refusal)
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            return self._answer(400, "the body ended early; nothing was kept")
        suffix = _SUFFIX[self.headers.get_content_type()]
        put(self.server.spool, self.path.strip("/"), body, suffix=suffix)
        return self._answer(202, "taken")

    def _refusal(self) -> tuple[int, str] | None:
        """Why the request is not taken, before anything of its body is read."""
        server, length = self.server, self.headers.get("Content-Length", "")
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), server.token.encode()):
            return 401, "wrong or missing token"
        if self.path.strip("/") not in server.profiles:
            return 404, f"post to one of: {', '.join('/' + p for p in server.profiles)}"
        if not re.fullmatch(r"[0-9]{1,18}", length) or int(length) == 0:
            return 411, "send a Content-Length above 0"
        if int(length) > MOST_BODY:
            return 413, f"a body of {int(length):,} bytes is over {MOST_BODY:,}: send smaller batches"
        if self.headers.get_content_type() not in _SUFFIX:
            return 415, f"send one of: {', '.join(_SUFFIX)}"
        if _spooled(server.spool) + int(length) > server.most_spool:
            return 503, "the spool is full; send it again later"
        return None

    def _answer(self, status: int, words: str) -> None:
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "10")
        if status != 202:  # its body may be unread on the wire
            self.send_header("Connection", "close")
            self.close_connection = True
        body = (words + "\n").encode()
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a request line may hold a plate."""


def webhook(
    spool: Path,
    *,
    token: str,
    profiles: tuple[str, ...],
    host: str = "127.0.0.1",
    port: int = 8787,
    most_spool: int = MOST_SPOOL,
) -> Webhook:
    """A server for ``POST /PROFILE`` with ``Authorization: Bearer TOKEN``; call its ``serve_forever``.

    It answers 202 once the body is on disk; 401 a wrong token; 404 another profile; 411 no length; 413 a body over 8 MB
    (nothing of it is read); 415 a type that no reader takes; 503 with ``Retry-After`` while the spool is full. It keeps
    no log of bodies. Put a TLS proxy before it on any network but this machine's own.

    Raises
    ------
    LprError
        A token under 16 characters, or a profile that is no name or fills no plate reads.
    ProfileError
        There is no such profile.
    """
    if len(token) < LEAST_TOKEN:
        raise LprError(
            f"the webhook's token has {len(token)} characters; give at least {LEAST_TOKEN}, from a random source"
        )
    odd = [p for p in profiles if not re.fullmatch(r"\w+", p)]
    if odd:
        raise LprError(f"{odd[0]!r} is no profile's name: rtcc profile list names them")
    for name in profiles:
        plate_profile(name)
    server = Webhook((host, port), _Handler)
    server.spool, server.token, server.profiles, server.most_spool = spool, token, profiles, most_spool
    return server


def _spooled(spool: Path) -> int:
    size = 0
    for path in spool.glob("*/*"):
        with suppress(FileNotFoundError):  # named anew or taken away since it was listed
            size += path.stat().st_size if path.is_file() else 0
    return size
