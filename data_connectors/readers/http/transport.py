"""Requests that may fail and are made again, and what every kind of feed gives."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from data_connectors.errors import RtccError

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
_TIMEOUT_S = 60.0
TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class FetchError(RtccError):
    """A download that cannot go on: what the server said, and what to do."""


@dataclass(frozen=True)
class Answer:
    """A server's answer: the bytes as they came, decoded, and its headers.

    Examples
    --------
    >>> Answer(b"[1]", [1], {}).document
    [1]
    """

    body: bytes
    document: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """One page of records: its bytes as they came, and how many records it has.

    Examples
    --------
    >>> Page(b"[]", 0).rows
    0
    """

    body: bytes
    rows: int


@dataclass(frozen=True)
class State:
    """What a server says of its data at one moment.

    Attributes
    ----------
    count : int
        Records.
    changed : str or None
        Its mark for the state of the data; None where it gives none.

    Examples
    --------
    >>> State(5, None) == State(5, None)
    True
    """

    count: int
    changed: str | None


@dataclass(frozen=True)
class Source:
    """One feed, opened: what its pages need.

    Attributes
    ----------
    url : str
        The feed, without token.
    opened : State
        What the server said when it was opened.
    page : callable
        ``page(client, offset) -> Page``.
    state : callable
        ``state(client) -> State``: what the server says now.
    notes : tuple of str
        What a profile should know.
    """

    url: str
    opened: State
    page: Callable[[Client, int], Page]
    state: Callable[[Client], State]
    notes: tuple[str, ...] = ()


class _SameServer(urllib.request.HTTPRedirectHandler):
    """Follows a redirect, but takes the token along only to the server it is meant for."""

    def redirect_request(  # type: ignore[no-untyped-def]
        self, req: urllib.request.Request, fp, code: int, msg: str, headers, newurl: str
    ) -> urllib.request.Request | None:
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            for name in ("X-app-token", "X-esri-authorization"):
                following.remove_header(name)
        return following


@dataclass
class Client:
    """Asks a server for JSON, again where it must be.

    Attributes
    ----------
    wait_s : float
        How long one request may be tried again, in seconds, pauses included.
    headers : mapping
        Sent with every request.
    retries : int
        Requests made again so far.
    retrying : callable
        Told before each further try what went wrong, the pause, and how long it will go on.
    """

    wait_s: float
    headers: Mapping[str, str] = field(default_factory=dict)
    retries: int = 0
    retrying: Callable[[str], None] = lambda _: None

    def json(self, url: str, parameters: Mapping[str, Any], *, check: Callable[[Any], None] = lambda _: None) -> Answer:
        """The answer to a GET request.

        Parameters
        ----------
        url : str
            The address without its query.
        parameters : mapping
            The query.
        check : callable
            Given the decoded answer, raises `Passing` where the request should be made again.

        Raises
        ------
        FetchError
            A refusal that another try would not mend, or no whole answer within `wait_s`.
        """
        full = f"{url}?{urlencode(parameters)}" if parameters else url
        end = time.monotonic() + self.wait_s
        pause = FIRST_PAUSE_S
        while True:
            try:
                answer = self._once(full)
                check(answer.document)
                return answer
            except Passing as trouble:
                wait = trouble.after_s if trouble.after_s is not None else pause
                if time.monotonic() + wait > end:
                    raise FetchError(
                        f"{url}: {trouble}; tried for {self.wait_s:,.0f} s"
                        + (f", and the server asks to wait {wait:,.0f} s" if trouble.after_s else "")
                        + ". What came is kept: run the same command later and it goes on."
                    ) from trouble
                left = end - time.monotonic()
                self.retrying(f"{url}: {trouble}; trying again in {wait:,.1f} s, for {left:,.0f} s at most")
            time.sleep(wait)
            self.retries += 1
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def _once(self, url: str) -> Answer:
        request = urllib.request.Request(
            url, headers={"Accept": "application/json", "User-Agent": "rtcc-workbench", **self.headers}
        )
        opener = urllib.request.build_opener(_SameServer)
        try:
            with opener.open(request, timeout=_TIMEOUT_S) as response:
                body = response.read()
                headers = dict(response.headers.items())
        except urllib.error.HTTPError as error:
            raise _refusal(error) from error
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            _final(error, url)
            raise Passing(f"no answer ({getattr(error, 'reason', None) or error})") from error
        try:
            return Answer(body, json.loads(body), headers)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise Passing(f"the answer is not whole JSON ({error}, {len(body):,} bytes)") from error


class Passing(Exception):
    """Trouble that may pass; `after_s` is the pause that the server named."""

    def __init__(self, problem: str, after_s: float | None = None) -> None:
        super().__init__(problem)
        self.after_s = after_s


def _final(error: Exception, url: str) -> None:
    """Raise for trouble that no waiting mends: an unknown host, a certificate that does not hold."""
    reason = getattr(error, "reason", error)
    host = urlsplit(url).netloc
    if isinstance(reason, socket.gaierror):
        raise FetchError(f"no host {host} ({reason}). Check the address and the network.") from error
    if isinstance(reason, ssl.SSLCertVerificationError):
        raise FetchError(
            f"the certificate of {host} does not hold ({reason.verify_message}). Ask the network's administrator."
        ) from error


def _refusal(error: urllib.error.HTTPError) -> Exception:
    try:
        said = error.read(2000).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException):
        said = ""
    if error.code in TRY_AGAIN:
        return Passing(f"HTTP {error.code} {error.reason}", retry_after_s(error.headers.get("Retry-After")))
    host = urlsplit(error.url or "").netloc
    remedy = {
        401: "The server wants a token: give --token, or set RTCC_APP_TOKEN.",
        403: "The server refuses the token, or the feed is not public.",
        404: "Check the address: the feed may have moved.",
    }.get(error.code, "Check the address and its filter.")
    return FetchError(f"{host} answers HTTP {error.code} {error.reason}: {_brief(said)} {remedy}")


def _brief(said: str) -> str:
    """The message inside a JSON refusal, else the first words of it."""
    try:
        document = json.loads(said)
        said = document.get("message") or document.get("error") or said
    except (json.JSONDecodeError, AttributeError):
        pass
    return f"{str(said)[:200]}."


def retry_after_s(header: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, given as seconds or as a date; None where it asks nothing.

    Examples
    --------
    >>> retry_after_s("7"), retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT"), retry_after_s("soon"), retry_after_s(None)
    (7.0, 0.0, None, None)
    """
    if header is None:
        return None
    try:
        return max(float(header), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(header).timestamp() - time.time(), 0.0)
    except ValueError:
        return None
