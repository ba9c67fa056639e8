"""The built site, served and open in Chromium: what the benchmarks of its pages share."""

import functools
import http.server
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loader import processor
from playwright.sync_api import Browser, sync_playwright

SITE = Path(__file__).parent.parent / "_build" / "html"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def open_site() -> Iterator[tuple[Browser, str]]:
    """A browser, and where the site is served; says what it runs on."""
    if not (SITE / "index.html").is_file():
        sys.exit("There is no built book: run `make book` first.")
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        sys.exit("There is no Chromium on this machine: install it first.")
    handler = functools.partial(Quiet, directory=SITE)
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        print(f"Chromium {browser.version}, {processor()}, {os.cpu_count()} cores")
        yield browser, f"http://127.0.0.1:{server.server_port}"
        browser.close()
        server.shutdown()
