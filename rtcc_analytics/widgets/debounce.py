"""One redraw for many moves: a slider dragged through ten values asks once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

WAIT_S = 0.05


class Debounced:
    """An action that waits a moment and runs once, however often it was asked in between.

    In a notebook kernel the wait is on the kernel's own loop. Where no loop runs (a plain
    script, a test) the action runs at once.

    Examples
    --------
    >>> asked = []
    >>> redraw = Debounced(lambda: asked.append("drawn"))
    >>> redraw()
    >>> asked
    ['drawn']
    """

    def __init__(self, action: Callable[[], None], *, wait_s: float = WAIT_S) -> None:
        self._action = action
        self._wait_s = wait_s
        self._pending: asyncio.TimerHandle | None = None

    def __call__(self, _change: Any = None) -> None:
        """Ask for the action; the argument that widgets hand over is not needed."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._action()
            return
        if self._pending is not None:
            self._pending.cancel()
        self._pending = loop.call_later(self._wait_s, self._action)
