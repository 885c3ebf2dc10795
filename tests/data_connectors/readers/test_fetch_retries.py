"""A server that does not answer is told of at each try, not after five minutes of silence."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from data_connectors.readers.http import FetchError, fetch


def test_each_further_try_is_told(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    told: list[str] = []
    with pytest.raises(FetchError, match="tried for 1 s"):
        fetch(f"http://127.0.0.1:{port}/resource/abcd-1234.json", tmp_path, wait_s=1.0, retrying=told.append)
    assert told and all("refused" in line and "trying again in 0.5 s" in line for line in told)
