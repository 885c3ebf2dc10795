"""A real JupyterLab and a real Chromium; skipped, saying so, where there is none."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.notebooks.small_county import make_small_county

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
ALL_DONE = """() => {
  const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputArea-prompt')].map(p => p.textContent);
  const failed = document.querySelector('.jp-RenderedText[data-mime-type="application/vnd.jupyter.error"]');
  return failed || (prompts.length > 1 && prompts.every(text => /\\[\\d+\\]/.test(text)));
}"""
HEIGHT_PX = 2600  # tall enough that JupyterLab renders every cell at once


@pytest.fixture(scope="module")  # playwright's loop runs while it is open: no other test may find it running
def browser() -> Iterator[Browser]:
    """A Chromium of this machine, driven by playwright."""
    found = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no Chromium here: install one of {', '.join(CHROMIUMS)} to run the browser tests")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that runs, and the store its notebooks open."""

    address: str
    token: str
    store: Path

    def url(self, notebook: str) -> str:
        """Where a notebook opens."""
        return f"{self.address}/lab/tree/{notebook}?token={self.token}&reset"


@pytest.fixture(scope="module")
def lab(browser: Browser, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab as `make lab` starts it, on copies of the notebooks and a store of 4,000 incidents."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(root / "notebooks", folder / "notebooks")
    store = make_small_county(folder)
    port, token = _free_port(), secrets.token_hex(16)
    own = {f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    own |= {f"JUPYTERLAB_{kind}_DIR": str(folder / kind.lower()) for kind in ("SETTINGS", "WORKSPACES")}
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", f"--config={folder / 'notebooks' / 'jupyter_lab_config.py'}",
                "--no-browser", "--allow-root", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
                f"--ServerApp.root_dir={folder / 'notebooks'}", f"--IdentityProvider.token={token}",
            ],
            env={**os.environ, **own, "IPYTHONDIR": str(folder / "ipython"), "RTCC_STORE": store.location},
            stdout=log, stderr=subprocess.STDOUT, cwd=folder,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_it_answers(f"{address}/api?token={token}", server, folder / "lab.log")
            yield Lab(address, token, Path(store.location))
        finally:
            server.terminate()
            server.wait(timeout=20)


@dataclass
class Opened:
    """A notebook open in the browser, with what its page complained of and asked of the outside."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def run_all(self) -> None:
        """Run every cell, and wait until each is done or one has failed."""
        self.page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.locator("#jp-mainmenu-run").get_by_text("Run All Cells", exact=True).click()
        self.page.wait_for_function(ALL_DONE, timeout=90_000)

    def errors(self) -> list[str]:
        """What cells failed with."""
        return self.page.locator('[data-mime-type="application/vnd.jupyter.stderr"], .jp-RenderedText .ansi-red-fg')\
            .all_inner_texts()


@pytest.fixture
def open_notebook(browser: Browser, lab: Lab) -> Iterator:
    """`open_notebook(name)` gives a page that reaches nothing but the lab itself."""
    contexts = []

    def opened(name: str) -> Opened:
        context = browser.new_context(viewport={"width": 1500, "height": HEIGHT_PX})
        contexts.append(context)
        made = Opened(context.new_page())

        def only_the_lab(route) -> None:
            if route.request.url.startswith((lab.address, "data:", "blob:")):
                route.continue_()
            else:
                made.outside.append(route.request.url)
                route.abort()

        context.route("**/*", only_the_lab)
        made.page.on("console", lambda said: made.complaints.append(said.text) if said.type == "error" else None)
        made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
        made.page.goto(lab.url(name))
        made.page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
        return made

    yield opened
    for context in contexts:
        context.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_it_answers(url: str, server: subprocess.Popen, log: Path, *, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"JupyterLab does not answer; its log ends:\n{log.read_text()[-2000:]}")
